//! COPY and ADD: the files that arrive, their owners, modes, links and times.

use crate::harness::{Project, engine, nonce};

#[test]
fn a_file_arrives_as_it_is() {
    Project::new("FROM scratch\nCOPY a /\nCOPY a /dir/\nCOPY a /renamed\n")
        .file("a", "text")
        .mode("a", 0o751)
        .build()
        .text("/a", "text")
        .mode("/a", 0o751)
        .owner("/a", (0, 0))
        .text("/dir/a", "text")
        .mode("/dir", 0o755)
        .text("/renamed", "text");
}

#[test]
fn the_contents_of_a_folder_arrive_not_the_folder() {
    Project::new("FROM scratch\nCOPY dir /to\nCOPY dir/sub /to/\n")
        .file("dir/one", "1")
        .file("dir/sub/two", "2")
        .build()
        .text("/to/one", "1")
        .text("/to/sub/two", "2")
        .text("/to/two", "2")
        .lacks("/to/dir");
}

#[test]
fn wildcards_name_many_files() {
    Project::new("FROM scratch\nCOPY *.txt /all/\nCOPY [ab]?.md /some/\n")
        .file("one.txt", "1")
        .file("two.txt", "2")
        .file("a1.md", "a")
        .file("c1.md", "c")
        .build()
        .text("/all/one.txt", "1")
        .text("/all/two.txt", "2")
        .lacks("/all/a1.md")
        .text("/some/a1.md", "a")
        .lacks("/some/c1.md");
}

#[test]
fn owners_by_number_and_by_name() {
    Project::new(
        "FROM busybox\nRUN echo 'me:x:1234:5678::/:/bin/sh' >>/etc/passwd; echo 'us:x:4321:' >>/etc/group\n\
         COPY --chown=10:20 a /numbers\nCOPY --chown=30 a /user\nCOPY --chown=me a /name\nCOPY --chown=me:us a /names\n\
         COPY --chown=me:us dir /dir\nADD --chown=7:8 a /added\n",
    )
    .file("a", "x")
    .file("dir/b", "x")
    .build()
    .owner("/numbers", (10, 20))
    .owner("/user", (30, 30))
    .owner("/name", (1234, 5678))
    .owner("/names", (1234, 4321))
    .owner("/dir", (1234, 4321))
    .owner("/dir/b", (1234, 4321))
    .owner("/added", (7, 8));
}

#[test]
fn modes_in_octal() {
    Project::new("FROM scratch\nARG MODE=0600\nCOPY --chmod=755 a /run\nCOPY --chmod=$MODE a /private\nADD --chmod=711 a /added\n")
        .file("a", "x")
        .build()
        .mode("/run", 0o755)
        .mode("/private", 0o600)
        .mode("/added", 0o711);
}

#[test]
fn the_bits_above_the_permissions() {
    if engine().version < 23 {
        return; // its copy drops them
    }
    Project::new("FROM scratch\nCOPY --chmod=4711 a /setuid\nCOPY --chmod=1777 a /sticky\n")
        .file("a", "x")
        .build()
        .mode("/setuid", 0o4711)
        .mode("/sticky", 0o1777);
}

#[test]
fn modes_in_symbols() {
    if engine().version < 28 {
        return; // the engine's file op learnt it in BuildKit 0.20
    }
    Project::new("FROM scratch\nCOPY --chmod=u=rwx,g=rX,o= a /a\nCOPY --chmod=a+x a /b\n")
        .file("a", "x")
        .mode("a", 0o644)
        .build()
        .mode("/a", 0o740)
        .mode("/b", 0o755);
}

#[test]
fn links_of_the_context_stay_links() {
    Project::new("FROM scratch\nCOPY dir /dir\n")
        .file("dir/a", "x")
        .symlink("dir/link", "a")
        .symlink("dir/dangling", "../nowhere")
        .build()
        .link("/dir/link", "a")
        .link("/dir/dangling", "../nowhere");
}

#[test]
fn a_link_on_the_way_is_followed() {
    Project::new("FROM busybox\nRUN mkdir /real && ln -s /real /link\nCOPY a /link/a\n")
        .file("a", "x")
        .build()
        .link("/link", "/real")
        .text("/real/a", "x");
}

#[test]
fn linked_copies_are_layers_of_their_own() {
    let built = Project::new(
        "FROM busybox\nRUN echo 1 >/one\nCOPY --link a /a\nCOPY --link --chown=3:4 --chmod=640 a /dir/b\n",
    )
    .file("a", "x")
    .build();
    built.text("/a", "x").owner("/dir/b", (3, 4)).mode("/dir/b", 0o640).text("/one", "1\n");
    assert_eq!(built.image().layers.len(), 4);
}

#[test]
fn folders_above_a_file_come_along_when_asked() {
    if engine().version < 23 {
        return; // its copy takes no patterns, and says nothing of it, whichever frontend asks
    }
    Project::new("FROM scratch\nCOPY --parents a/b/c.txt x/./y/z.txt /to/\nCOPY --parents **/*.md /md/\n")
        .file("a/b/c.txt", "c")
        .file("x/y/z.txt", "z")
        .file("deep/er/r.md", "r")
        .build()
        .text("/to/a/b/c.txt", "c")
        .text("/to/y/z.txt", "z")
        .lacks("/to/x")
        .text("/md/deep/er/r.md", "r");
}

#[test]
fn excluded_files_stay_behind() {
    if engine().version < 23 {
        return; // as above
    }
    Project::new("FROM scratch\nCOPY --exclude=*.log --exclude=tmp dir /dir\n")
        .file("dir/keep", "x")
        .file("dir/drop.log", "x")
        .file("dir/tmp/drop", "x")
        .build()
        .text("/dir/keep", "x")
        .lacks("/dir/drop.log")
        .lacks("/dir/tmp");
}

#[test]
fn the_ignore_file_hides_and_shows() {
    Project::new("FROM scratch\nCOPY . /\n")
        .file(".dockerignore", "# a comment\n*.log\nsecret\n!keep.log\n**/deep\n")
        .file("a", "x")
        .file("a.log", "x")
        .file("keep.log", "x")
        .file("secret/key", "x")
        .file("one/two/deep/file", "x")
        .file("one/two/file", "x")
        .build()
        .text("/a", "x")
        .lacks("/a.log")
        .text("/keep.log", "x")
        .lacks("/secret")
        .lacks("/one/two/deep")
        .text("/one/two/file", "x");
}

#[test]
fn heredocs_become_files() {
    Project::new(
        "FROM scratch\nARG WHO=world\nCOPY <<one <<\"two\" /dir/\nhello $WHO\none\nraw $WHO\ntwo\n\
         COPY --chmod=755 <<-EOT /script\n\t#!/bin/sh\n\techo $WHO\nEOT\n",
    )
    .build()
    .text("/dir/one", "hello world\n")
    .text("/dir/two", "raw $WHO\n")
    .text("/script", "#!/bin/sh\necho world\n")
    .mode("/script", 0o755);
}

#[test]
fn add_unpacks_a_local_archive_and_copy_does_not() {
    let project = Project::new("FROM scratch\nADD a.tar /unpacked/\nCOPY a.tar /copied/\n");
    let folder = project.context();
    project.write("inside", "text");
    let tar = std::process::Command::new("tar")
        .arg("-C")
        .arg(&folder)
        .arg("-cf")
        .arg(folder.join("a.tar"))
        .arg("inside")
        .status();
    assert!(tar.expect("tar runs").success());
    project.build().text("/unpacked/inside", "text").lacks("/copied/inside").mode("/copied/a.tar", 0o644);
}

#[test]
fn relative_destinations_start_at_the_workdir() {
    Project::new("FROM scratch\nWORKDIR /app\nWORKDIR sub\nCOPY a ./\nCOPY a ../b\n")
        .file("a", "x")
        .build()
        .text("/app/sub/a", "x")
        .text("/app/b", "x")
        .folder("/app/sub");
}

#[test]
fn copy_between_stages_keeps_owner_mode_and_links() {
    Project::new(
        "FROM busybox AS one\nRUN mkdir /d && echo x >/d/f && chown 5:6 /d/f && chmod 4750 /d/f && ln -s f /d/l\n\
         FROM scratch\nCOPY --from=one /d /d\n",
    )
    .build()
    .owner("/d/f", (5, 6))
    .mode("/d/f", 0o4750)
    .link("/d/l", "f");
}

#[test]
fn names_with_spaces_are_written_as_json() {
    Project::new("FROM scratch\nCOPY [\"a b\", \"/c d/\"]\n").file("a b", "x").build().text("/c d/a b", "x");
}

/// A context may come from strangers, as that of a pull request does.
#[test]
fn links_that_lead_out_of_the_context_bring_nothing_in() {
    let secret = format!("secret-{}", nonce());
    let project = |line: &str| {
        let project = Project::new(&format!("FROM busybox\n{line}\n"));
        let outside = project.outside("beside/secret", &secret);
        let folder = outside.parent().expect("it has one").to_str().expect("it is UTF-8").to_owned();
        let project = project.symlink("up", "../beside/secret").symlink("folder", "../beside");
        project.symlink("whole", &format!("{folder}/secret"))
    };
    for line in ["COPY up /x", "COPY whole /x", "COPY folder/secret /x", "ADD folder/ /x/"] {
        project(line).fail().says("not found");
    }
    // A folder is copied with its links, which lead nowhere in the image.
    let built = project("COPY . /x/").build();
    built.link("x/up", "../beside/secret").never_says(&secret);
    // An ignore file that is such a link is none.
    let built = project("COPY . /x/").symlink(".dockerignore", "../beside/secret").build();
    built.link("x/folder", "../beside").never_says(&secret);
}

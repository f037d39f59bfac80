# Shared by the scripts in this folder: messages, what the machine must have, the Debian mirror.
# Meant to be sourced by bash.

set -euo pipefail

root_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state_dir=$root_dir/.engine

say() { printf '%s\n' "$*" >&2; }
warn() { printf 'note: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# need_root WHY
need_root() {
    [ "$(id -u)" = 0 ] || die "$1 needs root"
}

# Prints the time that files and images of this source bear, in seconds since 1970: that of the last commit, so that they are
# the same whenever they are made. SOURCE_DATE_EPOCH says another one.
source_date() { echo "${SOURCE_DATE_EPOCH:-$(git -C "$root_dir" log -1 --format=%ct 2>/dev/null || echo 0)}"; }

# forget_folders: makes the engine fetch the folders of clients whole again. Into one that it knows from an earlier build it
# puts what has changed, and leaves the folder with the time of that; so an image would differ by what was built before.
# Engines without buildx are left as they are.
forget_folders() { "$DOCKER" buildx prune --force --filter type=source.local >/dev/null 2>&1 || true; }

# need PROGRAM PACKAGE: installs a Debian package when the program is missing.
need() {
    ! command -v "$1" >/dev/null || return 0
    command -v apt-get >/dev/null || die "$1 is missing, and there is no apt-get to install $2 with"
    need_root "installing $2"
    say "$1 is missing: installing the Debian package $2"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 || {
        apt-get update -qq >/dev/null 2>&1 || warn "apt-get update failed"
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null ||
            die "apt-get could not install $2"
    }
}

# Prints the Debian mirror this machine uses, or DEBIAN_MIRROR if that is set.
debian_mirror() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        echo "$DEBIAN_MIRROR"
        return
    fi
    find_mirror() {
        apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
            sed -n 's|^Debian/Debian \(.*[^/]\)/*$|\1|p' | sort -u | head -n 1
    }
    local mirror
    mirror=$(find_mirror)
    if [ -z "$mirror" ]; then
        # A fresh machine has no package lists yet; they say which entry is Debian's own.
        apt-get update -qq >/dev/null 2>&1 || true
        mirror=$(find_mirror)
    fi
    [ -n "$mirror" ] || die "apt knows no Debian mirror; name one with DEBIAN_MIRROR=URL"
    echo "$mirror"
}

# debootstrap_into DIR SUITE PACKAGE,PACKAGE…: a small Debian in DIR. Downloads are kept for the next time.
debootstrap_into() {
    local dir=$1 suite=$2 packages=$3 log=$1.log cache=$state_dir/cache/$2 mirror script=''
    need debootstrap debootstrap
    mirror=$(debian_mirror) || exit 1
    # A debootstrap older than the suite does not know it by name; sid's script serves all later ones.
    [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=/usr/share/debootstrap/scripts/sid
    mkdir -p "$cache"
    rm -rf --one-file-system "$dir"
    # In a mount namespace of its own, so that an interrupted run leaves no mount behind.
    unshare --mount debootstrap --variant=minbase --cache-dir="$cache" ${packages:+--include="$packages"} \
        "$suite" "$dir" "$mirror" ${script:+"$script"} >"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        return 1
    }
    rm -f "$log"
}

# listening PORT: whether something on the loopback interface answers.
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: prints a loopback port that nobody listens on.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        if ! listening "$port"; then
            echo "$port"
            return
        fi
    done
    die "no free port found"
}

# wait_until SECONDS COMMAND…: tries ten times a second.
wait_until() {
    local tries=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        ((tries-- > 0)) || return 1
        sleep 0.1
    done
}

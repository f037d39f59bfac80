//! Holds our reading of the wire against an independent one, field by field.
//!
//! Each message of ours is filled so that every leaf has a value of its own, written, and read by the other side's
//! type; that must give the value that the other side's type gets when filled likewise, and the same the other way
//! round. The struct literals name every field, so a field that is new on either side does not compile.

use bollard_buildkit_proto::{fsutil, google, moby::buildkit::v1 as theirs, pb};
use multistage::internal::pb::{caps, fsutil as our_fsutil, gateway, ops, policy, rpc, worker};
use prost::Message;
use prost::bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::hash::Hash;

/// Gives out values. Fields with two values only get a bit of their number, another one in each round.
struct Filler {
    round: u32,
    next: u32,
    depth: u32,
}

/// A `oneof` has at most so many variants that both sides know.
const VARIANTS: u32 = 7;
/// A message has at most 2 to the power of this many leaves, nested ones included.
const BITS: u32 = 13;
/// Definitions hold definitions; it must end somewhere.
const DEPTH: u32 = 7;

impl Filler {
    fn number(&mut self) -> u32 {
        self.next += 1;
        assert!(self.next < 1 << BITS, "too many leaves");
        self.next
    }
}

trait Fill {
    fn fill(filler: &mut Filler) -> Self;
}

macro_rules! numbers {
    ($($kind:ty)*) => {$(
        impl Fill for $kind {
            fn fill(filler: &mut Filler) -> Self {
                filler.number() as $kind
            }
        }
    )*};
}

numbers!(u8 i32 u32 i64 u64);

impl Fill for bool {
    fn fill(filler: &mut Filler) -> bool {
        filler.number() >> (filler.round / VARIANTS) & 1 == 1
    }
}

impl Fill for String {
    fn fill(filler: &mut Filler) -> String {
        filler.number().to_string()
    }
}

impl<T: Fill> Fill for Option<T> {
    fn fill(filler: &mut Filler) -> Option<T> {
        (filler.depth < DEPTH).then(|| T::fill(filler))
    }
}

impl<T: Fill> Fill for Vec<T> {
    fn fill(filler: &mut Filler) -> Vec<T> {
        if filler.depth < DEPTH { vec![T::fill(filler), T::fill(filler)] } else { Vec::new() }
    }
}

impl<K: Fill + Ord, V: Fill> Fill for BTreeMap<K, V> {
    fn fill(filler: &mut Filler) -> BTreeMap<K, V> {
        Vec::fill(filler).into_iter().collect()
    }
}

impl<K: Fill + Eq + Hash, V: Fill> Fill for HashMap<K, V> {
    fn fill(filler: &mut Filler) -> HashMap<K, V> {
        Vec::fill(filler).into_iter().collect()
    }
}

impl<K: Fill, V: Fill> Fill for (K, V) {
    fn fill(filler: &mut Filler) -> (K, V) {
        (K::fill(filler), V::fill(filler))
    }
}

/// Of the other side's types, none has these.
impl Fill for Bytes {
    fn fill(filler: &mut Filler) -> Bytes {
        Vec::fill(filler).into()
    }
}

/// Entries of a map, key and value written out even if empty.
impl Fill for ops::StringEntry {
    fn fill(filler: &mut Filler) -> ops::StringEntry {
        ops::StringEntry { key: Some(String::fill(filler)), value: Some(String::fill(filler)) }
    }
}

impl Fill for ops::BuildInputEntry {
    fn fill(filler: &mut Filler) -> ops::BuildInputEntry {
        ops::BuildInputEntry { key: Some(String::fill(filler)), value: Some(Fill::fill(filler)) }
    }
}

/// Entries whose value is still written out.
impl Fill for ops::OpMetadataEntry {
    fn fill(filler: &mut Filler) -> ops::OpMetadataEntry {
        let (digest, metadata) = (String::fill(filler), ops::OpMetadata::fill(filler).encode_to_vec());
        ops::OpMetadataEntry { digest, metadata: metadata.into() }
    }
}

impl Fill for ops::LocationsEntry {
    fn fill(filler: &mut Filler) -> ops::LocationsEntry {
        let (digest, locations) = (String::fill(filler), ops::Locations::fill(filler).encode_to_vec());
        ops::LocationsEntry { digest, locations: locations.into() }
    }
}

/// Names a message on both sides, all fields that both know, and then those that we alone know.
macro_rules! messages {
    ($($ours:path = $theirs:path { $($field:ident)* } $(+ { $($own:ident)* })?)*) => {
        $(
            impl Fill for $ours {
                fn fill(filler: &mut Filler) -> Self {
                    use $ours as M;
                    filler.depth += 1;
                    let message = M {
                        $($field: Fill::fill(filler),)*
                        $($($own: Default::default(),)*)?
                    };
                    filler.depth -= 1;
                    message
                }
            }

            impl Fill for $theirs {
                fn fill(filler: &mut Filler) -> Self {
                    use $theirs as M;
                    filler.depth += 1;
                    let message = M { $($field: Fill::fill(filler),)* };
                    filler.depth -= 1;
                    message
                }
            }
        )*

        #[test]
        fn messages_have_the_same_fields() {
            $(check::<$ours, $theirs>();)*
        }
    };
}

/// Names a `oneof` on both sides and the variants that both know.
macro_rules! oneofs {
    ($($ours:path = $theirs:path { $($variant:ident)* })*) => {$(
        impl Fill for $ours {
            fn fill(filler: &mut Filler) -> Self {
                use $ours as O;
                let variants: &[fn(&mut Filler) -> O] = &[$(|filler| O::$variant(Fill::fill(filler)),)*];
                variants[filler.round as usize % variants.len()](filler)
            }
        }

        impl Fill for $theirs {
            fn fill(filler: &mut Filler) -> Self {
                use $theirs as O;
                let variants: &[fn(&mut Filler) -> O] = &[$(|filler| O::$variant(Fill::fill(filler)),)*];
                assert!(variants.len() as u32 <= VARIANTS);
                variants[filler.round as usize % variants.len()](filler)
            }
        }
    )*};
}

macro_rules! enums {
    ($($ours:path = $theirs:path)*) => {
        #[test]
        fn enums_have_the_same_numbers() {
            $(
                for number in -1..16 {
                    use $ours as Ours;
                    use $theirs as Theirs;
                    let ours = Ours::try_from(number).ok().map(|value| value.as_str_name());
                    let theirs = Theirs::try_from(number).ok().map(|value| value.as_str_name());
                    assert_eq!(ours, theirs, "{} {number}", stringify!($ours));
                }
            )*
        }
    };
}

oneofs! {
    ops::op::Op = pb::op::Op { Exec Source File Build Merge Diff }
    ops::file_action::Action = pb::file_action::Action { Copy Mkfile Mkdir Rm Symlink }
    ops::user_opt::User = pb::user_opt::User { ByName ById }
    gateway::result::Result = theirs::frontend::result::Result { RefDeprecated RefsDeprecated Ref Refs }
    gateway::exec_message::Input = theirs::frontend::exec_message::Input {
        Init File Resize Started Exit Done Signal
    }
}

enums! {
    ops::NetMode = pb::NetMode
    ops::SecurityMode = pb::SecurityMode
    ops::MountType = pb::MountType
    ops::MountContentCache = pb::MountContentCache
    ops::CacheSharingOpt = pb::CacheSharingOpt
    gateway::AttestationKind = theirs::frontend::AttestationKind
    gateway::InTotoSubjectKind = theirs::frontend::InTotoSubjectKind
    gateway::checksum_request::ChecksumAlgo = theirs::frontend::checksum_request::ChecksumAlgo
    policy::PolicyAction = theirs::sourcepolicy::PolicyAction
    policy::MatchType = theirs::sourcepolicy::MatchType
    policy::AttrMatch = theirs::sourcepolicy::AttrMatch
}

messages! {
    ops::Op = pb::Op { inputs op platform constraints }
    ops::Platform = pb::Platform { architecture os variant os_version os_features }
    ops::Input = pb::Input { digest index }
    ops::WorkerConstraints = pb::WorkerConstraints { filter }
    ops::ExecOp = pb::ExecOp { meta mounts network security secretenv cdi_devices }
    ops::Meta = pb::Meta {
        args env cwd user proxy_env extra_hosts hostname ulimit cgroup_parent remove_mount_stubs_recursive
        valid_exit_codes
    }
    ops::HostIp = pb::HostIp { host ip }
    ops::Ulimit = pb::Ulimit { name soft hard }
    ops::ProxyEnv = pb::ProxyEnv { http_proxy https_proxy ftp_proxy no_proxy all_proxy }
    ops::SecretEnv = pb::SecretEnv { id name optional }
    ops::CdiDevice = pb::CdiDevice { name optional }
    ops::Mount = pb::Mount {
        input selector dest output readonly mount_type tmpfs_opt cache_opt secret_opt ssh_opt result_id
        content_cache
    }
    ops::TmpfsOpt = pb::TmpfsOpt { size }
    ops::CacheOpt = pb::CacheOpt { id sharing }
    ops::SecretOpt = pb::SecretOpt { id uid gid mode optional }
    ops::SshOpt = pb::SshOpt { id uid gid mode optional }
    ops::SourceOp = pb::SourceOp { identifier attrs }
    ops::BuildOp = pb::BuildOp { builder inputs def attrs }
    ops::BuildInput = pb::BuildInput { input }
    ops::FileOp = pb::FileOp { actions }
    ops::FileAction = pb::FileAction { input secondary_input output action }
    ops::FileActionCopy = pb::FileActionCopy {
        src dest owner mode follow_symlink dir_copy_contents attempt_unpack_docker_compatibility
        create_dest_path allow_wildcard allow_empty_wildcard timestamp include_patterns exclude_patterns
        always_replace_existing_dest_paths mode_str required_paths
    }
    ops::FileActionMkFile = pb::FileActionMkFile { path mode data owner timestamp }
    ops::FileActionMkDir = pb::FileActionMkDir { path mode make_parents owner timestamp }
    ops::FileActionRm = pb::FileActionRm { path allow_not_found allow_wildcard }
    ops::FileActionSymlink = pb::FileActionSymlink { oldpath newpath owner timestamp }
    ops::ChownOpt = pb::ChownOpt { user group }
    ops::UserOpt = pb::UserOpt { user }
    ops::NamedUserOpt = pb::NamedUserOpt { name input }
    ops::MergeOp = pb::MergeOp { inputs }
    ops::MergeInput = pb::MergeInput { input }
    ops::DiffOp = pb::DiffOp { lower upper }
    ops::LowerDiffInput = pb::LowerDiffInput { input }
    ops::UpperDiffInput = pb::UpperDiffInput { input }
    ops::Definition = pb::Definition { def metadata source }
    ops::OpMetadata = pb::OpMetadata { ignore_cache description export_cache caps progress_group }
        + { linux_resources }
    ops::ExportCache = pb::ExportCache { value }
    ops::ProgressGroup = pb::ProgressGroup { id name weak }
    ops::Source = pb::Source { locations infos }
    ops::Locations = pb::Locations { locations }
    ops::Location = pb::Location { source_index ranges }
    ops::SourceInfo = pb::SourceInfo { filename data definition language }
    ops::Range = pb::Range { start end }
    ops::Position = pb::Position { line character }

    gateway::Result = theirs::frontend::Result { metadata attestations result }
    gateway::RefMapDeprecated = theirs::frontend::RefMapDeprecated { refs }
    gateway::Ref = theirs::frontend::Ref { id def }
    gateway::RefMap = theirs::frontend::RefMap { refs }
    gateway::Attestations = theirs::frontend::Attestations { attestation }
    gateway::Attestation = theirs::frontend::Attestation {
        kind metadata r#ref path in_toto_predicate_type in_toto_subjects
    }
    gateway::InTotoSubject = theirs::frontend::InTotoSubject { kind digest name }
    gateway::ReturnRequest = theirs::frontend::ReturnRequest { result error }
    gateway::ReturnResponse = theirs::frontend::ReturnResponse {}
    gateway::InputsRequest = theirs::frontend::InputsRequest {}
    gateway::InputsResponse = theirs::frontend::InputsResponse { definitions }
    gateway::ResolveImageConfigRequest = theirs::frontend::ResolveImageConfigRequest {
        r#ref platform resolve_mode log_name resolver_type session_id store_id source_policies
    }
    gateway::ResolveImageConfigResponse = theirs::frontend::ResolveImageConfigResponse {
        digest config r#ref
    }
    gateway::ResolveSourceMetaRequest = theirs::frontend::ResolveSourceMetaRequest {
        source platform log_name resolve_mode git image http source_policies
    }
    gateway::ResolveSourceMetaResponse = theirs::frontend::ResolveSourceMetaResponse {
        source image git http
    }
    gateway::ResolveSourceImageRequest = theirs::frontend::ResolveSourceImageRequest {
        no_config attestation_chain resolve_attestations
    }
    gateway::ResolveSourceImageResponse = theirs::frontend::ResolveSourceImageResponse {
        digest config attestation_chain
    }
    gateway::AttestationChain = theirs::frontend::AttestationChain {
        root image_manifest attestation_manifest signature_manifests blobs
    }
    gateway::Blob = theirs::frontend::Blob { descriptor data }
    gateway::Descriptor = theirs::frontend::Descriptor { media_type digest size annotations }
    gateway::ResolveSourceGitRequest = theirs::frontend::ResolveSourceGitRequest { return_object }
    gateway::ResolveSourceGitResponse = theirs::frontend::ResolveSourceGitResponse {
        checksum r#ref commit_checksum commit_object tag_object
    }
    gateway::ResolveSourceHttpRequest = theirs::frontend::ResolveSourceHttpRequest { checksum_request }
    gateway::ResolveSourceHttpResponse = theirs::frontend::ResolveSourceHttpResponse {
        checksum filename last_modified checksum_response
    }
    gateway::ChecksumRequest = theirs::frontend::ChecksumRequest { algo suffix }
    gateway::ChecksumResponse = theirs::frontend::ChecksumResponse { digest suffix }
    gateway::Timestamp = google::protobuf::Timestamp { seconds nanos }
    gateway::SolveRequest = theirs::frontend::SolveRequest {
        definition frontend frontend_opt allow_result_return allow_result_array_ref r#final exporter_attr
        cache_imports frontend_inputs evaluate source_policies
    }
    gateway::CacheOptionsEntry = theirs::frontend::CacheOptionsEntry { r#type attrs }
    gateway::SolveResponse = theirs::frontend::SolveResponse { r#ref result }
    gateway::EvaluateRequest = theirs::frontend::EvaluateRequest { r#ref }
    gateway::EvaluateResponse = theirs::frontend::EvaluateResponse {}
    gateway::ReadFileRequest = theirs::frontend::ReadFileRequest { r#ref file_path range mount_index }
    gateway::FileRange = theirs::frontend::FileRange { offset length }
    gateway::ReadFileResponse = theirs::frontend::ReadFileResponse { data }
    gateway::ReadDirRequest = theirs::frontend::ReadDirRequest {
        r#ref dir_path include_pattern mount_index
    }
    gateway::ReadDirResponse = theirs::frontend::ReadDirResponse { entries }
    gateway::StatFileRequest = theirs::frontend::StatFileRequest { r#ref path mount_index }
    gateway::StatFileResponse = theirs::frontend::StatFileResponse { stat }
    gateway::PingRequest = theirs::frontend::PingRequest {}
    gateway::PongResponse = theirs::frontend::PongResponse { frontend_api_caps llb_caps workers }
    gateway::WarnRequest = theirs::frontend::WarnRequest { digest level short detail url info ranges }
    gateway::WarnResponse = theirs::frontend::WarnResponse {}
    gateway::NewContainerRequest = theirs::frontend::NewContainerRequest {
        container_id mounts network platform constraints extra_hosts hostname
    }
    gateway::NewContainerResponse = theirs::frontend::NewContainerResponse {}
    gateway::ReleaseContainerRequest = theirs::frontend::ReleaseContainerRequest { container_id }
    gateway::ReleaseContainerResponse = theirs::frontend::ReleaseContainerResponse {}
    gateway::ExecMessage = theirs::frontend::ExecMessage { process_id input }
    gateway::InitMessage = theirs::frontend::InitMessage {
        container_id meta fds tty security secretenv
    }
    gateway::ExitMessage = theirs::frontend::ExitMessage { code error }
    gateway::StartedMessage = theirs::frontend::StartedMessage {}
    gateway::DoneMessage = theirs::frontend::DoneMessage {}
    gateway::FdMessage = theirs::frontend::FdMessage { fd eof data }
    gateway::ResizeMessage = theirs::frontend::ResizeMessage { rows cols }
    gateway::SignalMessage = theirs::frontend::SignalMessage { name }

    caps::ApiCap = theirs::apicaps::ApiCap {
        id enabled deprecated disabled_reason disabled_reason_msg disabled_alternative
    }

    worker::WorkerRecord = theirs::types::WorkerRecord {
        id labels platforms gc_policy buildkit_version cdi_devices
    }
    worker::GcPolicy = theirs::types::GcPolicy {
        all keep_duration reserved_space filters max_used_space min_free_space
    }
    worker::BuildkitVersion = theirs::types::BuildkitVersion { package version revision }
        + { dockerfile_version }
    worker::CdiDevice = theirs::types::CdiDevice { name auto_allow annotations on_demand }

    policy::Policy = theirs::sourcepolicy::Policy { version rules }
    policy::Rule = theirs::sourcepolicy::Rule { action selector updates }
    policy::Selector = theirs::sourcepolicy::Selector { identifier match_type constraints }
    policy::AttrConstraint = theirs::sourcepolicy::AttrConstraint { key value condition }
    policy::Update = theirs::sourcepolicy::Update { identifier attrs }

    our_fsutil::Stat = fsutil::types::Stat {
        path mode uid gid size mod_time linkname devmajor devminor xattrs
    }

    rpc::Status = google::rpc::Status { code message details }
    rpc::Any = google::protobuf::Any { type_url value }
}

/// The numbers of what the other side does not know yet, from BuildKit 0.32.
#[test]
fn what_only_we_know() {
    let bytes = |number: u8, body: &[u8]| [&[number << 3 | 2, body.len() as u8], body].concat();
    let passthrough = ops::PassthroughOp { id: "a".to_owned(), outputs: vec![1, 300] };
    let body = [bytes(1, b"a"), bytes(2, &[1, 0xac, 2])].concat();
    assert_eq!(passthrough.encode_to_vec(), body);
    let op = ops::Op { op: Some(ops::op::Op::Passthrough(passthrough)), ..ops::Op::default() };
    assert_eq!(op.encode_to_vec(), bytes(8, &body));

    let limits = ops::LinuxResources {
        memory: 1,
        memory_swap: 2,
        cpu_shares: 3,
        cpu_period: 4,
        cpu_quota: 5,
        cpuset_cpus: "6".to_owned(),
        cpuset_mems: "7".to_owned(),
    };
    let numbers = [8, 1, 16, 2, 24, 3, 32, 4, 40, 5];
    let body = [numbers.as_slice(), &bytes(6, b"6"), &bytes(7, b"7")].concat();
    assert_eq!(limits.encode_to_vec(), body);
    let metadata = ops::OpMetadata { linux_resources: Some(limits), ..ops::OpMetadata::default() };
    assert_eq!(metadata.encode_to_vec(), bytes(7, &body));

    let version =
        worker::BuildkitVersion { dockerfile_version: "1".to_owned(), ..worker::BuildkitVersion::default() };
    assert_eq!(version.encode_to_vec(), bytes(4, b"1"));
}

#[track_caller]
fn check<Ours, Theirs>()
where
    Ours: Message + Default + Fill + PartialEq + Debug,
    Theirs: Message + Default + Fill + PartialEq + Debug,
{
    let name = std::any::type_name::<Ours>();
    for round in 0..VARIANTS * BITS {
        let filler = || Filler { round, next: 0, depth: 0 };
        let ours = Ours::fill(&mut filler());
        let theirs = Theirs::fill(&mut filler());
        let read = Theirs::decode(ours.encode_to_vec().as_slice()).expect(name);
        assert_eq!(read, theirs, "{name}, ours read by theirs");
        let read = Ours::decode(theirs.encode_to_vec().as_slice()).expect(name);
        let read = Theirs::decode(read.encode_to_vec().as_slice()).expect(name);
        assert_eq!(read, theirs, "{name}, theirs read and written by ours");
    }
}

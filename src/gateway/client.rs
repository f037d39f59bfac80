//! Typed calls: what can be asked of an engine, old or new, and how each is asked.
//!
//! In: plain requests. Out: plain answers, or the engine's error as it came. Which calls are made, and when, is
//! decided elsewhere; here lie only the differences between engines.

use super::caps;
use super::error::Error;
use super::grpc::Channel;
use super::{result, upload};
use crate::limits::MESSAGE_BYTES;
use crate::llb::{self, caps::CapSet};
use crate::pb::gateway as gw;
use crate::pb::ops;
use crate::report::json::base64;
use prost::Message;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;
use tonic::Code;

/// How long an engine may take for its first word, as in the reference. A working one answers at once; all other calls
/// may rightly take hours.
const PING_LIMIT: Duration = Duration::from_secs(15);

/// The engine, as seen from here. Clones share one connection; calls go side by side.
#[derive(Clone)]
pub(super) struct Client {
    rpc: Channel,
    engine: Rc<Engine>,
    /// By ref: what was solved, for engines that want it once more at the end.
    solved: Rc<RefCell<HashMap<String, gw::SolveRequest>>>,
}

/// What the engine said of itself.
#[derive(Debug)]
struct Engine {
    protocol: CapSet,
    llb: CapSet,
}

/// A graph, or another frontend, to be run by the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Solve {
    /// The graph; empty if another frontend is to be run.
    pub definition: Option<ops::Definition>,
    /// Where cache may be taken from.
    pub cache_imports: Vec<gw::CacheOptionsEntry>,
    /// Whether to run the graph now rather than when its result is looked at.
    pub evaluate: bool,
    /// The other frontend with its options and inputs.
    pub frontend: Option<Frontend>,
}

/// Another frontend.
#[derive(Clone, Debug, Default)]
pub(super) struct Frontend {
    /// Its kind.
    pub name: &'static str,
    /// Its options.
    pub options: BTreeMap<String, String>,
    /// Its inputs by name.
    pub inputs: BTreeMap<String, ops::Definition>,
}

/// What the engine knows about an image.
pub(super) struct Image {
    /// The name after source policies.
    pub reference: String,
    pub digest: String,
    pub config: Vec<u8>,
}

/// Where an image is looked up.
pub(super) enum Resolved {
    /// It is an image.
    Image(Image),
    /// A source policy made another kind of source of it.
    Other {
        /// The identifier of that source.
        identifier: String,
    },
}

/// An image to look up.
#[derive(Clone, Debug, Default)]
pub(super) struct ImageRequest {
    pub reference: String,
    pub platform: Option<ops::Platform>,
    pub resolve_mode: String,
    pub log_name: String,
    /// Session and name of an OCI layout that holds the image.
    pub oci_store: Option<(String, String)>,
}

impl Client {
    /// Asks the engine what it is. If its answer is no use it may still take an error, unless it is dumb.
    ///
    /// # Errors
    /// What came of telling the engine so.
    pub(super) async fn greet_or_tell(channel: Channel, product: &str) -> Result<Client, Result<(), Error>> {
        match Client::greet(channel.clone(), product).await {
            Ok(client) => Ok(client),
            Err(error) => {
                let client = Client::unmet(channel);
                let telling = client.end(Err(error.clone()));
                Err(client.within(super::LAST_WORDS, telling).await.unwrap_or(Err(error)))
            }
        }
    }

    /// Asks the engine what it is. Before that, nothing is known but that it can be asked.
    async fn greet(channel: Channel, product: &str) -> Result<Client, Error> {
        let mut client = Client::unmet(channel);
        let ping = client.rpc.call("Ping", gw::PingRequest {});
        let silence = || Error::with_code(Code::DeadlineExceeded, "Ping: the engine does not answer");
        let pong: gw::PongResponse =
            client.within(PING_LIMIT, ping).await.unwrap_or_else(|| Err(silence()))?;
        client.engine = Rc::new(Engine {
            protocol: caps::of_protocol(&pong.frontend_api_caps, product),
            llb: caps::of_llb(&pong.llb_caps, product),
        });
        Ok(client)
    }

    /// Returns a client for an engine that was not asked what it is: good for reporting an error.
    pub(super) fn unmet(channel: Channel) -> Client {
        let engine = Engine { protocol: CapSet::of([caps::RETURN]), llb: CapSet::default() };
        Client { rpc: channel, engine: Rc::new(engine), solved: Rc::default() }
    }

    /// Waits for a future no longer than so long; see [`Channel::within`].
    pub(super) async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        self.rpc.within(limit, future).await
    }

    /// Returns the capabilities of the protocol.
    pub(super) fn protocol(&self) -> &CapSet {
        &self.engine.protocol
    }

    /// Returns the capabilities of LLB.
    pub(super) fn llb(&self) -> &CapSet {
        &self.engine.llb
    }

    /// Hands a graph, or another frontend, to the engine.
    ///
    /// # Errors
    /// If an op needs what the engine lacks, or in the engine's words.
    pub(super) async fn solve(&self, solve: Solve) -> Result<gw::Result, Error> {
        let evaluate = solve.evaluate;
        let request = self.solve_request(solve)?;
        let looks_itself = evaluate && !request.evaluate;
        let wanted_again = (!self.protocol().has(caps::RETURN)).then(|| request.clone());
        let response: gw::SolveResponse = self.rpc.call("Solve", request).await?;
        let result = response.result.unwrap_or_else(|| gw::Result {
            // From engines that knew a single ref and nothing around it.
            result: Some(gw::result::Result::Ref(gw::Ref { id: response.r#ref, def: None })),
            ..Default::default()
        });
        if let (Some(request), &[id]) = (wanted_again, ids(&result).as_slice()) {
            self.solved.borrow_mut().insert(id.to_owned(), request);
        }
        if looks_itself {
            for id in ids(&result) {
                self.stat_root(id).await?;
            }
        }
        Ok(result)
    }

    fn solve_request(&self, solve: Solve) -> Result<gw::SolveRequest, Error> {
        if let Some(definition) = &solve.definition {
            let read = |entry: &ops::OpMetadataEntry| ops::OpMetadata::decode(&*entry.metadata);
            for said in definition.metadata.iter().map(read) {
                for cap in said.unwrap_or_default().caps.keys() {
                    self.llb().check(cap).map_err(|missing| Error::new(missing.to_string()))?;
                }
            }
        }
        let mut definition = solve.definition.map(without_empty_places);
        if let Some(definition) = &mut definition
            && !self.llb().has(llb::caps::EXEC_VALID_EXIT_CODE)
        {
            upload::recall(definition);
        }
        let frontend = solve.frontend.unwrap_or_default();
        let returns = self.protocol().has(caps::RETURN);
        let mut request = gw::SolveRequest {
            definition,
            frontend: frontend.name.to_owned(),
            frontend_opt: frontend.options,
            frontend_inputs: frontend
                .inputs
                .into_iter()
                .map(|(name, input)| (name, without_empty_places(input)))
                .collect(),
            allow_result_return: true,
            allow_result_array_ref: true,
            cache_imports: solve.cache_imports,
            evaluate: solve.evaluate && self.protocol().has(caps::EVALUATE_IN_SOLVE),
            // Engines without Return take metadata with every solve.
            exporter_attr: if returns { Vec::new() } else { b"{}".to_vec() },
            ..Default::default()
        };
        let length = request.encoded_len();
        if length > MESSAGE_BYTES
            && let Some(definition) = &mut request.definition
        {
            let others = length - definition.encoded_len();
            if !llb::fit(definition, MESSAGE_BYTES.saturating_sub(others)) {
                let steps = definition.def.len().saturating_sub(1);
                return Err(Error::new(format!(
                    "the build is too large for the engine: its {steps} steps do not fit into a message of {} MiB",
                    MESSAGE_BYTES >> 20
                )));
            }
        }
        Ok(request)
    }

    /// Looks at the root of a result, so that an engine that evaluates late does it now.
    async fn stat_root(&self, id: &str) -> Result<(), Error> {
        self.protocol().check(caps::STAT_FILE).map_err(|missing| Error::new(missing.to_string()))?;
        let request =
            gw::StatFileRequest { r#ref: id.to_owned(), path: ".".to_owned(), ..Default::default() };
        self.rpc.call::<gw::StatFileResponse>("StatFile", request).await?;
        Ok(())
    }

    /// Reads a file of a result, or its first bytes.
    pub(super) async fn read_file(&self, id: &str, path: &str, limit: Option<u32>) -> Result<Vec<u8>, Error> {
        let request = gw::ReadFileRequest {
            r#ref: id.to_owned(),
            file_path: path.to_owned(),
            range: limit.map(|length| gw::FileRange { offset: 0, length: length.into() }),
            ..Default::default()
        };
        Ok(self.rpc.call::<gw::ReadFileResponse>("ReadFile", request).await?.data)
    }

    /// Looks up an image by the call that the engine knows.
    pub(super) async fn resolve_image(&self, request: ImageRequest) -> Result<Resolved, Error> {
        if self.protocol().has(caps::SOURCE_META) {
            return self.resolve_image_as_source(request).await;
        }
        let named = request.reference.clone();
        let (resolver_type, (session_id, store_id)) = match request.oci_store {
            Some(store) => (1, store),
            None => (0, Default::default()),
        };
        let request = gw::ResolveImageConfigRequest {
            r#ref: request.reference,
            platform: request.platform,
            resolve_mode: request.resolve_mode,
            log_name: request.log_name,
            resolver_type,
            session_id,
            store_id,
            ..Default::default()
        };
        let response: gw::ResolveImageConfigResponse = self.rpc.call("ResolveImageConfig", request).await?;
        let reference = if response.r#ref.is_empty() { named } else { response.r#ref };
        Ok(Resolved::Image(Image { reference, digest: response.digest, config: response.config }))
    }

    async fn resolve_image_as_source(&self, request: ImageRequest) -> Result<Resolved, Error> {
        let (scheme, attrs) = match request.oci_store {
            Some((session, store)) => {
                ("oci-layout", vec![entry("oci.session", session), entry("oci.store", store)])
            }
            None => ("docker-image", Vec::new()),
        };
        let source = ops::SourceOp { identifier: format!("{scheme}://{}", request.reference), attrs };
        let request = gw::ResolveSourceMetaRequest {
            source: Some(source),
            platform: request.platform,
            log_name: request.log_name,
            // Upstream drops the mode here, so `--pull` would not look for a newer image.
            resolve_mode: if request.resolve_mode == "default" {
                String::new()
            } else {
                request.resolve_mode
            },
            ..Default::default()
        };
        let response: gw::ResolveSourceMetaResponse = self.rpc.call("ResolveSourceMeta", request).await?;
        let identifier = response.source.unwrap_or_default().identifier;
        let Some(image) = response.image else {
            if identifier.is_empty() {
                return Err(Error::internal("the reply names no source").naming("ResolveSourceMeta"));
            }
            return Ok(Resolved::Other { identifier });
        };
        let reference = identifier.strip_prefix("docker-image://").unwrap_or(&identifier);
        let reference = reference.strip_prefix("oci-layout://").unwrap_or(reference).to_owned();
        Ok(Resolved::Image(Image { reference, digest: image.digest, config: image.config }))
    }

    /// Asks what is known about any source. Engines that cannot be asked know nothing.
    pub(super) async fn resolve_source(
        &self,
        request: gw::ResolveSourceMetaRequest,
    ) -> Result<gw::ResolveSourceMetaResponse, Error> {
        if !self.protocol().has(caps::SOURCE_META) {
            return Ok(gw::ResolveSourceMetaResponse { source: request.source, ..Default::default() });
        }
        self.rpc.call("ResolveSourceMeta", request).await
    }

    /// Returns the inputs handed to this frontend; none from engines that know no inputs.
    pub(super) async fn inputs(&self) -> Result<BTreeMap<String, ops::Definition>, Error> {
        if !self.protocol().has(caps::INPUTS) {
            return Ok(BTreeMap::new());
        }
        Ok(self.rpc.call::<gw::InputsResponse>("Inputs", gw::InputsRequest {}).await?.definitions)
    }

    /// Shows a warning. Nothing depends on whether that works.
    pub(super) async fn warn(&self, warning: gw::WarnRequest) {
        if self.protocol().has(caps::WARNINGS) {
            let _ = self.rpc.call::<gw::WarnResponse>("Warn", warning).await;
        }
    }

    /// Ends the conversation with a result or an error.
    ///
    /// # Errors
    /// If the engine does not take it. An engine without Return cannot be told of an error; it is given back.
    pub(super) async fn end(&self, outcome: Result<gw::Result, Error>) -> Result<(), Error> {
        let outcome = outcome.and_then(|result| self.returnable(result));
        if !self.protocol().has(caps::RETURN) {
            return self.end_by_solve(outcome?).await;
        }
        if let Err(error) = &outcome
            && error.refused_call().is_some()
        {
            super::say(&error.in_full());
        }
        let mut request = match outcome {
            Ok(result) => gw::ReturnRequest { result: Some(result), error: None },
            Err(error) => gw::ReturnRequest { result: None, error: Some(error.into_status()) },
        };
        // An error holds the whole file, which may be as large as a message. It is told without, rather than not.
        if request.encoded_len() > MESSAGE_BYTES {
            let mut error =
                request.error.take().unwrap_or_else(|| Error::new("the result is too large").into_status());
            error.details.clear();
            request = gw::ReturnRequest { result: None, error: Some(error) };
        }
        let untold = request.error.as_ref().map(|error| error.message.clone());
        match (self.rpc.call::<gw::ReturnResponse>("Return", request).await, untold) {
            (Ok(_), _) => Ok(()),
            (Err(error), None) => Err(error),
            (Err(error), Some(untold)) => {
                Err(Error::new(format!("{}, to tell it: {untold}", error.in_full())))
            }
        }
    }

    /// Puts a result into the format that the engine knows.
    fn returnable(&self, result: gw::Result) -> Result<gw::Result, Error> {
        if ids(&result).len() > 1 {
            let known = self.protocol().check(caps::RETURN_MAP);
            known.map_err(|missing| Error::new(missing.to_string()))?;
        }
        Ok(result::in_format(result, self.protocol().has(caps::REF_ARRAY)))
    }

    /// Ends the conversation with an engine that knows no Return: what was solved is solved once more, as the final
    /// one, with the metadata as JSON.
    async fn end_by_solve(&self, result: gw::Result) -> Result<(), Error> {
        let metadata = result.metadata.iter().map(|(key, value)| (key.clone(), base64(value).into()));
        let metadata = Value::Object(metadata.collect()).to_string();
        let solved = match ids(&result).first() {
            Some(id) => self.solved.borrow_mut().remove(*id),
            None => Some(gw::SolveRequest { definition: Some(Default::default()), ..Default::default() }),
        };
        let solved = solved.ok_or_else(|| Error::internal("the result was never solved"))?;
        let request = gw::SolveRequest { r#final: true, exporter_attr: metadata.into_bytes(), ..solved };
        self.rpc.call::<gw::SolveResponse>("Solve", request).await?;
        Ok(())
    }
}

/// Returns the ids of all refs of a result, in either format. A ref without an id is an empty tree.
pub(super) fn ids(result: &gw::Result) -> Vec<&str> {
    use gw::result::Result;
    let ids: Vec<&str> = match &result.result {
        Some(Result::RefDeprecated(id)) => vec![id],
        Some(Result::RefsDeprecated(map)) => map.refs.values().map(String::as_str).collect(),
        Some(Result::Ref(one)) => vec![&one.id],
        Some(Result::Refs(map)) => map.refs.values().map(|one| one.id.as_str()).collect(),
        None => Vec::new(),
    };
    ids.into_iter().filter(|id| !id.is_empty()).collect()
}

/// Drops the entries of ops without a place. prost writes such an entry without a value, Go reads that as nil, and
/// engines and clients up to BuildKit 0.13 at least fall over it: the daemon when a solve fails, buildx when one target
/// of a bake file is the context of another.
fn without_empty_places(mut definition: ops::Definition) -> ops::Definition {
    let mut open = vec![&mut definition];
    while let Some(found) = open.pop() {
        if let Some(source) = &mut found.source {
            source.locations.retain(|entry| !entry.locations.is_empty());
            // A source file comes with the graph that it was read from.
            open.extend(source.infos.iter_mut().filter_map(|info| info.definition.as_mut()));
        }
    }
    definition
}

fn entry(key: &str, value: String) -> ops::StringEntry {
    ops::StringEntry { key: Some(key.to_owned()), value: Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_without_a_place_are_not_sent() {
        let entry = |digest: &str, places: ops::Locations| ops::LocationsEntry {
            digest: digest.to_owned(),
            locations: places.encode_to_vec().into(),
        };
        let with_empty =
            || ops::Source { locations: vec![entry("a", ops::Locations::default())], infos: Vec::new() };
        let file = ops::Definition { source: Some(with_empty()), ..Default::default() };
        let mut source = with_empty();
        source.locations.push(entry("b", ops::Locations { locations: vec![ops::Location::default()] }));
        source.infos.push(ops::SourceInfo { definition: Some(file), ..Default::default() });
        let sent = without_empty_places(ops::Definition { source: Some(source), ..Default::default() });
        let source = sent.source.expect("it is kept");
        assert_eq!(source.locations.iter().map(|entry| &entry.digest).collect::<Vec<_>>(), ["b"]);
        let file =
            source.infos[0].definition.clone().and_then(|definition| definition.source).expect("it is kept");
        assert!(file.locations.is_empty());
    }
}

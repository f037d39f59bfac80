//! Unary gRPC calls over HTTP/2.
//!
//! In: a method and a message. Out: the reply, or the engine's status with the details it sent. Which messages there
//! are is the matter of `client`.
//!
//! A unary call of gRPC is five bytes before a message and two headers after the reply, so it is written out here;
//! HTTP/2 itself is h2's matter. With tonic's generated client over hyper and tokio's runtime, the program was 180 KB
//! larger (92 KB with gzip), as all of it is there once for each pair of messages.

use super::error::Error;
use super::stdio::Stdio;
use crate::pb::rpc;
use h2::client::{Connection, SendRequest};
use h2::{Reason, RecvStream};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use prost::Message;
use prost::bytes::{BufMut, Bytes, BytesMut};

/// The largest message either side takes, as in the engine.
pub(super) const MESSAGE_LIMIT_BYTES: usize = 16 << 20;

/// A whole message fits into the window, so the engine never waits for one of ours to open it.
const WINDOW_BYTES: u32 = 17 << 20;

/// What comes before a message: whether it is compressed, and its length in four bytes.
const PREFIX_BYTES: usize = 5;

/// Where the methods of the engine are.
const SERVICE: &str = "http://localhost/moby.buildkit.v1.frontend.LLBBridge/";

/// The codes of gRPC that are spoken of here.
pub(super) mod code {
    pub(in crate::gateway) const CANCELLED: i32 = 1;
    pub(in crate::gateway) const UNKNOWN: i32 = 2;
    pub(in crate::gateway) const PERMISSION_DENIED: i32 = 7;
    pub(in crate::gateway) const RESOURCE_EXHAUSTED: i32 = 8;
    pub(in crate::gateway) const UNIMPLEMENTED: i32 = 12;
    pub(in crate::gateway) const INTERNAL: i32 = 13;
    pub(in crate::gateway) const UNAVAILABLE: i32 = 14;
    pub(in crate::gateway) const UNAUTHENTICATED: i32 = 16;
}

/// Carries calls to the engine. Clones share one connection; calls go side by side.
#[derive(Clone)]
pub(super) struct Channel(SendRequest<Bytes>);

/// Greets the engine. The connection moves bytes while it is polled.
///
/// # Errors
/// If the greeting cannot be sent.
pub(super) async fn open(stdio: Stdio) -> Result<(Channel, Connection<Stdio, Bytes>), h2::Error> {
    let (sender, connection) = h2::client::Builder::new()
        .initial_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .enable_push(false)
        .handshake(stdio)
        .await?;
    Ok((Channel(sender), connection))
}

impl Channel {
    /// Calls a method.
    ///
    /// # Errors
    /// In the engine's words, or if there is no understanding it.
    pub(super) async fn call<R: Message + Default>(
        &self,
        method: &str,
        message: impl Message,
    ) -> Result<R, Error> {
        let request = framed(&message)?;
        drop(message);
        let reply = self.exchange(method, request).await?;
        R::decode(reply).map_err(|reason| Error::internal(format!("{method}: unreadable reply: {reason}")))
    }

    /// Sends a framed message and returns the bytes of the reply. The same for all messages, so it is there once.
    async fn exchange(&self, method: &str, message: Bytes) -> Result<Bytes, Error> {
        let mut request = Request::post(format!("{SERVICE}{method}")).body(());
        if let Ok(request) = &mut request {
            let headers = request.headers_mut();
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        }
        let request = request.map_err(|reason| Error::internal(reason.to_string()))?;
        let (response, mut body) = self.0.clone().ready().await?.send_request(request, false)?;
        body.send_data(message, true)?;
        let (head, mut body) = response.await?.into_parts();
        if let Some(status) = status(&head.headers) {
            return status.and_then(|()| unframed(&Bytes::new()));
        }
        if head.status != StatusCode::OK {
            return Err(Error::with_code(code_of_http(head.status), format!("{method}: {}", head.status)));
        }
        let reply = collect(&mut body).await?;
        match body.trailers().await?.as_ref().and_then(status) {
            Some(status) => status.and_then(|()| unframed(&reply)),
            None => Err(Error::with_code(code::UNKNOWN, format!("{method}: the engine gave no status"))),
        }
    }
}

/// Puts the prefix before a message.
fn framed(message: &impl Message) -> Result<Bytes, Error> {
    let length = message.encoded_len();
    if length > MESSAGE_LIMIT_BYTES {
        return Err(too_large(length));
    }
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + length);
    bytes.put_u8(0);
    bytes.put_u32(length as u32);
    message.encode(&mut bytes).map_err(|reason| Error::internal(reason.to_string()))?;
    Ok(bytes.freeze())
}

/// Reads a body to its end.
async fn collect(body: &mut RecvStream) -> Result<Bytes, Error> {
    let mut all = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        if all.is_empty() {
            // Most replies are one piece, which stays where it is.
            all = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&all);
        }
        more.extend_from_slice(&data);
        if more.len() > PREFIX_BYTES + MESSAGE_LIMIT_BYTES {
            return Err(too_large(more.len()));
        }
    }
    Ok(if more.is_empty() { all } else { more.freeze() })
}

/// Takes the prefix off a message.
fn unframed(bytes: &Bytes) -> Result<Bytes, Error> {
    let wrong = || Error::internal("the engine's reply is not one message");
    let (prefix, message) = bytes.split_first_chunk::<PREFIX_BYTES>().ok_or_else(wrong)?;
    let [compressed, length @ ..] = *prefix;
    if compressed != 0 || u32::from_be_bytes(length) as usize != message.len() {
        return Err(wrong());
    }
    Ok(bytes.slice(PREFIX_BYTES..))
}

fn too_large(length: usize) -> Error {
    let limit = MESSAGE_LIMIT_BYTES >> 20;
    let message = format!("a message of {length} bytes is too large: no more than {limit} MiB can be sent");
    Error::with_code(code::RESOURCE_EXHAUSTED, message)
}

/// Reads the status of a call, where there is one.
fn status(headers: &HeaderMap) -> Option<Result<(), Error>> {
    let code = headers.get("grpc-status")?;
    let code = code.to_str().ok().and_then(|code| code.parse().ok()).unwrap_or(code::UNKNOWN);
    if code == 0 {
        return Some(Ok(()));
    }
    let message = headers.get("grpc-message").map(|message| percent_decoded(message.as_bytes()));
    let details = headers.get("grpc-status-details-bin").and_then(|sent| base64_decoded(sent.as_bytes()));
    let sent = rpc::Status::decode(details.unwrap_or_default().as_slice()).unwrap_or_default();
    Some(Err(rpc::Status { code, message: message.unwrap_or_default(), details: sent.details }.into()))
}

/// Undoes how gRPC writes a message into a header.
fn percent_decoded(mut text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    while let Some((&byte, rest)) = text.split_first() {
        let digit = |at: usize| rest.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, digit(0), digit(1)) {
            bytes.push((high << 4 | low) as u8);
            text = &rest[2..];
        } else {
            bytes.push(byte);
            text = rest;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into_owned())
}

/// Undoes base64, with or without padding; `None` if it is none.
fn base64_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.trim_ascii_end().iter().take_while(|&&digit| digit != b'=') {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

/// What gRPC makes of an HTTP status where there is none of its own.
fn code_of_http(status: StatusCode) -> i32 {
    match status.as_u16() {
        400 => code::INTERNAL,
        401 => code::UNAUTHENTICATED,
        403 => code::PERMISSION_DENIED,
        404 => code::UNIMPLEMENTED,
        429 | 502 | 503 | 504 => code::UNAVAILABLE,
        _ => code::UNKNOWN,
    }
}

/// A call that HTTP/2 gave up.
impl From<h2::Error> for Error {
    fn from(error: h2::Error) -> Error {
        let code = match error.reason() {
            Some(Reason::REFUSED_STREAM) => code::UNAVAILABLE,
            Some(Reason::CANCEL) => code::CANCELLED,
            Some(Reason::ENHANCE_YOUR_CALM) => code::RESOURCE_EXHAUSTED,
            Some(Reason::INADEQUATE_SECURITY) => code::PERMISSION_DENIED,
            Some(_) => code::INTERNAL,
            None => code::UNKNOWN,
        };
        Error::with_code(code, format!("the engine gave up a call: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_a_prefix() {
        let framed = framed(&"ab".to_owned()).unwrap();
        assert_eq!(framed, &b"\0\0\0\0\x04\x0a\x02ab"[..]);
        assert_eq!(unframed(&framed).unwrap(), &b"\x0a\x02ab"[..]);
        for wrong in ["", "\0\0\0\0", "\0\0\0\0\x01", "\0\0\0\0\0a", "\x01\0\0\0\0"] {
            assert!(unframed(&Bytes::from(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_message_in_a_header_is_plain_text_again() {
        #[track_caller]
        fn check(header: &str, text: &str) {
            assert_eq!(percent_decoded(header.as_bytes()), text);
        }
        check("", "");
        check("not%20found%3A %C3%A4", "not found: ä");
        check("100%, 5%2, %zz, %", "100%, 5%2, %zz, %");
        check("%ff", "\u{fffd}");
    }

    #[test]
    fn details_in_a_header_are_bytes_again() {
        #[track_caller]
        fn check(header: &str, bytes: Option<&[u8]>) {
            assert_eq!(base64_decoded(header.as_bytes()).as_deref(), bytes);
        }
        check("", Some(b""));
        check("Zg", Some(b"f"));
        check("Zg==", Some(b"f"));
        check("Zm8", Some(b"fo"));
        check("Zm9v+/8=", Some(b"foo\xfb\xff"));
        check("Z-9v", None);
    }

    #[test]
    fn a_status_is_read_from_headers() {
        #[track_caller]
        fn check(headers: &[(&'static str, &str)], expected: Option<Result<(), (i32, &str, usize)>>) {
            let headers = headers.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
            });
            let found = status(&headers.collect()).map(|found| found.map_err(Error::into_status));
            let found = found.as_ref().map(|found| match found {
                Ok(()) => Ok(()),
                Err(status) => Err((status.code, status.message.as_str(), status.details.len())),
            });
            assert_eq!(found, expected);
        }
        check(&[], None);
        check(&[("grpc-status", "0")], Some(Ok(())));
        check(&[("grpc-status", "x")], Some(Err((code::UNKNOWN, "", 0))));
        let not_found = ("grpc-status", "5");
        check(&[not_found, ("grpc-message", "not%20there")], Some(Err((5, "not there", 0))));
        check(&[not_found, ("grpc-status-details-bin", "GgMKAXg")], Some(Err((5, "", 1))));
        check(&[not_found, ("grpc-status-details-bin", "!")], Some(Err((5, "", 0))));
    }
}

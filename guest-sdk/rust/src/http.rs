//! HTTP from inside a look; the wire format is docs/wire.md §5.

use crate::bytes::Bytes;
use crate::calls::live;
use crate::canonical;
use crate::error::{Error, Result};
use crate::json::Json;

/// A request; made by `Request::get` and its like.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Of any method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A POST.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// With a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn message(&self) -> Vec<u8> {
        let headers = self.headers.iter().map(|(name, value)| (name, canonical::string(value)));
        let head = canonical::object_in_order([
            ("method", canonical::string(&self.method)),
            ("url", canonical::string(&self.url)),
            ("headers", canonical::object_in_order(headers)),
        ]);
        [&(head.len() as u32).to_le_bytes(), head.as_bytes(), &self.body].concat()
    }
}

impl<T: Into<String>> From<T> for Request {
    fn from(url: T) -> Self {
        Self::get(url)
    }
}

/// A server's answer. Whatever its status, it is an answer: look at `ok()` or `status`.
#[derive(Debug, Clone)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(each, _)| each.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as UTF-8, with U+FFFD for what is not.
    pub fn text(&self) -> String {
        self.body.text_lossy()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Result<Json> {
        match self.body.text() {
            Ok(text) => Json::parse(text),
            Err(_) => Json::parse(&self.text()),
        }
    }

    #[track_caller]
    fn decode(message: &[u8]) -> Result<Self> {
        let (head, body) = framed(message)?;
        let head = Json::parse(core::str::from_utf8(head)?)?;
        let headers = head["headers"].members().iter();
        let header = |(name, value): &(String, Json)| Ok((name.clone(), value.as_str()?.to_owned()));
        Ok(Self {
            status: head["status"].as_u64()? as u16,
            headers: headers.map(header).collect::<Result<_>>()?,
            body: body.to_vec().into(),
        })
    }
}

/// A GET without headers.
#[track_caller]
pub fn get(url: impl Into<String>) -> Result<Response> {
    fetch(Request::get(url))
}

/// Any request; a url alone is a GET. An error only where there is no answer.
#[track_caller]
pub fn fetch(request: impl Into<Request>) -> Result<Response> {
    Response::decode(&live("http.fetch", &request.into().message())?)
}

/// All at once; each answer, or why there is none, in the order of the requests.
#[track_caller]
pub fn fetch_many<T: Into<Request>>(requests: impl IntoIterator<Item = T>) -> Result<Vec<Result<Response>>> {
    let messages: Vec<Vec<u8>> = requests.into_iter().map(|request| request.into().message()).collect();
    let mut batch = (messages.len() as u32).to_le_bytes().to_vec();
    for message in &messages {
        batch.extend_from_slice(&(message.len() as u32).to_le_bytes());
        batch.extend_from_slice(message);
    }
    let answer = live("http.fetch_many", &batch)?;
    let (count, mut rest) = length(&answer)?;
    let mut responses = Vec::new();
    for _ in 0..count {
        let (status, framed_part) = rest.split_first().ok_or_else(too_short)?;
        let (part, behind) = framed(framed_part)?;
        responses.push(match status {
            0 => Response::decode(part),
            _ => Err(Error::capability("http.fetch_many", String::from_utf8_lossy(part).into_owned())),
        });
        rest = behind;
    }
    Ok(responses)
}

/// What stands behind a length, and what is behind that.
#[track_caller]
fn framed(message: &[u8]) -> Result<(&[u8], &[u8])> {
    let (len, rest) = length(message)?;
    if len > rest.len() {
        return Err(too_short());
    }
    Ok(rest.split_at(len))
}

#[track_caller]
fn length(message: &[u8]) -> Result<(usize, &[u8])> {
    match *message {
        [a, b, c, d, ref rest @ ..] => Ok((u32::from_le_bytes([a, b, c, d]) as usize, rest)),
        _ => Err(too_short()),
    }
}

#[track_caller]
fn too_short() -> Error {
    Error::new("an http message is shorter than it says")
}

//! Bytes that came from somewhere: an input, a body, an agreed value, and the ways to read them.

use crate::context::{context, Context};
use crate::error::{Error, Result};
use crate::json::Json;
use core::ops::Deref;

/// Bytes; as a slice by itself, as text or JSON on demand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// As UTF-8; an error if it is not.
    #[track_caller]
    pub fn text(&self) -> Result<&str> {
        core::str::from_utf8(&self.0).map_err(|_| Error::new("the bytes are not UTF-8"))
    }

    /// As UTF-8, with U+FFFD for what is not.
    pub fn text_lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// As JSON; an error if it is not.
    #[track_caller]
    pub fn json(&self) -> Result<Json> {
        Json::parse(self.text()?)
    }

    /// What the request commits to besides its input; the same as `context()`.
    pub fn context(&self) -> &'static Context {
        context()
    }

    /// The bytes themselves.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

//! What only a node that looks can read (docs/secrets.md): secrets of the function's owner, the sealed part of the input.

use crate::bytes::Bytes;
use crate::calls::live;
use crate::error::{Error, Result};

/// A secret's value as text.
#[track_caller]
pub fn get(name: &str) -> Result<String> {
    String::from_utf8(live("secrets.get", name.as_bytes())?).map_err(|_| Error::new("the bytes are not UTF-8"))
}

/// A secret's value.
#[track_caller]
pub fn bytes(name: &str) -> Result<Vec<u8>> {
    live("secrets.get", name.as_bytes())
}

/// The text of an envelope, which must be part of the request's input.
#[track_caller]
pub fn private_input(envelope: impl AsRef<[u8]>) -> Result<Bytes> {
    Ok(live("input.private", envelope.as_ref())?.into())
}

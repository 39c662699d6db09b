//! Capabilities: one operation, bytes in, bytes out.

use crate::cell::Global;
use crate::error::{fail, Error, Result};
use crate::imports;

static LOOKING: Global<bool> = Global::new(false);

/// From here on this run is a look; it ends with a proposal, so this is never taken back.
pub fn begin_look() {
    unsafe { *LOOKING.get() = true }
}

pub fn is_looking() -> bool {
    unsafe { *LOOKING.get() }
}

/// An operation that gives the same answer everywhere; allowed in every run.
#[track_caller]
pub fn pure(operation: &str, request: &[u8]) -> Result<Vec<u8>> {
    match imports::call(operation, request) {
        (0, response) => Ok(response),
        (_, code) => Err(Error::capability(operation, String::from_utf8_lossy(&code).into_owned())),
    }
}

/// An operation of this node's own: only inside a look. Outside it would end the run without a word to the user.
#[track_caller]
pub fn live(operation: &str, request: &[u8]) -> Result<Vec<u8>> {
    if !is_looking() {
        return Err(Error::new([operation, " works only inside observe(...): nodes must agree on what it answers"].concat()));
    }
    pure(operation, request)
}

/// Ethereum's keccak-256, computed by the host: far cheaper than in the guest.
pub fn keccak256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    let answer = pure("crypto.keccak256", bytes.as_ref()).unwrap_or_else(|error| fail(error.headline()));
    let mut hash = [0; 32];
    hash.copy_from_slice(&answer);
    hash
}

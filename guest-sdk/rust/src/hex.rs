//! Hexadecimal text: 0x and lower case when written; with or without 0x, of any case, when read.

use crate::error::{Error, Result};

/// "0x" and two digits a byte.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(b"0123456789abcdef"[digit as usize] as char);
        }
    }
    text
}

/// The bytes of a text with an even number of digits.
#[track_caller]
pub fn decode(text: &str) -> Result<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let value = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    let byte = |pair: &[u8]| Some(value(pair[0])? << 4 | value(*pair.get(1)?)?);
    digits.chunks(2).map(byte).collect::<Option<_>>().ok_or_else(|| Error::new("not a hex string"))
}

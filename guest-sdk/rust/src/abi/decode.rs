//! Decoding, strict: offsets and lengths stay inside the data, padding is zero, bool is 0 or 1.

use super::types::Type;
use super::value::Value;
use crate::error::{Error, Result};
use crate::number::Integer;

const WORD: usize = 32;

/// `abi::decode(&["uint256", "string"], &bytes)`
#[track_caller]
pub fn decode<T: AsRef<str>>(types: &[T], data: impl AsRef<[u8]>) -> Result<Vec<Value>> {
    tuple(&Type::parse_all(types)?.iter().collect::<Vec<_>>(), data.as_ref(), 0)
}

/// Heads stand one after the other from base; offsets count from base.
#[track_caller]
fn tuple(parts: &[&Type], data: &[u8], base: usize) -> Result<Vec<Value>> {
    let mut at = base;
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        let start = if part.is_dynamic() { base + small(data, at)? } else { at };
        values.push(value(part, data, start)?);
        at += part.size();
    }
    Ok(values)
}

#[track_caller]
fn value(part: &Type, data: &[u8], at: usize) -> Result<Value> {
    Ok(match part {
        Type::Uint(bits) => {
            let number = Integer::from_be_bytes(take(data, at, WORD)?);
            if number.bits() > *bits {
                return Err(Error::new(format!("uint{bits} out of range at byte {at}")));
            }
            Value::Integer(number)
        }
        Type::Int(bits) => Value::Integer(signed(take(data, at, WORD)?, *bits, at)?),
        Type::Address => {
            let (padding, bytes) = take(data, at, WORD)?.split_at(12);
            require_zero(padding, at)?;
            let mut address = [0; 20];
            address.copy_from_slice(bytes);
            Value::Address(address)
        }
        Type::Bool => match take(data, at, WORD)?.split_at(WORD - 1) {
            (padding, [bit @ 0..=1]) if padding.iter().all(|&byte| byte == 0) => Value::Bool(*bit == 1),
            _ => return Err(Error::new(format!("not a bool at byte {at}"))),
        },
        Type::Fixed(width) => {
            let (bytes, padding) = take(data, at, WORD)?.split_at(*width);
            require_zero(padding, at)?;
            Value::Bytes(bytes.to_vec())
        }
        Type::Bytes => Value::Bytes(length_prefixed(data, at)?.to_vec()),
        Type::Text => match core::str::from_utf8(length_prefixed(data, at)?) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => return Err(Error::new("the bytes are not UTF-8")),
        },
        Type::Array(element, count) => {
            let (base, count) = match count {
                Some(count) => (at, *count),
                None => (at + WORD, small(data, at)?),
            };
            // Every element has a head of its own, so a count beyond the data is refused before anything is allocated for it.
            if count > data.len().saturating_sub(base) / element.size() {
                return Err(Error::new(format!("array of {count} elements at byte {at} leaves the data")));
            }
            Value::List(tuple(&vec![&**element; count], data, base)?)
        }
        Type::Tuple(parts) => Value::List(tuple(&parts.iter().collect::<Vec<_>>(), data, at)?),
    })
}

#[track_caller]
fn signed(word: &[u8], bits: u32, at: usize) -> Result<Integer> {
    let number = Integer::from_be_bytes(word);
    let (below, limit) = (bits - 1, Integer::from_be_bytes(&[&[1u8][..], &[0; WORD]].concat()));
    if word[0] < 128 && number.bits() <= below {
        return Ok(number);
    }
    let number = &number - &limit;
    if word[0] < 128 || (&number + &Integer::from(1)).bits() > below {
        return Err(Error::new(format!("int{bits} out of range at byte {at}")));
    }
    Ok(number)
}

#[track_caller]
fn take(data: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    let end = at.checked_add(length);
    let found = end.and_then(|end| data.get(at..end));
    found.ok_or_else(|| Error::new(format!("byte {at} + {length} leaves the data ({} bytes)", data.len())))
}

/// An offset or length: anything beyond the data is refused.
#[track_caller]
fn small(data: &[u8], at: usize) -> Result<usize> {
    let number = Integer::from_be_bytes(take(data, at, WORD)?);
    let fits = number.to_u64().filter(|&value| value <= data.len() as u64);
    fits.map(|value| value as usize)
        .ok_or_else(|| Error::new(format!("offset or length {number} at byte {at} leaves the data")))
}

#[track_caller]
fn length_prefixed(data: &[u8], at: usize) -> Result<&[u8]> {
    let length = small(data, at)?;
    let bytes = take(data, at + WORD, length)?;
    require_zero(take(data, at + WORD + length, (WORD - length % WORD) % WORD)?, at)?;
    Ok(bytes)
}

#[track_caller]
fn require_zero(padding: &[u8], at: usize) -> Result<()> {
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Error::new(format!("padding at byte {at} is not zero")));
    }
    Ok(())
}

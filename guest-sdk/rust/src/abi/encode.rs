//! Encoding, as Solidity's abi.encode. Errors name the value by its place, such as values[0][1].

use super::types::Type;
use super::value::Value;
use crate::error::{Error, Result};
use crate::number::Integer;

const WORD: usize = 32;

/// `abi::encode(&["uint256", "string"], &values![1, "one"])`
#[track_caller]
pub fn encode<T: AsRef<str>>(types: &[T], values: &[Value]) -> Result<Vec<u8>> {
    encode_of(&Type::parse_all(types)?, values)
}

#[track_caller]
pub fn encode_of(parts: &[Type], values: &[Value]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    tuple(&mut out, &parts.iter().collect::<Vec<_>>(), values, "values")?;
    Ok(out)
}

/// Heads one after the other, then what they point to.
#[track_caller]
fn tuple(out: &mut Vec<u8>, parts: &[&Type], values: &[Value], path: &str) -> Result<()> {
    if values.len() != parts.len() {
        return Err(Error::new(format!("{path} has {} elements, the types say {}", values.len(), parts.len())));
    }
    let base = out.len();
    let heads: usize = parts.iter().map(|part| part.size()).sum();
    let mut tails = Vec::new();
    for (i, (part, value)) in parts.iter().zip(values).enumerate() {
        let path = Place { path, i };
        if part.is_dynamic() {
            push_size(out, heads + tails.len());
            encode_value(&mut tails, part, value, &path)?;
        } else {
            encode_value(out, part, value, &path)?;
        }
    }
    debug_assert_eq!(out.len(), base + heads);
    out.extend_from_slice(&tails);
    Ok(())
}

/// Where a value stands; made a text only for errors and lists.
struct Place<'a> {
    path: &'a str,
    i: usize,
}

impl Place<'_> {
    fn text(&self) -> String {
        format!("{}[{}]", self.path, self.i)
    }
}

#[track_caller]
fn encode_value(out: &mut Vec<u8>, part: &Type, value: &Value, place: &Place) -> Result<()> {
    match (part, value) {
        (Type::Uint(bits), Value::Integer(number)) => {
            integer(out, number, !number.is_negative() && number.bits() <= *bits, place)
        }
        (Type::Int(bits), Value::Integer(number)) => {
            let magnitude = if number.is_negative() { number + &Integer::from(1) } else { number.clone() };
            integer(out, number, magnitude.bits() < *bits, place)
        }
        (Type::Bool, Value::Bool(value)) => {
            push_size(out, *value as usize);
            Ok(())
        }
        (Type::Address, _) => {
            let bytes = fixed(value, 20, place)?;
            out.resize(out.len() + 12, 0);
            out.extend_from_slice(&bytes);
            Ok(())
        }
        (Type::Fixed(width), _) => {
            let bytes = fixed(value, *width, place)?;
            push_padded(out, &bytes);
            Ok(())
        }
        (Type::Bytes, _) => {
            let bytes = some_bytes(value, place)?;
            push_size(out, bytes.len());
            push_padded(out, &bytes);
            Ok(())
        }
        (Type::Text, Value::Text(text)) => {
            push_size(out, text.len());
            push_padded(out, text.as_bytes());
            Ok(())
        }
        (Type::Array(element, count), Value::List(values)) => {
            if count.is_none() {
                push_size(out, values.len());
            }
            let parts = vec![&**element; count.unwrap_or(values.len())];
            tuple(out, &parts, values, &place.text())
        }
        (Type::Tuple(parts), Value::List(values)) => {
            tuple(out, &parts.iter().collect::<Vec<_>>(), values, &place.text())
        }
        _ => Err(Error::new(format!("{} must be {}, not {}", place.text(), wanted(part), value.kind()))),
    }
}

fn wanted(part: &Type) -> &'static str {
    match part {
        Type::Uint(_) | Type::Int(_) => "an integer",
        Type::Bool => "true or false",
        Type::Text => "a string",
        Type::Array(..) | Type::Tuple(_) => "a list",
        _ => "bytes or a 0x hex string",
    }
}

#[track_caller]
fn integer(out: &mut Vec<u8>, number: &Integer, fits: bool, place: &Place) -> Result<()> {
    match number.to_word() {
        Some(word) if fits => {
            out.extend_from_slice(&word);
            Ok(())
        }
        _ => Err(Error::new(format!("{} = {number} does not fit its type", place.text()))),
    }
}

#[track_caller]
fn some_bytes(value: &Value, place: &Place) -> Result<Vec<u8>> {
    let wanted = || Error::new(format!("{} must be bytes or a 0x hex string, not {}", place.text(), value.kind()));
    value.some_bytes().ok_or_else(wanted)
}

#[track_caller]
fn fixed(value: &Value, width: usize, place: &Place) -> Result<Vec<u8>> {
    let bytes = some_bytes(value, place)?;
    if bytes.len() != width {
        return Err(Error::new(format!("{} has {} bytes, its type {width}", place.text(), bytes.len())));
    }
    Ok(bytes)
}

/// A length or offset as a word.
fn push_size(out: &mut Vec<u8>, size: usize) {
    out.resize(out.len() + WORD - 8, 0);
    out.extend_from_slice(&(size as u64).to_be_bytes());
}

/// Bytes with zeros up to whole words.
fn push_padded(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
    out.resize(out.len() + (WORD - bytes.len() % WORD) % WORD, 0);
}

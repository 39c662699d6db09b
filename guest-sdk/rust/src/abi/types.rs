//! Solidity's type names, parsed.

use crate::error::{Error, Result};

const MAX_DEPTH: usize = 32;
const MAX_COUNT: usize = 0xffff;

#[derive(Debug, Clone)]
pub enum Type {
    Uint(u32),
    Int(u32),
    Address,
    Bool,
    Fixed(usize),
    Bytes,
    Text,
    Array(Box<Type>, Option<usize>),
    Tuple(Vec<Type>),
}

impl Type {
    #[track_caller]
    pub fn parse(text: &str) -> Result<Self> {
        parse(&text.replace(' ', ""), 0)
    }

    /// The types of a list, as the tuple they are encoded as.
    #[track_caller]
    pub fn parse_all<T: AsRef<str>>(types: &[T]) -> Result<Vec<Self>> {
        let mut parts = Vec::with_capacity(types.len());
        for each in types {
            parts.push(Self::parse(each.as_ref())?);
        }
        Ok(parts)
    }

    /// Whether a head holds an offset to it instead of itself.
    pub fn is_dynamic(&self) -> bool {
        match self {
            Type::Bytes | Type::Text | Type::Array(_, None) => true,
            Type::Array(element, Some(_)) => element.is_dynamic(),
            Type::Tuple(parts) => parts.iter().any(Type::is_dynamic),
            _ => false,
        }
    }

    /// What it takes in a head, in bytes.
    pub fn size(&self) -> usize {
        match self {
            _ if self.is_dynamic() => 32,
            Type::Array(element, Some(count)) => count * element.size(),
            Type::Tuple(parts) => parts.iter().map(Type::size).sum(),
            _ => 32,
        }
    }

    /// The canonical name, as selectors hash it: uint is uint256.
    pub fn name(&self) -> String {
        match self {
            Type::Uint(bits) => format!("uint{bits}"),
            Type::Int(bits) => format!("int{bits}"),
            Type::Address => "address".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Fixed(width) => format!("bytes{width}"),
            Type::Bytes => "bytes".to_owned(),
            Type::Text => "string".to_owned(),
            Type::Array(element, None) => format!("{}[]", element.name()),
            Type::Array(element, Some(count)) => format!("{}[{count}]", element.name()),
            Type::Tuple(parts) => format!("({})", names(parts)),
        }
    }
}

/// Names with commas between them.
pub fn names(parts: &[Type]) -> String {
    parts.iter().map(Type::name).collect::<Vec<_>>().join(",")
}

#[track_caller]
fn parse(text: &str, depth: usize) -> Result<Type> {
    if depth > MAX_DEPTH {
        return Err(Error::new("the type is nested too deeply"));
    }
    if let Some((element, count)) = text.strip_suffix(']').and_then(|inner| inner.rsplit_once('[')) {
        let element = Box::new(parse(element, depth + 1)?);
        if count.is_empty() {
            return Ok(Type::Array(element, None));
        }
        return match count.parse() {
            Ok(count) if (1..=MAX_COUNT).contains(&count) => Ok(Type::Array(element, Some(count))),
            _ => Err(Error::new(format!("unknown type \"{text}\": a fixed array has 1 to {MAX_COUNT} elements"))),
        };
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let parts = split_top_level(inner);
        if parts.is_empty() {
            return Err(Error::new("an empty tuple has no encoding"));
        }
        let mut types = Vec::with_capacity(parts.len());
        for part in parts {
            types.push(parse(part, depth + 1)?);
        }
        return Ok(Type::Tuple(types));
    }
    elementary(text).ok_or_else(|| Error::new(format!("unknown type \"{text}\"")))
}

fn elementary(text: &str) -> Option<Type> {
    let number = |digits: &str, unit: u32, otherwise: Option<u32>| match digits {
        "" => otherwise,
        _ if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) => None,
        _ => digits.parse().ok().filter(|value| value % unit == 0 && (unit..=32 * unit).contains(value)),
    };
    match text {
        "address" => Some(Type::Address),
        "bool" => Some(Type::Bool),
        "bytes" => Some(Type::Bytes),
        "string" => Some(Type::Text),
        _ => None,
    }
    .or_else(|| number(text.strip_prefix("uint")?, 8, Some(256)).map(Type::Uint))
    .or_else(|| number(text.strip_prefix("int")?, 8, Some(256)).map(Type::Int))
    .or_else(|| number(text.strip_prefix("bytes")?, 1, None).map(|width| Type::Fixed(width as usize)))
}

/// "uint256,(bool,bytes)[]" at its outer commas.
pub fn split_top_level(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text.is_empty() {
        parts.push(&text[start..]);
    }
    parts
}

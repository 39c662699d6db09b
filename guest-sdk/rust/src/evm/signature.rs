//! "balanceOf(address)(uint256)": a name, inputs, and perhaps outputs.

use crate::abi::{split_top_level, Type};
use crate::error::{Error, Result};

#[derive(Debug, Clone)]
pub struct Signature {
    /// The canonical "balanceOf(address)".
    pub name: String,
    pub inputs: Vec<Type>,
    pub outputs: Vec<Type>,
}

impl Signature {
    #[track_caller]
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::new(format!("a signature is such as \"balanceOf(address)(uint256)\", not \"{text}\""));
        let text = text.trim();
        let (name, _) = text.split_once('(').ok_or_else(wrong)?;
        let name = name.trim_end();
        let (inputs, behind) = group(&text[name.len()..]).ok_or_else(wrong)?;
        let (outputs, behind) = if behind.is_empty() { ("", "") } else { group(behind).ok_or_else(wrong)? };
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
        let starts = name.bytes().next().map_or(false, |first| letter(first) && !first.is_ascii_digit());
        if !starts || !name.bytes().all(letter) || !behind.is_empty() {
            return Err(wrong());
        }
        let inputs = Type::parse_all(&split_top_level(inputs))?;
        let names: Vec<String> = inputs.iter().map(Type::name).collect();
        Ok(Self {
            name: format!("{name}({})", names.join(",")),
            inputs,
            outputs: Type::parse_all(&split_top_level(outputs))?,
        })
    }
}

/// What stands in the first parentheses, and what is behind them.
fn group(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_start().strip_prefix('(')?;
    let mut depth = 1;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inner[..at], inner[at + 1..].trim_start()));
        }
    }
    None
}

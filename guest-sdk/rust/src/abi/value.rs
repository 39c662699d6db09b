//! Values of any Solidity type.

use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::hex;
use crate::number::Integer;

/// A value. Integers of any width are `Integer`, tuples are lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// uintN, intN
    Integer(Integer),
    /// bool
    Bool(bool),
    /// address; 20 bytes or 0x hex serve as well when one is encoded
    Address([u8; 20]),
    /// bytes, bytesN; 0x hex serves as well when they are encoded
    Bytes(Vec<u8>),
    /// string
    Text(String),
    /// T[], T[k], (T1,T2)
    List(Vec<Value>),
}

/// Values of several types, as `abi::encode` takes them: `values![1, "text", true]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$($crate::abi::Value::from($value)),*]
    };
}

impl Value {
    /// An integer's.
    #[track_caller]
    pub fn as_integer(&self) -> Result<&Integer> {
        match self {
            Value::Integer(value) => Ok(value),
            _ => Err(self.is_no("an integer")),
        }
    }

    /// An integer's, if it fits.
    #[track_caller]
    pub fn as_u64(&self) -> Result<u64> {
        self.as_integer()?.to_u64().ok_or_else(|| self.is_no("a u64"))
    }

    /// An integer's, if it fits.
    #[track_caller]
    pub fn as_u128(&self) -> Result<u128> {
        self.as_integer()?.to_u128().ok_or_else(|| self.is_no("a u128"))
    }

    /// A bool's.
    #[track_caller]
    pub fn as_bool(&self) -> Result<bool> {
        match self {
            Value::Bool(value) => Ok(*value),
            _ => Err(self.is_no("a bool")),
        }
    }

    /// An address's.
    #[track_caller]
    pub fn as_address(&self) -> Result<[u8; 20]> {
        match self {
            Value::Address(value) => Ok(*value),
            _ => Err(self.is_no("an address")),
        }
    }

    /// Bytes', of fixed size or not.
    #[track_caller]
    pub fn as_bytes(&self) -> Result<&[u8]> {
        match self {
            Value::Bytes(value) => Ok(value),
            _ => Err(self.is_no("bytes")),
        }
    }

    /// A string's.
    #[track_caller]
    pub fn as_str(&self) -> Result<&str> {
        match self {
            Value::Text(value) => Ok(value),
            _ => Err(self.is_no("a string")),
        }
    }

    /// An array's or a tuple's.
    #[track_caller]
    pub fn as_list(&self) -> Result<&[Value]> {
        match self {
            Value::List(values) => Ok(values),
            _ => Err(self.is_no("an array or a tuple")),
        }
    }

    /// Bytes, or what they are written as.
    pub(crate) fn some_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Value::Bytes(value) => Some(value.clone()),
            Value::Address(value) => Some(value.to_vec()),
            Value::Text(text) if text.starts_with("0x") => hex::decode(text).ok(),
            _ => None,
        }
    }

    /// How an error message calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Integer(_) => "an integer",
            Value::Bool(_) => "a bool",
            Value::Address(_) => "an address",
            Value::Bytes(_) => "bytes",
            Value::Text(_) => "string",
            Value::List(_) => "a list",
        }
    }

    #[track_caller]
    fn is_no(&self, wanted: &str) -> Error {
        Error::new(["the value is not ", wanted, " but ", self.kind()].concat())
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::Integer(value.into())
            }
        }
    )*};
}
integers!(i8 u16 i16 u32 i32 u64 i64 u128 i128 usize isize Integer &Integer);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Value::Bytes(value.to_vec())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}

impl From<Bytes> for Value {
    fn from(value: Bytes) -> Self {
        Value::Bytes(value.into_vec())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::Text(value.clone())
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Value::List(value)
    }
}

impl<const N: usize> From<[Value; N]> for Value {
    fn from(value: [Value; N]) -> Self {
        Value::List(value.into())
    }
}

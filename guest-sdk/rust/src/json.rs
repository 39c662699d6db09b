//! A JSON reader. Numbers keep the digits they were sent with: nothing goes through floating point.

use crate::error::{Error, Result};
use crate::json_parser;
use crate::number::{Decimal, Integer};
use core::ops::Index;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// As written, such as 1.50 or 2e3.
    Number(String),
    /// Without its escapes.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object's members, in the order they have.
    Object(Vec<(String, Json)>),
}

static NULL: Json = Json::Null;

impl Json {
    /// The value of a whole text.
    #[track_caller]
    pub fn parse(text: &str) -> Result<Self> {
        json_parser::parse(text).map_err(|at| Error::new(["not JSON at byte ", &at.to_string()].concat()))
    }

    /// A member; of two of one name the last.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The part at a path such as `data.rates[0]["a.b"]`; the error "missing-path" where there is none.
    #[track_caller]
    pub fn at(&self, path: &str) -> Result<Json> {
        crate::agreeing::at(self, path).map(Clone::clone)
    }

    /// A string's text.
    #[track_caller]
    pub fn as_str(&self) -> Result<&str> {
        match self {
            Json::String(text) => Ok(text),
            _ => Err(self.is_no("string")),
        }
    }

    /// A number, or a string that holds one, exactly; trailing zeros are not kept of a number.
    #[track_caller]
    pub fn as_decimal(&self) -> Result<Decimal> {
        match self {
            Json::Number(text) => Decimal::from_json_number(text),
            Json::String(text) => Decimal::parse(text),
            _ => Err(self.is_no("number")),
        }
    }

    /// A number, or a string that holds one, that is whole.
    #[track_caller]
    pub fn as_integer(&self) -> Result<Integer> {
        self.as_decimal()?.to_integer()
    }

    /// The same, if it fits.
    #[track_caller]
    pub fn as_u64(&self) -> Result<u64> {
        match self {
            Json::Number(text) => text.parse().map_err(|_| self.is_no("u64")),
            _ => self.as_integer()?.to_u64().ok_or_else(|| self.is_no("u64")),
        }
    }

    /// true or false
    #[track_caller]
    pub fn as_bool(&self) -> Result<bool> {
        match self {
            Json::Bool(value) => Ok(*value),
            _ => Err(self.is_no("true or false")),
        }
    }

    /// Whether it is null, or was not there.
    pub fn is_null(&self) -> bool {
        *self == Json::Null
    }

    /// An array's; of anything else none.
    pub fn items(&self) -> &[Json] {
        match self {
            Json::Array(items) => items,
            _ => &[],
        }
    }

    /// An object's; of anything else none.
    pub fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// How an error message calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    #[track_caller]
    fn is_no(&self, wanted: &str) -> Error {
        Error::new(["the JSON value is no ", wanted, " but ", self.kind()].concat())
    }
}

/// A member, null where there is none.
impl Index<&str> for Json {
    type Output = Json;

    fn index(&self, name: &str) -> &Json {
        self.get(name).unwrap_or(&NULL)
    }
}

/// An element, null where there is none.
impl Index<usize> for Json {
    type Output = Json;

    fn index(&self, at: usize) -> &Json {
        self.items().get(at).unwrap_or(&NULL)
    }
}

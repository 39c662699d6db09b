//! What a look may give: texts, numbers, bytes, lists, records.

use crate::bytes::Bytes;
use crate::json::Json;
use crate::number::{Decimal, Integer};
use std::collections::{BTreeSet, HashSet};

/// A value on its way into agreement. Whether it fits is for the strategy to say.
#[derive(Debug, Clone)]
pub enum Observed {
    /// A text.
    Text(String),
    /// A number, as its decimal text.
    Number(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list or set.
    Items(Vec<Observed>),
    /// Values by name; `record!` makes one.
    Record(Vec<(String, Observed)>),
    /// What cannot be observed, and how an error message calls it.
    Other(&'static str),
}

/// What can be observed.
pub trait Observable {
    /// As it travels.
    fn observed(self) -> Observed;
}

/// Values by name, as `fields!` takes them: `record! { "price": price, "venue": "a" }`.
#[macro_export]
macro_rules! record {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::Observed::Record(vec![$(($name.to_string(), $crate::Observable::observed($value))),*])
    };
}

impl Observable for Observed {
    fn observed(self) -> Observed {
        self
    }
}

impl Observable for String {
    fn observed(self) -> Observed {
        Observed::Text(self)
    }
}

impl Observable for &str {
    fn observed(self) -> Observed {
        Observed::Text(self.to_owned())
    }
}

impl Observable for &String {
    fn observed(self) -> Observed {
        Observed::Text(self.clone())
    }
}

impl Observable for Bytes {
    fn observed(self) -> Observed {
        Observed::Bytes(self.into_vec())
    }
}

impl Observable for Vec<u8> {
    fn observed(self) -> Observed {
        Observed::Bytes(self)
    }
}

impl Observable for &[u8] {
    fn observed(self) -> Observed {
        Observed::Bytes(self.to_vec())
    }
}

impl<const N: usize> Observable for [u8; N] {
    fn observed(self) -> Observed {
        Observed::Bytes(self.to_vec())
    }
}

impl Observable for bool {
    fn observed(self) -> Observed {
        Observed::Other("boolean")
    }
}

impl Observable for () {
    fn observed(self) -> Observed {
        Observed::Other("nothing")
    }
}

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Observable for $type {
            fn observed(self) -> Observed {
                Observed::Number(self.to_string())
            }
        }
    )*};
}
numbers!(i8 u16 i16 u32 i32 u64 i64 u128 i128 usize isize Integer &Integer Decimal &Decimal);

/// In the shortest form that reads back the same, without exponent.
impl Observable for f64 {
    fn observed(self) -> Observed {
        if self == 0.0 {
            return Observed::Number("0".to_owned()); // never -0
        }
        Observed::Number(self.to_string())
    }
}

impl<T: Observable> Observable for Vec<T> {
    fn observed(self) -> Observed {
        Observed::Items(self.into_iter().map(T::observed).collect())
    }
}

impl<T: Observable, const N: usize> Observable for [T; N] {
    fn observed(self) -> Observed {
        Observed::Items(self.into_iter().map(T::observed).collect())
    }
}

impl<T: Observable> Observable for BTreeSet<T> {
    fn observed(self) -> Observed {
        Observed::Items(self.into_iter().map(T::observed).collect())
    }
}

impl<T: Observable> Observable for HashSet<T> {
    fn observed(self) -> Observed {
        Observed::Items(self.into_iter().map(T::observed).collect())
    }
}

impl Observable for Json {
    fn observed(self) -> Observed {
        match self {
            Json::String(text) => Observed::Text(text),
            Json::Number(text) => Observed::Number(match Decimal::from_json_number(&text) {
                Ok(number) => number.to_string(),
                Err(_) => text, // beyond any decimal; the strategy refuses it
            }),
            Json::Array(items) => items.observed(),
            Json::Object(members) => {
                Observed::Record(members.into_iter().map(|(name, value)| (name, value.observed())).collect())
            }
            Json::Null => Observed::Other("null"),
            Json::Bool(_) => Observed::Other("boolean"),
        }
    }
}

impl Observable for &Json {
    fn observed(self) -> Observed {
        self.clone().observed()
    }
}

impl Observed {
    /// How an error message calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Observed::Text(_) => "text",
            Observed::Number(_) => "a number",
            Observed::Bytes(_) => "bytes",
            Observed::Items(_) => "a list",
            Observed::Record(_) => "a record",
            Observed::Other(kind) => kind,
        }
    }
}

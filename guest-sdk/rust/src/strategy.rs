//! How many observations become one: aggregation strategies, and how values travel through them.

use crate::bytes::Bytes;
use crate::canonical;
use crate::error::{cut, Error, Result};
use crate::json::Json;
use crate::number::Decimal;
use crate::observable::{Observable, Observed};

const MAX_DIGITS: usize = 78; // docs/wire.md: agreed decimals are at most this long
const MAX_LABEL: usize = 64;

/// One way to agree, and what it gives.
pub trait Strategy: Sized {
    /// The agreed value.
    type Agreed;

    /// Its name in specs, as JSON.
    fn aggregate(&self) -> String;

    /// The bytes this node observes; the error "bad-value" for a value that the strategy cannot take.
    fn encode(&self, value: Observed) -> Result<Vec<u8>>;

    /// The agreed value of the agreed bytes.
    fn decode(&self, bytes: Vec<u8>) -> Result<Self::Agreed>;

    /// What names the observation in receipts and logs.
    fn label_text(&self) -> Option<&str> {
        None
    }

    /// What stands in for every agreed error.
    fn default_value(&self) -> Option<Observed> {
        None
    }

    /// The same, named in receipts and logs; at most 64 characters.
    fn label(self, label: impl Into<String>) -> Options<Self> {
        Options { default: self.default_value(), label: Some(label.into()), strategy: self }
    }

    /// The same, with a value for every agreed error; `last_observation` tells.
    fn or(self, default: impl Observable) -> Options<Self> {
        Options { label: self.label_text().map(str::to_owned), default: Some(default.observed()), strategy: self }
    }

    /// The observation's spec, canonical JSON.
    #[doc(hidden)]
    #[track_caller]
    fn spec(&self) -> Result<String> {
        let mut members = vec![("aggregate", self.aggregate())];
        if let Some(value) = self.default_value() {
            let bytes = self.encode(value)?;
            let text = core::str::from_utf8(&bytes).map_err(|_| Error::new("a default is text"))?;
            members.push(("default", canonical::string(text)));
        }
        if let Some(label) = self.label_text() {
            if label.chars().count() > MAX_LABEL {
                return Err(Error::new(format!("a label is a text of at most {MAX_LABEL} characters")));
            }
            members.push(("label", canonical::string(label)));
        }
        Ok(canonical::object_in_order(members))
    }
}

/// A strategy with a label or a default.
#[derive(Debug, Clone)]
pub struct Options<S> {
    strategy: S,
    label: Option<String>,
    default: Option<Observed>,
}

impl<S: Strategy> Strategy for Options<S> {
    type Agreed = S::Agreed;

    fn aggregate(&self) -> String {
        self.strategy.aggregate()
    }

    #[track_caller]
    fn encode(&self, value: Observed) -> Result<Vec<u8>> {
        self.strategy.encode(value)
    }

    #[track_caller]
    fn decode(&self, bytes: Vec<u8>) -> Result<S::Agreed> {
        self.strategy.decode(bytes)
    }

    fn label_text(&self) -> Option<&str> {
        self.label.as_deref()
    }

    fn default_value(&self) -> Option<Observed> {
        self.default.clone()
    }
}

/// The form a strategy's values have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A decimal.
    Number,
    /// Any bytes.
    Exact,
    /// Texts, each once, in order.
    Set,
    /// Texts in the order they have.
    List,
}

impl Form {
    /// The value as text: in the observation itself, and as a field of one.
    #[track_caller]
    pub(crate) fn text(self, value: Observed) -> Result<String> {
        match self {
            Form::Number => decimal_text(value),
            Form::Exact => plain_text(value),
            Form::Set => {
                let mut texts = texts_of(value)?;
                texts.sort_by(|one, other| canonical::utf16_order(one, other));
                texts.dedup();
                Ok(canonical::array(texts.iter().map(|text| canonical::string(text))))
            }
            Form::List => Ok(canonical::array(texts_of(value)?.iter().map(|text| canonical::string(text)))),
        }
    }

    #[track_caller]
    fn bytes(self, value: Observed) -> Result<Vec<u8>> {
        match (self, value) {
            (Form::Exact, Observed::Bytes(bytes)) => Ok(bytes),
            (_, value) => Ok(self.text(value)?.into_bytes()),
        }
    }
}

#[track_caller]
fn decimal_text(value: Observed) -> Result<String> {
    let text = match value {
        Observed::Text(text) | Observed::Number(text) => text,
        other => return Err(Error::new(["not a decimal: ", other.kind()].concat())),
    };
    match crate::number::parts_of(&text) {
        Some((whole, fraction)) if whole.len() + fraction.len() <= MAX_DIGITS => Ok(text),
        _ => Err(Error::bad_value(format!("not a decimal of at most {MAX_DIGITS} digits: {}", cut(&text, 100)))),
    }
}

#[track_caller]
fn plain_text(value: Observed) -> Result<String> {
    match value {
        Observed::Text(text) => Ok(text),
        Observed::Number(_) => decimal_text(value),
        other => Err(Error::bad_value(
            ["an observation must be text, bytes or a number, not ", other.kind(), ": encode it yourself"].concat(),
        )),
    }
}

#[track_caller]
fn texts_of(value: Observed) -> Result<Vec<String>> {
    match value {
        Observed::Items(items) => items.into_iter().map(|item| plain_text(item)).collect(),
        other => Err(Error::bad_value(["a set or list is observed as a list of texts, not ", other.kind()].concat())),
    }
}

pub(crate) fn text_of(bytes: &[u8]) -> Result<&str> {
    Ok(core::str::from_utf8(bytes)?)
}

pub(crate) fn decoded_items(text: &str) -> Result<Vec<String>> {
    Json::parse(text)?.items().iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(crate) fn decoded_counts(text: &str) -> Result<Vec<(String, u64)>> {
    Json::parse(text)?.members().iter().map(|(item, count)| Ok((item.clone(), count.as_u64()?))).collect()
}

macro_rules! strategies {
    ($($(#[$doc:meta])* $type:ident = $name:literal, $form:ident -> $agreed:ty: $decode:expr;)*) => {
        /// What `fields!` may be made of.
        #[derive(Debug, Clone, Copy)]
        pub struct Part {
            pub(crate) name: &'static str,
            pub(crate) form: Form,
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $type;

            impl Strategy for $type {
                type Agreed = $agreed;

                fn aggregate(&self) -> String {
                    concat!("\"", $name, "\"").to_owned()
                }

                #[track_caller]
                fn encode(&self, value: Observed) -> Result<Vec<u8>> {
                    Form::$form.bytes(value)
                }

                #[track_caller]
                fn decode(&self, bytes: Vec<u8>) -> Result<$agreed> {
                    let decode: fn(Vec<u8>) -> Result<$agreed> = $decode;
                    decode(bytes)
                }
            }

            impl From<$type> for Part {
                fn from(_: $type) -> Part {
                    Part { name: $name, form: Form::$form }
                }
            }
        )*
    };
}

strategies! {
    /// The lower middle observation, as an exact decimal.
    Median = "median", Number -> Decimal: |bytes| Decimal::parse(text_of(&bytes)?);
    /// The smallest that no liar can make up: the (f + 1)-th from below.
    Min = "min", Number -> Decimal: |bytes| Decimal::parse(text_of(&bytes)?);
    /// The largest that no liar can make up: the (f + 1)-th from above.
    Max = "max", Number -> Decimal: |bytes| Decimal::parse(text_of(&bytes)?);
    /// The exact mean without the f smallest and the f largest, rounded half to even to the digits they have.
    TrimmedMean = "trimmed-mean", Number -> Decimal: |bytes| Decimal::parse(text_of(&bytes)?);
    /// The value of all honest nodes, else the agreed error "no-agreement".
    Identical = "identical", Exact -> Bytes: |bytes| Ok(bytes.into());
    /// The most frequent value, if frequent enough, else "no-agreement".
    Mode = "mode", Exact -> Bytes: |bytes| Ok(bytes.into());
    /// One node looks for all, and may tell anything: for calls that must not run n times. In no `fields!`.
    Single = "single", Exact -> Bytes: |bytes| Ok(bytes.into());
    /// The items that at least one honest node saw for sure.
    Union = "union", Set -> Vec<String>: |bytes| decoded_items(text_of(&bytes)?);
    /// The items that nearly all saw.
    Intersection = "intersection", Set -> Vec<String>: |bytes| decoded_items(text_of(&bytes)?);
    /// The union's items with how many saw each.
    Frequency = "frequency", Set -> Vec<(String, u64)>: |bytes| decoded_counts(text_of(&bytes)?);
    /// The longest list that nearly all nodes' lists begin with.
    CommonPrefix = "common-prefix", List -> Vec<String>: |bytes| decoded_items(text_of(&bytes)?);
    /// The longest list that nearly all nodes' lists end with.
    CommonSuffix = "common-suffix", List -> Vec<String>: |bytes| decoded_items(text_of(&bytes)?);
}

//! Several values in one observation, each under a strategy of its own.

use crate::canonical;
use crate::error::{Error, Result};
use crate::json::Json;
use crate::number::Decimal;
use crate::observable::Observed;
use crate::strategy::{decoded_counts, decoded_items, text_of, Part, Strategy};
use std::collections::BTreeMap;

const MAX_FIELDS: usize = 32;

/// A strategy for each field: `fields! { "price": Median, "venue": Mode }`; a look gives a `record!` of the same names.
#[macro_export]
macro_rules! fields {
    ($($name:literal: $strategy:expr),* $(,)?) => {
        $crate::Fields::new(vec![$(($name.to_string(), $crate::Part::from($strategy))),*])
    };
}

/// Made by `fields!`.
#[derive(Debug, Clone)]
pub struct Fields(Vec<(String, Part)>);

impl Fields {
    /// Of 1 to 32 names; panics for others, and for `Single`, which is no strategy of a part.
    #[track_caller]
    pub fn new(parts: Vec<(String, Part)>) -> Self {
        assert!((1..=MAX_FIELDS).contains(&parts.len()), "fields needs 1 to {} fields", MAX_FIELDS);
        let single = parts.iter().find(|(_, part)| part.name == "single");
        assert!(single.is_none(), "Single is no strategy of a field");
        Self(parts)
    }
}

impl Strategy for Fields {
    type Agreed = Agreed;

    fn aggregate(&self) -> String {
        let names = self.0.iter().map(|(name, part)| (name, canonical::string(part.name)));
        canonical::object_in_order([("fields", canonical::object(names.collect()))])
    }

    #[track_caller]
    fn encode(&self, value: Observed) -> Result<Vec<u8>> {
        let mut given = match value {
            Observed::Record(given) => given,
            other => return Err(Error::bad_value(["fields needs a record, not ", other.kind()].concat())),
        };
        if let Some((name, _)) = given.iter().find(|(name, _)| self.0.iter().all(|(known, _)| known != name)) {
            return Err(Error::bad_value(["field \"", name, "\" has no strategy"].concat()));
        }
        let mut members = Vec::with_capacity(self.0.len());
        for (name, part) in &self.0 {
            let place = given.iter().rposition(|(each, _)| each == name);
            let place = place.ok_or_else(|| Error::bad_value(["field \"", name, "\" is missing"].concat()))?;
            members.push((name, canonical::string(&part.form.text(given.swap_remove(place).1)?)));
        }
        Ok(canonical::object(members).into_bytes())
    }

    #[track_caller]
    fn decode(&self, bytes: Vec<u8>) -> Result<Agreed> {
        let json = Json::parse(text_of(&bytes)?)?;
        let text = |name: &String| Ok((name.clone(), json[name.as_str()].as_str()?.to_owned()));
        Ok(Agreed(self.0.iter().map(|(name, _)| text(name)).collect::<Result<_>>()?))
    }
}

/// The agreed value of each field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed(BTreeMap<String, String>);

impl Agreed {
    /// Of any field; an error for a name that `fields!` did not have.
    #[track_caller]
    pub fn text(&self, name: &str) -> Result<&str> {
        match self.0.get(name) {
            Some(text) => Ok(text),
            None => Err(Error::new(["there is no field \"", name, "\""].concat())),
        }
    }

    /// Of a field under a strategy of numbers.
    #[track_caller]
    pub fn decimal(&self, name: &str) -> Result<Decimal> {
        Decimal::parse(self.text(name)?)
    }

    /// Of a field under a strategy of sets or lists.
    #[track_caller]
    pub fn items(&self, name: &str) -> Result<Vec<String>> {
        decoded_items(self.text(name)?)
    }

    /// Of a field under `Frequency`.
    #[track_caller]
    pub fn counts(&self, name: &str) -> Result<Vec<(String, u64)>> {
        decoded_counts(self.text(name)?)
    }
}

//! What makes agreement likely: parts of replies instead of whole ones, each in one form.

use crate::canonical;
use crate::error::{Error, Result};
use crate::json::Json;
use crate::number::Decimal;
use crate::observable::{Observable, Observed};

const MAX_STEPS: usize = 32;

/// The part of a JSON value at a path such as `data.rates[0]["a.b"]`; the error "missing-path" where there is none.
#[track_caller]
pub fn at<'a>(value: &'a Json, path: &str) -> Result<&'a Json> {
    let mut part = value;
    for step in steps_of(path)? {
        let found = match part {
            Json::Array(items) => step.parse().ok().and_then(|place: usize| items.get(place)),
            other => other.get(&step),
        };
        part = match found {
            Some(found) => found,
            None => {
                let message = format!("{path}: there is no {} in {}", canonical::string(&step), part.kind());
                return Err(Error::with_code("missing-path", message));
            }
        };
    }
    Ok(part)
}

/// The parts of a JSON value by name: `project(&json, &[("price", "data.price")])`, as `fields!` takes them.
#[track_caller]
pub fn project(value: &Json, paths: &[(&str, &str)]) -> Result<Observed> {
    let mut members = Vec::with_capacity(paths.len());
    for (name, path) in paths {
        members.push((name.to_string(), at(value, path)?.observed()));
    }
    Ok(Observed::Record(members))
}

/// One text for one JSON value, whatever the order of its keys; numbers as their decimal strings.
#[track_caller]
pub fn stable(value: &Json) -> Result<String> {
    Ok(match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(text) => canonical::string(&Decimal::from_json_number(text)?.to_string()),
        Json::String(text) => canonical::string(text),
        Json::Array(items) => canonical::array(items.iter().map(|item| stable(item)).collect::<Result<Vec<_>>>()?),
        Json::Object(members) => {
            let mut texts: Vec<(&String, String)> = Vec::with_capacity(members.len());
            for (name, value) in members {
                texts.retain(|(known, _)| *known != name); // of two of one name the last counts
                texts.push((name, stable(value)?));
            }
            canonical::object(texts)
        }
    })
}

/// The headers named, in lower case; of all others servers write something else each time.
pub fn only(headers: &[(String, String)], names: &[&str]) -> Vec<(String, String)> {
    let wanted = |name: &str| names.iter().any(|each| each.eq_ignore_ascii_case(name));
    let kept = headers.iter().filter(|(name, _)| wanted(name));
    kept.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

fn steps_of(path: &str) -> Result<Vec<String>> {
    let refused = || Error::new(format!("not a path of at most {MAX_STEPS} steps: {path}"));
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        let (step, behind) = step_of(rest).ok_or_else(refused)?;
        if steps.len() == MAX_STEPS {
            return Err(refused());
        }
        steps.push(step);
        rest = behind;
    }
    Ok(steps)
}

/// The first step of a path, `.name`, `name`, `[0]` or `["any name"]`, and what is behind it.
fn step_of(path: &str) -> Option<(String, &str)> {
    if path.starts_with("[\"") {
        let end = (2..path.len()).find(|&at| path.as_bytes()[at] == b'"' && !is_escaped(path, at))?;
        let name = match Json::parse(&path[1..=end]).ok()? {
            Json::String(name) => name,
            _ => return None,
        };
        return Some((name, path[end + 1..].strip_prefix(']')?));
    }
    if let Some(inner) = path.strip_prefix('[') {
        let (digits, behind) = inner.split_once(']')?;
        let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        return Some((digits.to_owned(), behind)).filter(|_| whole);
    }
    let name = path.strip_prefix('.').unwrap_or(path);
    let end = name.find(['.', '[', ']']).unwrap_or(name.len());
    Some((name[..end].to_owned(), &name[end..])).filter(|_| end > 0)
}

/// Whether an odd number of backslashes stands before this place.
fn is_escaped(text: &str, at: usize) -> bool {
    text.as_bytes()[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

//! What can go wrong: a message, a stable code where there is one, and the place in the user's source.

use crate::imports;
use core::fmt;
use core::panic::Location;

const MAX_CODE: usize = 64;
const MAX_MESSAGE: usize = 1_024; // error bytes go into the report; what is longer goes to the log

/// The result of whatever may fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// An error. Returned by the function it ends the run as Failed; returned by a look it is observed, by its code.
#[derive(Debug, Clone)]
pub struct Error {
    name: &'static str,
    code: Option<String>,
    message: String,
    place: &'static Location<'static>,
}

impl Error {
    /// An error of the function's own; a look that ends with it observes the code "threw".
    #[track_caller]
    pub fn new(message: impl Into<String>) -> Self {
        Self { name: "Error", code: None, message: message.into(), place: Location::caller() }
    }

    /// One with a stable code, 1 to 64 of [a-z0-9-], which a look that ends with it observes.
    #[track_caller]
    pub fn with_code(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..Self::new(message) }
    }

    /// A capability's error.
    #[track_caller]
    pub(crate) fn capability(what: &str, code: String) -> Self {
        Self { name: "CapabilityError", ..Self::with_code(code.clone(), [what, " failed: ", &code].concat()) }
    }

    /// An agreed error: its code, where the committee found no value itself with ": " and why.
    #[track_caller]
    pub(crate) fn observation(label: Option<&str>, error: &str) -> Self {
        let of = label.map_or(String::new(), |label| [" for ", label].concat());
        let code = error.split(": ").next().unwrap_or_default();
        Self { name: "ObservationError", ..Self::with_code(code, ["agreed error", &of, ": ", error].concat()) }
    }

    /// A value that cannot be observed under its strategy.
    #[track_caller]
    pub(crate) fn bad_value(message: impl Into<String>) -> Self {
        Self { name: "BadValue", ..Self::with_code("bad-value", message) }
    }

    /// Its stable code; "threw" for one that has none.
    pub fn code(&self) -> &str {
        match &self.code {
            Some(code) if is_code(code) => code,
            _ => "threw",
        }
    }

    /// What happened, without name and place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the committee agreed on this error.
    pub fn is_agreed(&self) -> bool {
        self.name == "ObservationError"
    }

    /// "CapabilityError: http.fetch failed: timeout (src/price.rs:7:20)".
    pub(crate) fn headline(&self) -> String {
        let text = [self.name, ": ", &self.message].concat();
        match place_of(Some(self.place)) {
            Some(place) => [text.as_str(), " (", &place, ")"].concat(),
            None => text,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.message)
    }
}

/// Any error of the standard library or of another crate becomes one, so that `?` takes them all.
impl<E: std::error::Error> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

/// Ends the run as Failed with this text, cut to what the report may hold.
pub fn fail(text: impl AsRef<str>) -> ! {
    let text = text.as_ref();
    let short = cut(text, MAX_MESSAGE);
    if short.len() < text.len() {
        crate::log::beyond_budget(text);
    }
    imports::fail(if short.is_empty() { b"failed" } else { short.as_bytes() })
}

/// "src/price.rs:7:20"; none where the place is the standard library's, which older compilers say of `?`.
pub(crate) fn place_of(place: Option<&Location>) -> Option<String> {
    let place = place.filter(|place| !place.file().contains("/library/core/src/"))?;
    Some([place.file(), ":", &place.line().to_string(), ":", &place.column().to_string()].concat())
}

/// At most so many bytes of a text, never half a character.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= MAX_CODE && text.bytes().all(allowed)
}

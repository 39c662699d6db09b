//! Canonical JSON (RFC 8785 over strings, integers, arrays and objects): docs/wire.md §4.

/// Adds a text as a JSON string, in the one form there is for it.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 32 || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..at]);
        push_escape(out, rest.as_bytes()[at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

fn push_escape(out: &mut String, byte: u8) {
    out.push('\\');
    match byte {
        b'"' | b'\\' => out.push(byte as char),
        8 => out.push('b'),
        9 => out.push('t'),
        10 => out.push('n'),
        12 => out.push('f'),
        13 => out.push('r'),
        _ => {
            out.push_str(if byte < 16 { "u000" } else { "u001" });
            out.push(b"0123456789abcdef"[byte as usize & 15] as char);
        }
    }
}

/// A text as a JSON string.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

/// Texts that are JSON already, as an array.
pub fn array<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut out = String::from("[");
    for item in items {
        push_comma(&mut out);
        out.push_str(item.as_ref());
    }
    out.push(']');
    out
}

/// Names with values that are JSON already, as an object in the order of its names' UTF-16 code units.
pub fn object<K: AsRef<str>, V: AsRef<str>>(mut members: Vec<(K, V)>) -> String {
    members.sort_by(|one, other| utf16_order(one.0.as_ref(), other.0.as_ref()));
    object_in_order(members)
}

/// The same, in the order they have.
pub fn object_in_order<K: AsRef<str>, V: AsRef<str>>(members: impl IntoIterator<Item = (K, V)>) -> String {
    let mut out = String::from("{");
    for (name, value) in members {
        push_comma(&mut out);
        push_string(&mut out, name.as_ref());
        out.push(':');
        out.push_str(value.as_ref());
    }
    out.push('}');
    out
}

fn push_comma(out: &mut String) {
    if out.len() > 1 {
        out.push(',');
    }
}

/// The order of RFC 8785, and of sets.
pub fn utf16_order(one: &str, other: &str) -> core::cmp::Ordering {
    one.bytes().map(utf16_rank).cmp(other.bytes().map(utf16_rank))
}

/// Where a UTF-8 byte stands among UTF-16 code units: the four-byte characters come before U+E000 (bytes ee and ef).
fn utf16_rank(byte: u8) -> u8 {
    match byte {
        0xf0..=0xff => byte - 2,
        0xee..=0xef => byte + 16,
        _ => byte,
    }
}

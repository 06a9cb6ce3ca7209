//! The content of a data file in one spelling, and its SHA-256.
//!
//! A revision is named by what the file says, not by how it is laid out: comments, blank lines, the
//! order of keys and the kind of quotes do not change it; any value, note or name does. The spelling
//! is JSON with sorted keys and no blanks. Deliberately not here: which files belong together
//! (`rulebook/`), and a signature, which is the matter of those who publish.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use toml::de::{DeTable, DeValue};

/// The canonical spelling of a parsed file.
pub(crate) fn spell(table: &DeTable<'_>) -> String {
    let mut out = String::new();
    spell_table(table, &mut out);
    out
}

/// SHA-256 of a domain and a text, in 64 hex digits. The domain keeps a tariff and a rule book
/// apart even if their content were the same.
pub(crate) fn sha256_hex(domain: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(domain.as_bytes());
    hash.update([0]);
    hash.update(text.as_bytes());
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail; the result is discarded for that reason.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn spell_table(table: &DeTable<'_>, out: &mut String) {
    // The keys come in order whether or not another crate of the workspace asks the TOML parser to
    // keep the order of the file.
    let mut entries: Vec<(&str, &DeValue<'_>)> =
        table.iter().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref())).collect();
    entries.sort_by_key(|(key, _)| *key);
    out.push('{');
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        spell_text(key, out);
        out.push(':');
        spell_value(value, out);
    }
    out.push('}');
}

fn spell_value(value: &DeValue<'_>, out: &mut String) {
    match value {
        DeValue::String(text) => spell_text(text, out),
        DeValue::Integer(integer) => spell_integer(integer.as_str(), integer.radix(), out),
        DeValue::Float(float) => out.push_str(float.as_str()),
        DeValue::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        DeValue::Datetime(moment) => spell_text(&moment.to_string(), out),
        DeValue::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                spell_value(item.get_ref(), out);
            }
            out.push(']');
        }
        DeValue::Table(table) => spell_table(table, out),
    }
}

/// An integer is spelled in decimals however it was written (`0x10` and `16` are one number).
fn spell_integer(digits: &str, radix: u32, out: &mut String) {
    match i64::from_str_radix(digits, radix) {
        Ok(value) => out.push_str(&value.to_string()),
        Err(_) => out.push_str(digits),
    }
}

fn spell_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            control if (control as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> String {
        spell(DeTable::parse(text).unwrap().get_ref())
    }

    /// Layout does not change the spelling; content does.
    #[test]
    fn layout_is_not_content() {
        let plain = spelled("b = 16\na = \"x\"\n[t]\nk = [1, 2]\n");
        assert_eq!(plain, r#"{"a":"x","b":16,"t":{"k":[1,2]}}"#);
        let other_layout = "# a comment\na = 'x'\n\nb = 0x10\nt = { k = [\n 1,\n 2,\n] }\n";
        assert_eq!(spelled(other_layout), plain);
        for other_content in ["b = 16\na = \"y\"\n[t]\nk = [1, 2]\n", "b = 16\na = \"x\"\n[t]\nk = [2, 1]\n"]
        {
            assert_ne!(spelled(other_content), plain);
        }
    }

    /// Quotes and control characters cannot make two contents look like one.
    #[test]
    fn texts_are_escaped() {
        assert_eq!(spelled(r#"a = "1\",\"b\":\"2""#), r#"{"a":"1\",\"b\":\"2"}"#);
        assert_eq!(spelled(r#"a = "line\n\\""#), "{\"a\":\"line\\u000a\\\\\"}");
        assert_eq!(spelled("d = 2026-01-01"), r#"{"d":"2026-01-01"}"#);
    }

    /// The hash is SHA-256 of domain, zero byte and text; checked against another implementation.
    #[test]
    fn the_hash_is_sha_256() {
        // printf 'plates.tariff.1\0{"a":1}' | sha256sum
        let by_coreutils = "c9829c3e69e4671e23df4fac77e0c56f3b385322ae25d5b33d2f97e54c55baab";
        assert_eq!(sha256_hex("plates.tariff.1", r#"{"a":1}"#), by_coreutils);
    }
}

//! JSON in which a name stands once in an object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::problem::{Problem, ProblemKind};

/// The object of a body. Of two fields with one name none could be told to count, so that is refused;
/// so is nesting beyond 128 levels.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let refused = |detail: String| Problem::new(ProblemKind::Invalid, detail);
    let strict: Strict = serde_json::from_slice(bytes)
        .map_err(|error| refused(format!("the body is not JSON as it should be: {error}")))?;
    match strict.0 {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(refused("the body is not a JSON object, as in {\"steps\": 50}".to_owned()))
        }
    }
}

/// A value whose objects have each name once.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("the field `{name}` is there twice")));
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let fields =
            object(br#"{"a": 18446744073709551615, "b": [1.5, null, {"c": -3}]}"#).unwrap();
        assert_eq!(fields["a"].as_u64(), Some(u64::MAX));
        assert_eq!(
            Value::Object(fields).to_string(),
            r#"{"a":18446744073709551615,"b":[1.5,null,{"c":-3}]}"#
        );
    }

    #[test]
    fn what_is_no_object_of_single_fields_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for (text, words) in [
            ("", "EOF"),
            ("7", "not a JSON object"),
            ("[]", "not a JSON object"),
            (r#"{"a": NaN}"#, "expected value"),
            (r#"{"a": 1e999}"#, "out of range"),
            (r#"{"a": 1, "a": 1}"#, "`a` is there twice"),
            (r#"{"a": {"b": 1, "b": 2}}"#, "`b` is there twice"),
            (r#"{"a": 1} x"#, "trailing"),
            (&format!(r#"{{"a": {deep}}}"#), "recursion limit"),
            ("{\"a\": \"\u{1}\"}", "control character"),
        ] {
            let problem = object(text.as_bytes()).unwrap_err();
            assert!(problem.detail().contains(words), "{text}: {}", problem.detail());
        }
        assert!(object(b"{\"\xff\": 1}").is_err());
    }
}

//! Lists of files that anybody may have made.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// A list of at most so many values. A longer one is refused where the limit is passed, before it
/// takes memory: two bytes of JSON can stand for a string of twenty-four.
pub(crate) struct AtMost<const MOST: usize, T>(pub(crate) Vec<T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Deserialize<'de> for AtMost<MOST, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(ListVisitor::<MOST, T>(PhantomData))
    }
}

struct ListVisitor<const MOST: usize, T>(PhantomData<T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Visitor<'de> for ListVisitor<MOST, T> {
    type Value = AtMost<MOST, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MOST} values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            list.push(value);
        }
        Ok(AtMost(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_list_is_refused() {
        let read = |json| serde_json::from_str::<AtMost<2, u8>>(json).map(|AtMost(list)| list);
        assert_eq!(read("[1, 2]").unwrap(), [1, 2]);
        let message = read("[1, 2, 3, 4]").unwrap_err().to_string();
        assert!(message.starts_with("invalid length 3, expected a list of at most 2 values"));
    }
}

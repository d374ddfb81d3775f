//! Numbers of things in messages.

/// So many things: the name is that of one.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    let ending = match count {
        1 => "",
        _ if thing.ends_with("ss") => "es",
        _ => "s",
    };
    format!("{count} {thing}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "row")), ["0 rows", "1 row", "2 rows"]);
        assert_eq!([1, 2].map(|count| counted(count, "class")), ["1 class", "2 classes"]);
    }
}

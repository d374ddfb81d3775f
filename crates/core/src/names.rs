//! Names of the variants of an enum, each written in one place.

/// Gives an enum `ALL`, `NAMES` and `name()`, and what parsers and help texts make of them. The
/// last variant may have a field, with the value it has in `ALL`; any value has the same name.
macro_rules! names {
    ($Type:ident, $count:literal: $first:literal => $First:ident,
     $($name:literal => $Variant:ident,)*
     or $last:literal => $Last:ident $({ $field:ident: $value:literal })?) => {
        impl $Type {
            /// All of them, in the order of [`Self::NAMES`].
            pub const ALL: [Self; $count] =
                [Self::$First, $(Self::$Variant,)* Self::$Last $({ $field: $value })?];
            /// Names that [`str::parse`] understands.
            pub const NAMES: [&'static str; $count] = [$first, $($name,)* $last];
            /// The names as a phrase.
            #[allow(dead_code, reason = "not every such enum is an option")]
            pub(crate) const CHOICE: &'static str =
                concat!($first, $(", ", $name,)* " or ", $last);

            /// The name that parses back to it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    Self::$First => $first,
                    $(Self::$Variant => $name,)*
                    Self::$Last $({ $field: _ })? => $last,
                }
            }

            fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == name)
            }
        }
    };
}

pub(crate) use names;

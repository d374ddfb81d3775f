//! Closed choices that a file spells as strings.

/// Declares an enum whose variants have names in files.
///
/// Reading an unknown name fails with that name and the list of those that are supported.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $Enum:ident { $( $(#[$variant_meta:meta])* $Variant:ident = $name:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Enum { $( $(#[$variant_meta])* $Variant, )* }

        impl $Enum {
            /// Every choice.
            pub const ALL: &'static [Self] = &[ $( Self::$Variant, )* ];

            /// Their names in files.
            pub const NAMES: &'static [&'static str] = &[ $( $name, )* ];

            /// The name in files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$Variant => $name, )* }
            }

            /// The choice that files call `name`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == name)
            }
        }

        impl std::fmt::Display for $Enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str($crate::names::NameVisitor { names: Self::NAMES, from_name: Self::from_name })
            }
        }
    };
}
pub(crate) use names;

use std::fmt;

use serde::de;

/// Reads one of `names`.
pub(crate) struct NameVisitor<T> {
    pub(crate) names: &'static [&'static str],
    pub(crate) from_name: fn(&str) -> Option<T>,
}

impl<T> NameVisitor<T> {
    fn supported(&self) -> String {
        if self.names.is_empty() { "null".to_owned() } else { self.names.join(", ") }
    }
}

impl<T> de::Visitor<'_> for NameVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of: {}", self.supported())
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<T, E> {
        (self.from_name)(name).ok_or_else(|| {
            let supported = self.supported();
            E::custom(format_args!("{name:?} is not supported (supported: {supported})"))
        })
    }
}

//! Options of the things that are named in text: `heun:churn=40`, `linear:start=1e-4,end=0.02`.

use thiserror::Error;

/// What one option is, for help texts and tables.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct OptionInfo {
    /// Its name, as written before `=`.
    pub name: &'static str,
    /// Its default, as it would be written.
    pub default: &'static str,
    /// What it does, in a line, with its range.
    pub about: &'static str,
}

impl OptionInfo {
    /// The option `name`, its default as it would be written, and a line about it with its range.
    #[must_use]
    pub const fn new(name: &'static str, default: &'static str, about: &'static str) -> Self {
        Self { name, default, about }
    }
}

/// A text that names nothing that is known, or has an option that is none.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum OptionError {
    /// The name before the colon is not in the list.
    #[error("unknown {kind} {found:?}: expected one of {}", known.join(", "))]
    Name {
        /// What kind of thing was to be named.
        kind: &'static str,
        /// The name found.
        found: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// Not of the form `name=value`.
    #[error("option {found:?} of {owner}: expected name=value")]
    Form {
        /// The thing that was named.
        owner: String,
        /// The text found.
        found: String,
    },
    /// An option is given more than once.
    #[error("option {found:?} of {owner} is given more than once")]
    Twice {
        /// The thing that was named.
        owner: String,
        /// The option's name.
        found: String,
    },
    /// The thing has no such option.
    #[error("{owner} has no option {found:?}: it takes {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    Unknown {
        /// The thing that was named.
        owner: String,
        /// The option's name.
        found: String,
        /// The options there are.
        known: Vec<&'static str>,
    },
    /// A value that does not fit.
    #[error("option {name}={found} of {owner}: expected {expected}")]
    Value {
        /// The thing that was named.
        owner: String,
        /// The option's name.
        name: &'static str,
        /// The value found.
        found: String,
        /// What would fit.
        expected: String,
    },
}

impl OptionError {
    /// A `found` name of some `kind` that is not among the `known` ones.
    pub(crate) fn name(kind: &'static str, found: &str, known: Vec<&'static str>) -> Self {
        Self::Name { kind, found: found.to_owned(), known }
    }

    /// The `value` of option `name` of `owner`, if it `fits`.
    pub(crate) fn check<T: Copy + ToString>(
        owner: &str,
        name: &'static str,
        value: T,
        expected: &str,
        fits: impl Fn(T) -> bool,
    ) -> Result<T, Self> {
        if fits(value) {
            return Ok(value);
        }
        let (owner, found, expected) = (owner.to_owned(), value.to_string(), expected.to_owned());
        Err(Self::Value { owner, name, found, expected })
    }
}

/// Writes `name:option=value,…`, which [`Options::split`] reads.
pub(crate) fn write(
    f: &mut std::fmt::Formatter<'_>,
    name: &str,
    options: &[OptionInfo],
    values: &[String],
) -> std::fmt::Result {
    f.write_str(name)?;
    for (i, (option, value)) in std::iter::zip(options, values).enumerate() {
        write!(f, "{}{}={value}", if i == 0 { ':' } else { ',' }, option.name)?;
    }
    Ok(())
}

/// The options written after a name, taken out one by one by the thing that is named.
#[derive(Clone, Debug)]
pub struct Options {
    owner: String,
    pairs: Vec<(String, String)>,
}

impl Options {
    /// Splits `name:option=value,option=value` into the name and its options.
    ///
    /// # Errors
    /// [`OptionError::Form`] for an option without `=`, [`OptionError::Twice`] for one that is
    /// given again.
    pub fn split(text: &str) -> Result<(String, Self), OptionError> {
        let (owner, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut options = Self { owner: owner.to_owned(), pairs: Vec::new() };
        for part in rest.split(',').filter(|part| !part.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(OptionError::Form { owner: owner.to_owned(), found: part.to_owned() });
            };
            options.add(name.trim(), value.trim())?;
        }
        Ok((owner.to_owned(), options))
    }

    /// Whether option `name` is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name)
    }

    /// Adds an option, as if it had been written.
    ///
    /// # Errors
    /// [`OptionError::Twice`] if it is there already.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        if self.has(name) {
            return Err(OptionError::Twice { owner: self.owner.clone(), found: name.to_owned() });
        }
        self.pairs.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Takes out the value of option `name` if it is there; `expected` says what would fit.
    ///
    /// # Errors
    /// [`OptionError::Value`] if it does not parse, or `fits` says no.
    pub fn take<T: std::str::FromStr>(
        &mut self,
        name: &'static str,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, OptionError> {
        let Some(found) = self.remove(name) else { return Ok(None) };
        match found.parse() {
            Ok(value) if fits(&value) => Ok(Some(value)),
            _ => Err(self.refused(name, found, expected)),
        }
    }

    // These two are not generic, so that they are compiled once.

    fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(found, _)| found == name)?;
        Some(self.pairs.remove(at).1)
    }

    fn refused(&self, name: &'static str, found: String, expected: &str) -> OptionError {
        let (owner, expected) = (self.owner.clone(), expected.to_owned());
        OptionError::Value { owner, name, found, expected }
    }

    /// Checks that nothing is left over.
    ///
    /// # Errors
    /// [`OptionError::Unknown`], naming the first that is, and those in `known`.
    pub fn finish(self, known: &[OptionInfo]) -> Result<(), OptionError> {
        match self.pairs.into_iter().next() {
            None => Ok(()),
            Some((found, _)) => Err(OptionError::Unknown {
                owner: self.owner,
                found,
                known: known.iter().map(|option| option.name).collect(),
            }),
        }
    }
}

//! The classes that a model knows, and the label that means "none".

use ancestral_format::{Labels, ModelFolder};

use super::Model;
use crate::error::{Notice, Problem, SettingError};
use crate::labels::{SampleLabels, Shares};
use crate::settings::{Setting, Settings};

/// The class name that means no class.
const NONE: &str = "none";

/// The classes of a model's samples.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Classes {
    /// It has none.
    None,
    /// They have names: label 0 is the first.
    Named {
        /// The names.
        names: Vec<String>,
        /// How many samples of each the data have, if that is known.
        counts: Option<Vec<u64>>,
        /// The label that means "none", if there is one.
        null: Option<u32>,
    },
    /// They have numbers alone.
    Numbered {
        /// How many labels there are.
        count: usize,
    },
    /// Labels are numbers of any size.
    Numbers,
    /// Labels are vectors, which can't be given here.
    Vectors,
}

impl Classes {
    /// Those of a folder. In models that are trained here the last label means "none".
    pub(super) fn of(folder: &ModelFolder) -> Self {
        let data = folder.about.as_ref().map(|about| &about.data);
        let names = data.and_then(|data| data.class_names.clone());
        match folder.network.labels() {
            Labels::None => Self::None,
            Labels::Times => Self::Numbers,
            Labels::Vectors => Self::Vectors,
            Labels::Classes(count) => match names {
                Some(names) if names.len() + 1 == count || names.len() == count => Self::Named {
                    null: (names.len() < count).then(|| label(names.len())),
                    counts: data.and_then(|data| data.class_counts.clone()),
                    names,
                },
                _ => Self::Numbered { count },
            },
        }
    }

    /// The label that means "none", if the model says so.
    #[must_use]
    pub fn null(&self) -> Option<u32> {
        match self {
            Self::Named { null, .. } => *null,
            Self::None | Self::Numbered { .. } | Self::Numbers | Self::Vectors => None,
        }
    }

    /// What a label is called.
    #[must_use]
    pub fn name(&self, label: u32) -> Option<&str> {
        match self {
            Self::Named { names, .. } => names.get(label as usize).map(String::as_str),
            Self::None | Self::Numbered { .. } | Self::Numbers | Self::Vectors => None,
        }
    }

    /// The label of the class of that name; the label that means "none" is that of no class.
    fn find(&self, class: &str, null: Option<u32>) -> Option<u32> {
        let found = match self {
            Self::Named { names, .. } => names.iter().position(|name| name == class).map(label),
            Self::Numbered { count } => {
                class.parse().ok().filter(|label| (*label as usize) < *count)
            }
            Self::Numbers => class.parse().ok(),
            Self::None | Self::Vectors => None,
        };
        found.filter(|label| Some(*label) != null)
    }

    /// The valid names, as a phrase.
    fn expected(&self, null: Option<u32>) -> String {
        let none = null.map(|_| format!(", or {NONE}")).unwrap_or_default();
        let is_class = |label: &usize| null.is_none_or(|null| *label != null as usize);
        match self {
            Self::Named { names, .. } => {
                let classes = (0..names.len()).filter(is_class).map(|label| names[label].as_str());
                format!("one of {}{none}", classes.collect::<Vec<_>>().join(", "))
            }
            Self::Numbered { count } => {
                let last = (0..*count).rfind(is_class).unwrap_or_default();
                let but = null.filter(|null| (*null as usize) < last);
                let but = but.map(|null| format!(" but {null}")).unwrap_or_default();
                format!("0 to {last}{but}{none}")
            }
            Self::None | Self::Numbers | Self::Vectors => "a whole number".to_owned(),
        }
    }
}

fn label(index: usize) -> u32 {
    u32::try_from(index).expect("few classes")
}

impl Model {
    /// The label that means "none": the one that is set, or the model's own.
    pub(crate) fn null_label(&self, settings: &Settings) -> Result<Option<u32>, SettingError> {
        let (Some(null), Classes::Named { .. } | Classes::Numbered { .. }) =
            (settings.null_label, &self.classes)
        else {
            return match settings.null_label {
                None => Ok(self.classes.null()),
                Some(null) => {
                    let problem = Problem::NoClasses { model: self.name.clone() };
                    Err(SettingError::of(Setting::NullLabel, null, problem))
                }
            };
        };
        let Labels::Classes(count) = self.folder.network.labels() else { return Ok(Some(null)) };
        if null as usize >= count {
            let problem = Problem::NullLabel { model: self.name.clone(), count };
            return Err(SettingError::of(Setting::NullLabel, null, problem));
        }
        match self.classes.null().filter(|own| *own != null) {
            Some(own) => {
                let problem = Problem::KnownNullLabel { model: self.name.clone(), own };
                Err(SettingError::of(Setting::NullLabel, null, problem))
            }
            None => Ok(Some(null)),
        }
    }

    /// Says so if the class that is requested has the name that means no class elsewhere.
    pub(crate) fn note_class_none(&self, settings: &Settings) -> Option<Notice> {
        let is_name = self.classes.null().is_some() && self.classes.find(NONE, None).is_some();
        (is_name && settings.class.as_deref() == Some(NONE)).then(|| {
            Notice::note(
                "`class` none is the class of that name here; `guidance` 0 with any class draws without one",
            )
        })
    }

    /// Labels where no class is requested: each class as often as in the data, or equally often if
    /// the model does not record that.
    pub(crate) fn spread_labels(&self, settings: &Settings) -> Result<SampleLabels, SettingError> {
        match &self.classes {
            Classes::Named { names, counts, null: Some(_) } if !names.is_empty() => {
                let counts = counts.clone().unwrap_or_else(|| vec![1; names.len()]);
                Ok(SampleLabels::Shares(Shares::new(&counts, settings.seed)))
            }
            Classes::None
            | Classes::Named { .. }
            | Classes::Numbered { .. }
            | Classes::Numbers
            | Classes::Vectors => self.one_label(settings),
        }
    }

    /// The label of the requested class, or the null label, for all samples.
    pub(crate) fn one_label(&self, settings: &Settings) -> Result<SampleLabels, SettingError> {
        let null = self.null_label(settings)?;
        let model = || self.name.clone();
        let Some(class) = &settings.class else {
            return match (&self.classes, null) {
                (Classes::None, _) => Ok(SampleLabels::None),
                (_, Some(null)) => Ok(SampleLabels::One(null)),
                (Classes::Vectors, None) => {
                    Err(SettingError::new(Setting::Class, Problem::Vectors { model: model() }))
                }
                (Classes::Named { .. } | Classes::Numbered { .. } | Classes::Numbers, None) => {
                    let expected = self.classes.expected(None);
                    let may_have_none = matches!(self.classes, Classes::Numbered { .. });
                    let problem =
                        Problem::NoClassChosen { model: model(), expected, may_have_none };
                    Err(SettingError::new(Setting::Class, problem))
                }
            };
        };
        let found = self.classes.find(class, null).or(null.filter(|_| class == NONE));
        found.map(SampleLabels::One).ok_or_else(|| {
            let problem = match &self.classes {
                Classes::None => Problem::NoClasses { model: model() },
                Classes::Vectors => Problem::Vectors { model: model() },
                Classes::Named { .. } | Classes::Numbered { .. } if class == NONE => {
                    Problem::NoNullLabel { model: model() }
                }
                Classes::Named { .. } | Classes::Numbered { .. } | Classes::Numbers => {
                    let expected = self.classes.expected(null);
                    Problem::UnknownClass { model: model(), expected }
                }
            };
            SettingError::of(Setting::Class, class, problem)
        })
    }
}

//! Where runs begin: at noise, at rows that are given, or at data that are noised.

use std::ops::Range;

use ancestral::{Batch, Level, Noise, slerp};

use crate::error::{Error, Problem, SettingError};
use crate::model::Model;
use crate::process::Process;
use crate::settings::{Setting, Settings};

/// Share of the steps that are taken from data, if nothing is said.
const STRENGTH: f64 = 0.5;

/// Where runs begin.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// At fresh noise.
    Noise,
    /// At these rows, one a sample.
    Rows(Batch),
    /// At `count` rows on the great circle from one row to another, both included.
    Between { from: Batch, to: Batch, count: usize },
    /// At these clean rows, one a sample or one for all, brought to a level by fresh noise.
    Data { x0: Batch, level: Level },
}

impl Start {
    /// As the settings say; `process` is cut to what is left of it from there.
    pub(crate) fn new(
        settings: &Settings,
        model: &Model,
        process: &mut Process,
    ) -> Result<Self, Error> {
        let given = [(Setting::Init, &settings.init), (Setting::From, &settings.from)];
        for (setting, rows) in given {
            let checked = rows.as_ref().map_or(Ok(()), |rows| model.check_rows(rows));
            checked.map_err(|problem| SettingError::new(setting, problem))?;
        }
        if settings.init.is_some() && model.columns().is_some_and(|columns| !columns.are_lines()) {
            return Err(SettingError::new(Setting::Init, Problem::NoLines).into());
        }
        if let Some(between) = settings.interpolate {
            return Self::between(settings, model, between);
        }
        let Some(x0) = settings.from.clone() else {
            return Ok(settings.init.clone().map_or(Self::Noise, Self::Rows));
        };
        let strength = settings.strength.unwrap_or(STRENGTH);
        let first = process.cut(strength)?;
        // A full run begins with noise alone, however little of the data its first level would keep.
        let level = if strength == 1.0 { Level::NOISE } else { first };
        Ok(Self::Data { x0, level })
    }

    /// On the great circle from one x_T to another, with so many rows between them.
    fn between(settings: &Settings, model: &Model, between: usize) -> Result<Self, Error> {
        let ends = settings.init.clone().map_or_else(|| first_two(settings, model), Ok)?;
        if ends.rows() != 2 {
            let problem = Problem::NotTwo { rows: ends.rows() };
            return Err(SettingError::of(Setting::Interpolate, between, problem).into());
        }
        let (from, to) = (ends.slice(0..1), ends.slice(1..2));
        Ok(Self::Between { from, to, count: between + 2 })
    }

    /// How many samples it is for, if not for any number.
    pub(crate) fn rows(&self) -> Option<usize> {
        match self {
            Self::Noise => None,
            Self::Rows(rows) => Some(rows.rows()),
            Self::Between { count, .. } => Some(*count),
            Self::Data { x0, .. } => Some(x0.rows()).filter(|rows| *rows > 1),
        }
    }

    /// Whether it is noise alone.
    pub(crate) fn is_noise(&self) -> bool {
        match self {
            Self::Noise => true,
            Self::Data { level, .. } => *level == Level::NOISE,
            Self::Rows(_) | Self::Between { .. } => false,
        }
    }

    /// Whether the first draw of noise is part of it.
    pub(crate) fn is_drawn(&self) -> bool {
        match self {
            Self::Noise | Self::Data { .. } => true,
            Self::Rows(_) | Self::Between { .. } => false,
        }
    }

    /// Where the samples `range` begin, of this shape.
    pub(crate) fn x_t(
        &self,
        range: Range<usize>,
        shape: &[usize],
        noise: &mut impl Noise<Batch>,
    ) -> Batch {
        let blank = Batch::zeros(range.len(), shape.to_vec());
        match self {
            Self::Noise => noise.draw(&blank),
            Self::Rows(rows) => rows.slice(range),
            Self::Between { from, to, count } => {
                let share = |i: usize| i as f64 / (count - 1) as f64;
                Batch::stack(&range.map(|i| slerp(from, to, share(i))).collect::<Vec<_>>())
            }
            Self::Data { x0, level } if x0.rows() == 1 => {
                let x0 = Batch::stack(range.map(|_| x0));
                level.noised(&x0, &noise.draw(&blank))
            }
            Self::Data { x0, level } => level.noised(&x0.slice(range), &noise.draw(&blank)),
        }
    }
}

/// x_T of the first sample and the one after it.
fn first_two(settings: &Settings, model: &Model) -> Result<Batch, Error> {
    let Some(end) = settings.first.checked_add(2) else {
        let problem = Problem::Beyond { count: 2 };
        return Err(SettingError::of(Setting::First, settings.first, problem).into());
    };
    let mut noise = settings.rng.noise(settings.seed, settings.first..end, false);
    Ok(noise.draw(&Batch::zeros(2, model.shape()?)))
}

//! All numbers of a page.

mod ends;
mod hops;
mod numbers;
mod runs;

use ancestral::exact::Mixture;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::field::Field;
use crate::page::page;
use crate::process::Process;
use crate::run::Run;
use crate::subject::{Kind, Subject};
use numbers::Numbers;

/// Values of pictures that the runs of a page may hold, so that it stays below 2 MB.
const PICTURE_VALUES: usize = 1_100_000;

/// The exact reverse processes of a data set, and all that a page shows of them.
#[derive(Clone, Debug)]
pub struct Explanation {
    subject: Subject,
    data: Mixture,
    particles: Particles,
    runs: Vec<(Process, Run)>,
    field: Option<Field>,
}

/// How much of the runs a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Particles {
    /// Particles of each run.
    pub all: usize,
    /// How many of them, from the first on, can be followed closely.
    pub guides: usize,
    /// The most hops whose start is kept.
    pub frames: usize,
}

impl Particles {
    /// What there is room for: of 64 values or fewer 22 particles and more, of 200 at least 5.
    #[must_use]
    pub fn of(subject: &Subject) -> Self {
        let values = match subject.kind {
            Kind::Points { .. } => return Self { all: 128, guides: 4, frames: 50 },
            Kind::Pictures(shape) => shape.iter().product::<usize>(),
        };
        let (guides, frames) = (2, if values > 100 { 8 } else { 20 });
        let kept: usize = Process::all().iter().map(|process| process.hops.min(frames) + 1).sum();
        // A guide has its estimate, the other two predictions, the mean, and the end of its hop as well.
        let all = PICTURE_VALUES / (kept * values) - 5 * guides;
        Self { all: all.min(24), guides, frames }
    }
}

impl Explanation {
    /// Runs every process.
    ///
    /// # Panics
    /// Never: a subject has rows.
    #[must_use]
    pub fn new(subject: Subject) -> Self {
        let data = Mixture::data_set(&subject.rows).expect("a data set has rows");
        let particles = Particles::of(&subject);
        let Particles { all, frames, .. } = particles;
        let run = |process: &Process| (*process, Run::new(process, &data, all, frames));
        let runs = Process::all().par_iter().map(run).collect();
        let field = match subject.kind {
            Kind::Points { .. } => Some(Field::new(&data)),
            Kind::Pictures(_) => None,
        };
        Self { subject, data, particles, runs, field }
    }

    /// The page: one HTML file that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        page(&Numbers::of(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_data::{Dataset, toy};
    use base64::Engine as _;
    use serde_json::Value;

    fn numbers(html: &str) -> Value {
        let (_, rest) = html.split_once(r#"id="numbers">"#).unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }

    fn bytes(table: &Value) -> Vec<u8> {
        base64::engine::general_purpose::STANDARD.decode(table["bytes"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_page_holds_the_runs_of_all_processes() {
        let (data, columns) = toy("moons").unwrap().table(20, 0).unwrap().into_parts();
        let subject = Subject::new("moons", &data, Some(&columns)).unwrap();
        let points = Mixture::data_set(subject.rows()).unwrap();
        let numbers = numbers(&Explanation::new(subject).html());
        assert_eq!(numbers["runs"].as_array().unwrap().len(), Process::all().len());
        for (process, stored) in std::iter::zip(Process::all(), numbers["runs"].as_array().unwrap())
        {
            let run = Run::new(&process, &points, 128, 50);
            let ends = bytes(&stored["x"]);
            let ends = ends[ends.len() - 512..].chunks_exact(2);
            let ends = ends.map(|two| f64::from(i16::from_le_bytes([two[0], two[1]])) / 4096.0);
            for (stored, end) in std::iter::zip(ends, run.end.data()) {
                assert!((stored - end).abs() <= 0.5 / 4096.0, "{process:?}: {stored} is not {end}");
            }
            let x0 = bytes(&stored["guides"]["x0"]);
            let first = f32::from_le_bytes([x0[0], x0[1], x0[2], x0[3]]);
            assert!((f64::from(first) - run.frames[0].x0.row(0)[0]).abs() < 1e-6);
        }
    }

    #[test]
    fn every_size_of_pictures_leaves_room_for_particles() {
        for (shape, least) in [([1, 8, 8], 20), ([3, 8, 8], 8), ([1, 14, 14], 8), ([1, 1, 1], 24)] {
            let rows: usize = shape.iter().product();
            let data = Dataset::new(shape.to_vec(), vec![0.5; rows]).unwrap();
            let particles = Particles::of(&Subject::new("x", &data, None).unwrap());
            assert!(particles.all >= least && particles.guides <= particles.all, "{particles:?}");
        }
    }

    #[test]
    fn pictures_become_a_page_under_2_mb() {
        let values = (0..500 * 196_u32).map(|i| (i % 97) as f32 / 48.0 - 1.0).collect();
        let data = Dataset::new(vec![1, 14, 14], values).unwrap();
        let subject = Subject::new("x", &data, None).unwrap();
        assert_eq!(subject.rows().rows(), 500);
        let rows = subject.rows().slice(0..20);
        // Fewer rows are faster, and take less room by a known size.
        let few = Subject { rows, ..subject };
        let html = Explanation::new(few).html();
        assert!(html.len() + 480 * 196 * 4 / 3 < 2_000_000, "{}", html.len());
    }
}

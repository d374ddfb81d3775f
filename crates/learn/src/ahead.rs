//! Rows that are read before they are needed.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::data_order::DataOrder;
use crate::{TrainError, TrainingSet};

/// Threads that read. While one waits for a disk the other decodes; more would take the time of
/// training.
const THREADS: usize = 2;

/// The samples that a process takes: the same places of each update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Samples of an update.
    of: u64,
    taken: Range<u64>,
}

impl Places {
    /// These places of an update of so many samples.
    pub(crate) fn new(of: usize, taken: Range<usize>) -> Self {
        Self { of: of as u64, taken: taken.start as u64..taken.end as u64 }
    }

    /// How many samples are taken before `sample`, which is one of them.
    fn before(&self, sample: u64) -> u64 {
        sample / self.of * self.each() + sample % self.of - self.taken.start
    }

    /// The sample that is taken after so many.
    fn sample(&self, before: u64) -> u64 {
        before / self.each() * self.of + self.taken.start + before % self.each()
    }

    fn each(&self) -> u64 {
        self.taken.end - self.taken.start
    }
}

/// Threads that read the rows of coming samples, in the order in which training takes them.
#[derive(Debug)]
pub(crate) struct Ahead {
    places: Places,
    /// How many samples are taken before the next one.
    before: u64,
    /// Thread k reads each sample before which k are taken, modulo the number of threads.
    rows: Vec<Receiver<Result<Vec<f32>, TrainError>>>,
}

impl Ahead {
    /// Begins to read from the sample `first` on, at most `depth` samples ahead.
    pub(crate) fn new(
        data: &TrainingSet,
        order: &DataOrder,
        places: &Places,
        first: u64,
        depth: usize,
    ) -> Self {
        let before = places.before(first);
        let start = |thread: usize| {
            let (to, from) = sync_channel(depth.div_ceil(THREADS));
            let (data, mut order, places) = (data.clone(), order.clone(), places.clone());
            let skipped = (thread + THREADS - place(before)) % THREADS;
            let samples = (before + skipped as u64..).step_by(THREADS);
            // It ends when nobody is left to take what it reads.
            thread::spawn(move || {
                samples.map(|before| order.at(places.sample(before))).find(|row| {
                    let row = data.row(*row).map(std::borrow::Cow::into_owned);
                    to.send(row).is_err()
                })
            });
            from
        };
        Self { places: places.clone(), before, rows: (0..THREADS).map(start).collect() }
    }

    /// The sample whose row is taken next.
    pub(crate) fn next(&self) -> u64 {
        self.places.sample(self.before)
    }

    /// The row of the next sample.
    pub(crate) fn take(&mut self) -> Result<Vec<f32>, TrainError> {
        let from = &self.rows[place(self.before)];
        self.before += 1;
        from.recv().expect("a thread that reads ends after this one's side")
    }
}

/// Which thread reads the sample after so many.
fn place(before: u64) -> usize {
    usize::try_from(before % THREADS as u64).expect("few threads")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::Colours;
    use std::sync::Arc;

    #[test]
    fn rows_come_in_the_order_of_training_from_anywhere() {
        let data = TrainingSet::read(vec![1, 2, 2], Arc::new(Colours::new(40)), 0).unwrap();
        let mut order = DataOrder::new(5, 40);
        for (taken, firsts) in [(0..10, [0, 7, 38]), (4..7, [4, 15, 36])] {
            let places = Places::new(10, taken.clone());
            for first in firsts {
                let mut ahead = Ahead::new(&data, &order, &places, first, 8);
                let taken =
                    |sample: &u64| (taken.start as u64..taken.end as u64).contains(&(sample % 10));
                for sample in (first..first + 100).filter(taken) {
                    assert_eq!(ahead.next(), sample);
                    let expected = data.row(order.at(sample)).unwrap();
                    assert_eq!(ahead.take().unwrap(), *expected, "{sample}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_when_its_turn_comes() {
        let colours = Colours { lost: Some(2), ..Colours::new(6) };
        let data = TrainingSet::read(vec![1, 2, 2], Arc::new(colours), 0).unwrap();
        let mut order = DataOrder::new(1, 6);
        let turn = (0..6).position(|place| order.at(place) == 2).unwrap();
        let mut ahead = Ahead::new(&data, &order, &Places::new(1, 0..1), 0, 4);
        for place in 0..6 {
            assert_eq!(ahead.take().is_err(), place == turn);
        }
    }
}

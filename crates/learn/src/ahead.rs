//! Rows that are read before they are needed.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::data_order::DataOrder;
use crate::{TrainError, TrainingSet};

/// Threads that read. While one waits for a disk the other decodes; more would take the time of
/// training.
const THREADS: usize = 2;

/// Threads that read the rows of coming samples, in the order in which training takes them.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// The sample that is taken next.
    pub next: u64,
    /// Thread k reads each sample whose number is k, modulo the number of threads.
    rows: Vec<Receiver<Result<Vec<f32>, TrainError>>>,
}

impl Ahead {
    /// Begins to read from the sample `first` on, at most `depth` samples ahead.
    pub(crate) fn new(data: &TrainingSet, order: &DataOrder, first: u64, depth: usize) -> Self {
        let start = |thread: usize| {
            let (to, from) = sync_channel(depth.div_ceil(THREADS));
            let (data, mut order) = (data.clone(), order.clone());
            let skipped = (thread + THREADS - place(first)) % THREADS;
            let samples = (first + skipped as u64..).step_by(THREADS);
            // It ends when nobody is left to take what it reads.
            thread::spawn(move || {
                samples.map(|sample| order.at(sample)).find(|row| {
                    let row = data.row(*row).map(std::borrow::Cow::into_owned);
                    to.send(row).is_err()
                })
            });
            from
        };
        Self { next: first, rows: (0..THREADS).map(start).collect() }
    }

    /// The row of the next sample.
    pub(crate) fn take(&mut self) -> Result<Vec<f32>, TrainError> {
        let from = &self.rows[place(self.next)];
        self.next += 1;
        from.recv().expect("a thread that reads ends after this one's side")
    }
}

/// Which thread reads a sample.
fn place(sample: u64) -> usize {
    usize::try_from(sample % THREADS as u64).expect("few threads")
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
        for first in [0, 7, 38] {
            let mut ahead = Ahead::new(&data, &order, first, 8);
            for sample in first..first + 100 {
                let expected = data.row(order.at(sample)).unwrap();
                assert_eq!(ahead.take().unwrap(), *expected, "{sample}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_when_its_turn_comes() {
        let colours = Colours { lost: Some(2), ..Colours::new(6) };
        let data = TrainingSet::read(vec![1, 2, 2], Arc::new(colours), 0).unwrap();
        let mut order = DataOrder::new(1, 6);
        let turn = (0..6).position(|place| order.at(place) == 2).unwrap();
        let mut ahead = Ahead::new(&data, &order, 0, 4);
        for place in 0..6 {
            assert_eq!(ahead.take().is_err(), place == turn);
        }
    }
}

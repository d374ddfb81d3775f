//! Many trajectories that share the calls of one network.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroUsize;

use ancestral::Batch;
use ancestral::suspend::Call;
use ancestral_cpu::NetworkError;

use crate::samples::Samples;
use crate::trajectory::{Poll, Step, Trajectory};

/// Trajectories of one model that share the calls of its network, turn by turn.
///
/// Each may have its own sampler, steps, class and guidance, come at any turn, and be cancelled at any
/// turn. Its samples are the bits that it would have alone, as a network's rows don't depend on each
/// other. Turns are given in a circle, so that none waits for ever; owners of trajectories share the
/// rows of turns evenly, however many trajectories each has.
///
/// # Example
/// ```
/// use std::num::NonZeroUsize;
/// use ancestral_pipeline::{Batcher, Event, Pipeline, Settings};
///
/// let pipeline = Pipeline::built_in()?;
/// let mut batcher = Batcher::new(NonZeroUsize::new(64).expect("64 is not 0"));
/// for (key, text) in ["ddim", "heun", "unipc"].into_iter().enumerate() {
///     let plan = pipeline.plan(&Settings::new().count(4).steps(3 + key).sampler(text))?;
///     batcher.add(key, plan.trajectory(plan.indices()));
/// }
/// let mut done = Vec::new();
/// while !batcher.is_empty() {
///     for (key, event) in batcher.turn(|call| pipeline.predict(call)) {
///         if let Event::Done(samples) = event {
///             assert_eq!(samples.x.rows(), 4);
///             done.push(key);
///         }
///     }
/// }
/// assert_eq!(done, [0, 2, 1]); // heun calls twice a step
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batcher<K> {
    rows: NonZeroUsize,
    live: VecDeque<Member<K>>,
    /// The rows that each owner of a live trajectory was given so far.
    given: HashMap<u64, u64>,
}

/// A trajectory among others.
#[derive(Clone, Debug)]
struct Member<K> {
    key: K,
    owner: u64,
    trajectory: Trajectory,
    /// What was predicted so far of a call that is larger than a turn.
    predicted: Vec<Batch>,
    /// Why the network failed on its rows.
    failed: Option<NetworkError>,
}

/// What happened to a trajectory in a turn.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// It made a step.
    Step(Step),
    /// It has ended, and left.
    Done(Samples),
    /// The network failed on its rows, and it has left.
    Failed(NetworkError),
}

/// Rows of one trajectory in the call of a turn.
struct Share {
    /// Which member, by its place.
    member: usize,
    call: Call,
}

impl<K: Clone + PartialEq> Batcher<K> {
    /// Without trajectories; a call of the network is of at most `rows` rows.
    #[must_use]
    pub fn new(rows: NonZeroUsize) -> Self {
        Self { rows, live: VecDeque::new(), given: HashMap::new() }
    }

    /// Adds a trajectory, which takes part from the next turn on. All that are added so have one owner.
    pub fn add(&mut self, key: K, trajectory: Trajectory) {
        self.add_of(0, key, trajectory);
    }

    /// Adds a trajectory of an owner. Where not all trajectories find room in a turn, owners are given
    /// equally many rows.
    pub fn add_of(&mut self, owner: u64, key: K, trajectory: Trajectory) {
        let start = self.least_given();
        self.given.entry(owner).or_insert(start);
        self.live.push_back(Member { key, owner, trajectory, predicted: Vec::new(), failed: None });
    }

    /// Takes all trajectories called `key` out, and returns how many there were.
    pub fn cancel(&mut self, key: &K) -> usize {
        let before = self.live.len();
        self.live.retain(|member| member.key != *key);
        before - self.live.len()
    }

    /// How many trajectories there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there are no trajectories.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// One turn: at most one shared call of the network, `predict`, and all that follows from it. If
    /// the call fails, each trajectory in it is tried alone, so that only those fail that have to.
    pub fn turn(
        &mut self,
        mut predict: impl FnMut(&Call) -> Result<Batch, NetworkError>,
    ) -> Vec<(K, Event)> {
        let mut events = Vec::new();
        self.settle(&mut events);
        self.forget_owners();
        let shares = self.shares();
        let Some(shared) = joined(&shares) else { return events };
        self.count(&shares);
        match predict(&shared) {
            Ok(prediction) => {
                let mut from = 0;
                for Share { member, call } in &shares {
                    let rows = from..from + call.x.rows();
                    from = rows.end;
                    self.live[*member].take(Ok(prediction.slice(rows)));
                }
            }
            Err(error) if shares.len() == 1 => self.live[shares[0].member].take(Err(error)),
            Err(_) => {
                for Share { member, call } in &shares {
                    self.live[*member].take(predict(call));
                }
            }
        }
        // Each is the first of a call in its turn.
        self.pass_on(&shares);
        self.live.retain_mut(|member| match member.failed.take() {
            Some(error) => {
                events.push((member.key.clone(), Event::Failed(error)));
                false
            }
            None => true,
        });
        self.settle(&mut events);
        events
    }

    /// Those that took part in a turn go to the end.
    fn pass_on(&mut self, shares: &[Share]) {
        let mut took_part = vec![false; self.live.len()];
        for share in shares {
            took_part[share.member] = true;
        }
        let members = std::mem::take(&mut self.live).into_iter().zip(took_part);
        let (back, front): (Vec<_>, Vec<_>) = members.partition(|(_, took_part)| *took_part);
        self.live = front.into_iter().chain(back).map(|(member, _)| member).collect();
    }

    /// What an owner has been given at the least: whoever comes, or wanted less than there was, is at
    /// most a turn ahead of the others.
    fn least_given(&self) -> u64 {
        let most = self.given.values().max().copied().unwrap_or_default();
        most.saturating_sub(self.rows.get() as u64)
    }

    /// Counts the rows of a turn.
    fn count(&mut self, shares: &[Share]) {
        for share in shares {
            let owner = self.live[share.member].owner;
            *self.given.entry(owner).or_default() += share.call.x.rows() as u64;
        }
        let least = self.least_given();
        self.given.values_mut().for_each(|given| *given = (*given).max(least));
    }

    /// Forgets owners without trajectories.
    fn forget_owners(&mut self) {
        let live: HashSet<u64> = self.live.iter().map(|member| member.owner).collect();
        self.given.retain(|owner, _| live.contains(owner));
    }

    /// The order in which trajectories find room in a turn, by their places: the first of each owner,
    /// the second of each, and so on; owners that were given less before others.
    fn order(&self) -> Vec<usize> {
        let mut ranks: HashMap<u64, usize> = HashMap::new();
        let mut order: Vec<_> = self
            .live
            .iter()
            .enumerate()
            .map(|(place, member)| {
                let rank = ranks.entry(member.owner).or_default();
                *rank += 1;
                (*rank, self.given[&member.owner], place)
            })
            .collect();
        order.sort_unstable();
        order.into_iter().map(|(_, _, place)| place).collect()
    }

    /// Lets every trajectory go on until it waits for the network; those that have ended leave.
    fn settle(&mut self, events: &mut Vec<(K, Event)>) {
        self.live.retain_mut(|Member { key, trajectory, .. }| {
            loop {
                match trajectory.poll() {
                    Poll::Call(_) => return true,
                    Poll::Step(step) => events.push((key.clone(), Event::Step(step))),
                    Poll::Done(samples) => {
                        events.push((key.clone(), Event::Done(samples)));
                        return false;
                    }
                }
            }
        });
    }

    /// The rows of the next call: of the first trajectory, and of those after it that fit with it.
    fn shares(&mut self) -> Vec<Share> {
        let mut left = self.rows.get();
        let mut shares: Vec<Share> = Vec::new();
        for member in self.order() {
            let Some(call) = self.live[member].left(left) else { continue };
            let fits = shares.first().is_none_or(|first| {
                first.call.labels.is_some() == call.labels.is_some()
                    && first.call.x.row_shape() == call.x.row_shape()
            });
            if fits {
                left -= call.x.rows();
                shares.push(Share { member, call });
            }
            if left == 0 {
                break;
            }
        }
        shares
    }
}

impl<K> Member<K> {
    /// What is left of the call that waits, at most so many rows.
    fn left(&mut self, most: usize) -> Option<Call> {
        let from: usize = self.predicted.iter().map(Batch::rows).sum();
        let Poll::Call(call) = self.trajectory.poll() else { return None };
        let rows = from..call.x.rows().min(from + most);
        if rows.len() == call.x.rows() {
            return Some(call.clone());
        }
        Some(Call {
            x: call.x.slice(rows.clone()),
            timesteps: call.timesteps[rows.clone()].to_vec(),
            labels: call.labels.as_ref().map(|labels| labels[rows].to_vec()),
        })
    }

    /// Takes what was predicted of the call that waits, which is answered once all of it is there.
    fn take(&mut self, prediction: Result<Batch, NetworkError>) {
        match prediction {
            Ok(prediction) => self.predicted.push(prediction),
            Err(error) => self.failed = Some(error),
        }
        let predicted: usize = self.predicted.iter().map(Batch::rows).sum();
        if let Poll::Call(call) = self.trajectory.poll()
            && predicted == call.x.rows()
        {
            let parts = std::mem::take(&mut self.predicted);
            let whole = if let [whole] = &parts[..] { whole.clone() } else { Batch::stack(&parts) };
            self.trajectory.answer(whole).expect("a prediction of the network of its model");
        }
    }
}

/// The call of all shares.
fn joined(shares: &[Share]) -> Option<Call> {
    if let [only] = shares {
        return Some(only.call.clone());
    }
    let calls = || shares.iter().map(|share| &share.call);
    calls().next()?;
    let labels: Option<Vec<&[u32]>> = calls().map(|call| call.labels.as_deref()).collect();
    Some(Call {
        x: Batch::stack(calls().map(|call| &call.x)),
        timesteps: calls().flat_map(|call| call.timesteps.iter().copied()).collect(),
        labels: labels.map(|labels| labels.concat()),
    })
}

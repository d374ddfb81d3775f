//! All jobs of a server: those that wait, in their order, those that run, and results that are kept.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::job::Job;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::problem::{Problem, ProblemKind};

/// Results that are kept at a time, however small they are.
const MOST_KEPT: usize = 1000;

/// All jobs of a server.
#[derive(Debug)]
pub(crate) struct Jobs {
    limits: Limits,
    metrics: Arc<Metrics>,
    table: Mutex<Table>,
    /// There is something to do for the engine.
    work: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    by_id: HashMap<String, Arc<Job>>,
    waiting: Waiting,
    running: Vec<Arc<Job>>,
    /// Ids of results that are kept, the oldest first, and when they came.
    kept: VecDeque<(Instant, Arc<Job>)>,
    kept_bytes: usize,
    is_draining: bool,
    is_stopped: bool,
}

/// Jobs that wait: each client's in the order in which they came, clients in turn.
#[derive(Debug, Default)]
struct Waiting {
    clients: VecDeque<(u64, VecDeque<Arc<Job>>)>,
}

/// What the engine does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Begins these, and goes on with the others.
    Turn(Vec<Arc<Job>>),
    /// Ends.
    Stop,
}

impl Waiting {
    fn len(&self) -> usize {
        self.clients.iter().map(|(_, jobs)| jobs.len()).sum()
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.clients.iter().flat_map(|(_, jobs)| jobs)
    }

    fn push(&mut self, job: Arc<Job>) {
        match self.clients.iter_mut().find(|(owner, _)| *owner == job.owner) {
            Some((_, jobs)) => jobs.push_back(job),
            None => self.clients.push_back((job.owner, VecDeque::from([job]))),
        }
    }

    /// How many are drawn before a job; `None` if it does not wait.
    fn ahead(&self, job: &Job) -> Option<usize> {
        let client = self.clients.iter().position(|(owner, _)| *owner == job.owner)?;
        let own = self.clients[client].1.iter().position(|other| other.number == job.number)?;
        let others = self.clients.iter().enumerate().filter(|(place, _)| *place != client);
        // Of clients whose turn is before this one's, one more.
        let of_others =
            others.map(|(place, (_, jobs))| jobs.len().min(own + usize::from(place < client)));
        Some(own + of_others.sum::<usize>())
    }

    fn remove(&mut self, job: &Job) -> bool {
        let before = self.len();
        for (_, jobs) in &mut self.clients {
            jobs.retain(|other| other.number != job.number);
        }
        self.clients.retain(|(_, jobs)| !jobs.is_empty());
        self.len() < before
    }

    /// Takes the next job that may start; its client is the last then.
    fn take(&mut self, may_start: impl Fn(&Job) -> bool) -> Option<Arc<Job>> {
        let place = self.clients.iter().position(|(_, jobs)| may_start(&jobs[0]))?;
        let (owner, mut jobs) = self.clients.remove(place)?;
        let job = jobs.pop_front();
        if !jobs.is_empty() {
            self.clients.push_back((owner, jobs));
        }
        job
    }

    fn take_all(&mut self) -> Vec<Arc<Job>> {
        std::mem::take(&mut self.clients).into_iter().flat_map(|(_, jobs)| jobs).collect()
    }
}

/// Whether a job finds room beside those that run. Each client may have one that runs, so that it does
/// not wait for the many of another.
fn has_room(running: &[Arc<Job>], job: &Job, limits: &Limits) -> bool {
    let has_none = running.iter().all(|other| other.owner != job.owner);
    let is_few = running.len() < limits.running || has_none;
    let bytes = running.iter().map(|job| job.bytes_running()).fold(0, usize::saturating_add);
    running.is_empty() || is_few && bytes.saturating_add(job.bytes_running()) <= limits.memory
}

impl Table {
    /// Forgets results that are too old or too many.
    fn sweep(&mut self, limits: &Limits) {
        while let Some((since, job)) = self.kept.front() {
            let is_too_much = self.kept_bytes > limits.kept_bytes || self.kept.len() > MOST_KEPT;
            if !is_too_much && since.elapsed() < limits.kept_for {
                break;
            }
            self.kept_bytes -= job.bytes_kept();
            self.by_id.remove(&job.id);
            self.kept.pop_front();
        }
    }
}

impl Jobs {
    pub(crate) fn new(limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self { limits, metrics, table: Mutex::default(), work: Condvar::new() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job on.
    pub(crate) fn submit(&self, job: &Arc<Job>) -> Result<(), Problem> {
        let needs = job.bytes_running();
        if needs > self.limits.memory {
            let detail = format!(
                "`count` {}: its numbers need {} MB, this server has {} MB for all requests",
                job.plan.count(),
                needs.div_ceil(1_000_000),
                self.limits.memory / 1_000_000
            );
            return Err(Problem::new(ProblemKind::Invalid, detail).at("count"));
        }
        let mut table = self.table();
        if table.is_draining {
            return Err(Problem::new(ProblemKind::Draining, "the server is about to stop"));
        }
        table.sweep(&self.limits);
        let waiting = table.waiting.len();
        // A client that has nothing here is not kept out by another one's many, but by many clients.
        let is_new = table.running.iter().chain(table.waiting.iter()).all(|j| j.owner != job.owner);
        let most = self.limits.waiting * if is_new { 2 } else { 1 };
        if waiting >= most {
            // All that is ahead has to be drawn, at the most, until there is a place.
            let ahead = table.running.iter().chain(table.waiting.iter());
            let seconds: f64 = ahead.map(|job| job.seconds_left()).sum();
            self.metrics.refused();
            let detail = format!("{waiting} requests are waiting already: try again later");
            let problem = Problem::new(ProblemKind::Busy, detail).with_limit(self.limits.waiting);
            return Err(problem.with_retry(whole_seconds(seconds)));
        }
        table.waiting.push(Arc::clone(job));
        table.by_id.insert(job.id.clone(), Arc::clone(job));
        job.accept(self.ahead_in(&table, job));
        self.metrics.queue(table.waiting.len());
        drop(table);
        self.work.notify_one();
        Ok(())
    }

    /// Its place in the queue, from 1; 0 if it starts with the next turn.
    fn ahead_in(&self, table: &Table, job: &Job) -> usize {
        match table.waiting.ahead(job) {
            Some(0) if has_room(&table.running, job, &self.limits) => 0,
            Some(ahead) => ahead + 1,
            None => 0,
        }
    }

    pub(crate) fn find(&self, id: &str) -> Result<Arc<Job>, Problem> {
        let mut table = self.table();
        table.sweep(&self.limits);
        let found = table.by_id.get(id).cloned();
        found.ok_or_else(|| {
            Problem::new(ProblemKind::NotFound, "there are no samples of that id, or not any more")
        })
    }

    /// The place in the queue, and about how many seconds it takes until the samples are there.
    pub(crate) fn place(&self, job: &Job) -> (usize, f64) {
        let table = self.table();
        let ahead = table.waiting.ahead(job);
        let running = table.running.iter().filter(|other| other.number != job.number);
        let others: f64 = running.map(|other| other.seconds_left()).sum();
        let waiting = table.waiting.iter().filter(|other| {
            ahead.is_some_and(|ahead| table.waiting.ahead(other).is_some_and(|it| it < ahead))
        });
        let before: f64 = waiting.map(|other| other.seconds_left()).sum();
        (self.ahead_in(&table, job), others + before + job.seconds_left())
    }

    /// Cancels a job, for a reason; refused if it has ended. One that waits never starts, the rows of one
    /// that runs are free at the next turn.
    pub(crate) fn cancel(&self, job: &Arc<Job>, reason: Problem) -> Result<(), Problem> {
        let mut table = self.table();
        if !job.end(reason) {
            let detail = format!("it is over: {}", job.outcome());
            return Err(Problem::new(ProblemKind::Ended, detail));
        }
        table.waiting.remove(job);
        self.close(&mut table, job);
        drop(table);
        self.work.notify_one();
        Ok(())
    }

    /// Takes note that a job is over.
    pub(crate) fn ended(&self, job: &Arc<Job>) {
        let mut table = self.table();
        self.close(&mut table, job);
    }

    fn close(&self, table: &mut Table, job: &Arc<Job>) {
        table.running.retain(|other| other.number != job.number);
        if table.by_id.contains_key(&job.id) {
            table.kept.push_back((Instant::now(), Arc::clone(job)));
            table.kept_bytes += job.bytes_kept();
        }
        table.sweep(&self.limits);
        self.metrics.queue(table.waiting.len());
        self.metrics.kept(table.kept_bytes);
        self.metrics.ended(job);
        let look = job.look();
        tracing::info!(
            id = job.id,
            model = job.offer.id(),
            sampler = job.plan.sampler(),
            count = job.plan.count(),
            seed = job.seed,
            outcome = job.outcome(),
            milliseconds = look.milliseconds,
            "samples"
        );
    }

    /// Forgets a job whose result was delivered.
    pub(crate) fn forget(&self, job: &Job) {
        let mut table = self.table();
        if table.by_id.remove(&job.id).is_none() {
            return;
        }
        let place = table.kept.iter().position(|(_, kept)| kept.number == job.number);
        if let Some(place) = place {
            table.kept.remove(place);
            table.kept_bytes -= job.bytes_kept();
            self.metrics.kept(table.kept_bytes);
        }
    }

    /// Waits until there is something to do, unless some job `is_live`, and takes jobs that may start.
    pub(crate) fn next(&self, is_live: bool) -> Next {
        let mut table = self.table();
        loop {
            if table.is_stopped {
                return Next::Stop;
            }
            let mut begun = Vec::new();
            loop {
                let Table { waiting, running, .. } = &mut *table;
                let Some(job) = waiting.take(|job| has_room(&*running, job, &self.limits)) else {
                    break;
                };
                if job.start() {
                    running.push(Arc::clone(&job));
                    begun.push(job);
                }
            }
            self.metrics.queue(table.waiting.len());
            if is_live || !begun.is_empty() {
                return Next::Turn(begun);
            }
            table = self.work.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// From now on nothing is taken on; what waits is ended.
    pub(crate) fn drain(&self) {
        let mut table = self.table();
        table.is_draining = true;
        for job in table.waiting.take_all() {
            if job.end(draining()) {
                self.close(&mut table, &job);
            }
        }
    }

    /// Whether it takes nothing on any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.table().is_draining
    }

    /// Whether nothing waits or runs.
    pub(crate) fn is_idle(&self) -> bool {
        let table = self.table();
        table.running.is_empty() && table.waiting.len() == 0
    }

    /// Ends all, and the engine.
    pub(crate) fn stop(&self) {
        self.drain();
        let mut table = self.table();
        for job in table.running.clone() {
            if job.end(draining()) {
                self.close(&mut table, &job);
            }
        }
        table.is_stopped = true;
        drop(table);
        self.work.notify_one();
    }
}

fn draining() -> Problem {
    Problem::new(ProblemKind::Draining, "the server stopped before it was done")
}

/// Seconds of `Retry-After`: whole ones, at least one.
fn whole_seconds(seconds: f64) -> u64 {
    /// An hour: who waits longer asks again.
    const MOST: f64 = 3600.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 3600")]
    let whole = seconds.ceil().clamp(1.0, MOST) as u64;
    whole
}

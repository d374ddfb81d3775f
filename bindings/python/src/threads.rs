//! Where the work is done: on threads of this process, without the interpreter's lock, and so that
//! Ctrl-C arrives.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How often Ctrl-C is looked for during work that does not return.
const PAUSE: Duration = Duration::from_millis(50);

/// A pool and the process that it is of: after a fork its threads are not there.
struct Pool {
    process: u32,
    threads: usize,
    pool: Arc<ThreadPool>,
}

static POOLS: Mutex<Vec<Pool>> = Mutex::new(Vec::new());

/// How many threads work is done on. Pools of as many are shared by the process.
#[derive(Clone, Copy, Debug)]
pub struct Threads(usize);

impl Threads {
    /// So many, at most as many as there are cores; `None`: as many as there are cores.
    pub fn new(threads: Option<usize>) -> PyResult<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        match threads {
            Some(0) => Err(PyValueError::new_err("threads 0: expected at least 1")),
            threads => Ok(Self(threads.unwrap_or(cores).min(cores))),
        }
    }

    fn pool(self) -> PyResult<Arc<ThreadPool>> {
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process::id();
        while let Some(place) = pools.iter().position(|pool| pool.process != process) {
            // Its threads stayed in the parent: to end them would wait for them.
            std::mem::forget(pools.swap_remove(place));
        }
        if let Some(found) = pools.iter().find(|pool| pool.threads == self.0) {
            return Ok(Arc::clone(&found.pool));
        }
        let pool = ThreadPoolBuilder::new().num_threads(self.0).build();
        let pool = pool.map_err(|error| PyRuntimeError::new_err(format!("threads: {error}")))?;
        let pool = Arc::new(pool);
        pools.push(Pool { process, threads: self.0, pool: Arc::clone(&pool) });
        Ok(pool)
    }

    /// Does some work there, while Python's other threads go on.
    pub fn run<T: Send>(self, py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
        let pool = self.pool()?;
        Ok(py.detach(|| pool.install(work)))
    }

    /// The same for work that takes long: `stop` is set by Ctrl-C, and the work has to look at it.
    /// KeyboardInterrupt is raised when it has returned.
    pub fn watched<T: Send>(
        self,
        py: Python<'_>,
        stop: &AtomicBool,
        work: impl FnOnce() -> T + Send,
    ) -> PyResult<T> {
        let pool = self.pool()?;
        py.detach(|| {
            thread::scope(|scope| {
                let (done, is_done) = mpsc::channel();
                let worker = scope.spawn(move || {
                    let result = pool.install(work);
                    // The other end is there until this thread is joined.
                    let _ = done.send(());
                    result
                });
                let mut interrupt = None;
                while is_done.recv_timeout(PAUSE) == Err(mpsc::RecvTimeoutError::Timeout) {
                    if let Err(error) = Python::attach(|py| py.check_signals()) {
                        stop.store(true, Ordering::Relaxed);
                        interrupt = Some(error);
                    }
                }
                match (worker.join(), interrupt) {
                    (Err(panic), _) => std::panic::resume_unwind(panic),
                    (Ok(_), Some(interrupt)) => Err(interrupt),
                    (Ok(result), None) => Ok(result),
                }
            })
        })
    }
}

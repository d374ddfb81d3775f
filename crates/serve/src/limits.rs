//! What a server takes on at most.

use std::num::NonZeroUsize;
use std::time::Duration;

/// What a server takes on at most. The default is for a machine with a few gigabytes of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Samples of a request.
    pub count: usize,
    /// Steps of a request, and network calls of a sample.
    pub steps: usize,
    /// Steps of a request that are shown while it runs, and snapshots that are kept of it.
    pub previews: usize,
    /// Bytes of a request's body.
    pub body: usize,
    /// Rows of a network call.
    pub rows: NonZeroUsize,
    /// Requests that are drawn at once; each client may have one beyond that.
    pub running: usize,
    /// Requests that wait to be drawn.
    pub waiting: usize,
    /// Bytes that the requests that are drawn need in all.
    pub memory: usize,
    /// Bytes of results that are kept for later, in all.
    pub kept_bytes: usize,
    /// How long a result is kept.
    pub kept_for: Duration,
    /// Connections at a time. A new one takes the place of the one that has been idle for longest.
    pub connections: usize,
    /// From the beginning of a connection, or the end of its last answer, to the end of the next headers.
    pub headers: Duration,
    /// From the headers of a request to the end of its body.
    pub body_time: Duration,
    /// For which a client may read nothing of what it is sent.
    pub stalled: Duration,
    /// For which requests may go on after the server was asked to stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            count: 1024,
            steps: 1000,
            previews: 50,
            body: 4 << 20,
            rows: NonZeroUsize::new(64).expect("64 is not 0"),
            running: 64,
            waiting: 256,
            memory: 1 << 30,
            kept_bytes: 256 << 20,
            kept_for: Duration::from_mins(10),
            connections: 1024,
            headers: Duration::from_secs(15),
            body_time: Duration::from_secs(30),
            stalled: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
}

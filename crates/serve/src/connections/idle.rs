//! Which connections are open, and which of them are idle.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::CancellationToken;

/// All open connections.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: HashMap<u64, CancellationToken>,
    /// Those without a request, in the order in which they became so, and the reverse of that.
    idle: BTreeMap<u64, (u64, Instant)>,
    since: HashMap<u64, u64>,
}

/// Whether there is room for a new connection.
#[derive(Debug)]
pub(super) enum Entry {
    /// There is: this is its place.
    Place(Place),
    /// There will be, after this time.
    Later(Duration),
    /// All connections have requests.
    Full,
}

/// So long a connection may be idle, however many there are: a request may be on its way.
const LEAST: Duration = Duration::from_millis(20);

impl Table {
    fn tick(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn set_idle(&mut self, number: u64) {
        let tick = self.tick();
        self.idle.insert(tick, (number, Instant::now()));
        self.since.insert(number, tick);
    }

    fn set_busy(&mut self, number: u64) {
        if let Some(tick) = self.since.remove(&number) {
            self.idle.remove(&tick);
        }
    }

    fn leave(&mut self, number: u64) -> Option<CancellationToken> {
        self.set_busy(number);
        self.open.remove(&number)
    }
}

/// The place of a connection among the open ones, which it leaves when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    number: u64,
    evicted: CancellationToken,
    /// Requests that are not answered yet.
    requests: AtomicUsize,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self { most, table: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self) -> usize {
        self.table().open.len()
    }

    /// A place for a new connection. If there are as many as there may be, the one goes that has been
    /// idle for longest.
    pub(super) fn enter(this: &Arc<Self>) -> Entry {
        let mut table = this.table();
        if table.open.len() >= this.most {
            let Some((_, (oldest, since))) = table.idle.first_key_value() else {
                return Entry::Full;
            };
            let (oldest, age) = (*oldest, since.elapsed());
            let left = LEAST.saturating_sub(age);
            if !left.is_zero() {
                return Entry::Later(left);
            }
            if let Some(evicted) = table.leave(oldest) {
                evicted.cancel();
            }
        }
        let (number, evicted) = (table.tick(), CancellationToken::new());
        table.open.insert(number, evicted.clone());
        table.set_idle(number);
        drop(table);
        let connections = Arc::clone(this);
        Entry::Place(Place { connections, number, evicted, requests: AtomicUsize::new(0) })
    }
}

impl Place {
    /// Cancelled when another connection takes the place.
    pub(super) fn evicted(&self) -> CancellationToken {
        self.evicted.clone()
    }

    /// Notes that there is a request, until that is dropped.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.connections.table().set_busy(self.number);
        Busy(Arc::clone(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.table().leave(self.number);
    }
}

/// A request that is not answered yet.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

impl Drop for Busy {
    fn drop(&mut self) {
        let Self(place) = self;
        if place.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            let mut table = place.connections.table();
            if table.open.contains_key(&place.number) {
                table.set_idle(place.number);
            }
        }
    }
}

/// The body of an answer, until whose end its request counts as not answered.
#[derive(Debug)]
pub(super) struct Held {
    body: Body,
    _busy: Busy,
}

impl Held {
    pub(super) fn new(body: Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_that_is_idle_for_longest_makes_room() {
        let connections = Arc::new(Connections::new(3));
        let enter = || loop {
            match Connections::enter(&connections) {
                Entry::Place(place) => return Some(Arc::new(place)),
                Entry::Later(time) => std::thread::sleep(time),
                Entry::Full => return None,
            }
        };
        let [a, b, c] = [enter(), enter(), enter()].map(Option::unwrap);
        // The first has a request, and then none any more: it is the last to become idle.
        drop(a.busy());
        let d = enter().unwrap();
        assert_eq!(
            [&a, &b, &c, &d].map(|place| place.evicted().is_cancelled()),
            [false, true, false, false]
        );
        let requests = [c.busy(), a.busy(), d.busy()];
        assert!(enter().is_none());
        drop(requests);
        let _e = enter().unwrap();
        assert!(c.evicted().is_cancelled());
        drop([a, b, c, d]);
        assert_eq!(connections.open(), 1);
    }
}

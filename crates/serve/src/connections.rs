//! Connections: how many, how long they may be silent, and how they end.

mod idle;
mod timed;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::shared::{Client, Shared};
use idle::{Connections, Entry, Place};
use timed::Timed;

/// After the last request was answered, until connections are cut.
const LAST: Duration = Duration::from_secs(2);
/// A pause where the system gives no connection, as when all its files are open.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves the connections of `listener` until `stopping`, and a while longer what was begun.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    shared: Arc<Shared>,
    stopping: CancellationToken,
) {
    let closing = CancellationToken::new();
    let connections = Arc::new(Connections::new(shared.limits.connections));
    let tasks = TaskTracker::new();
    let ended = end(&shared, &stopping);
    tokio::pin!(ended);
    loop {
        let accepted = tokio::select! {
            () = &mut ended => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, address)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let Some(place) = place(&connections).await else { continue };
        shared.metrics.connections(connections.open());
        let (router, shared) = (router.clone(), Arc::clone(&shared));
        let closing = closing.clone();
        tasks.spawn(connection(stream, address, router, shared, place, closing));
    }
    drop(listener);
    closing.cancel();
    tasks.close();
    // Whoever does not read the end does not keep the server.
    let _ = timeout(LAST, tasks.wait()).await;
}

/// A place for a new connection, if some other has none of a request.
async fn place(connections: &Arc<Connections>) -> Option<Place> {
    loop {
        match Connections::enter(connections) {
            Entry::Place(place) => return Some(place),
            Entry::Later(time) => sleep(time).await,
            Entry::Full => return None,
        }
    }
}

/// Waits until the server is to stop and nothing runs any more, or the time for that is over.
async fn end(shared: &Shared, stopping: &CancellationToken) {
    const LOOK: Duration = Duration::from_millis(20);
    stopping.cancelled().await;
    shared.jobs.drain();
    tracing::info!("stopping");
    let idle = async {
        while !shared.jobs.is_idle() {
            sleep(LOOK).await;
        }
    };
    let _ = timeout(shared.limits.grace, idle).await;
    shared.jobs.stop();
}

/// Serves one connection.
async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    shared: Arc<Shared>,
    place: Place,
    closing: CancellationToken,
) {
    // An answer is sent when it is there, not when a packet is full.
    let _ = stream.set_nodelay(true);
    let limits = &shared.limits;
    let place = Arc::new(place);
    let evicted = place.evicted();
    let stream = Timed::new(stream, limits.stalled);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let busy = place.busy();
        request.extensions_mut().insert(Client(address.ip()));
        let response = hyper::service::Service::call(&router, request);
        async move {
            let response: Result<Response<Body>, Infallible> = response.await;
            // It is busy until the last byte of the answer is taken.
            response.map(|response| response.map(|body| idle::Held::new(body, busy)))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        // Counted from when a request may come, not from its first byte.
        .header_read_timeout(limits.headers)
        .max_headers(64)
        .max_buf_size(32 << 10)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = evicted.cancelled() => return,
        () = closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(client = %address.ip(), %error, "connection");
    }
}

//! A server: models, what it takes on, and who may call.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::connections;
use crate::engine;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::offer::Offer;
use crate::routes;
use crate::shared::Shared;

/// Threads that serve connections. They have little to do: networks run on threads of their own.
const THREADS: usize = 2;
/// Threads on which pictures are encoded and bodies read.
const BLOCKING_THREADS: usize = 4;

/// A server of models.
///
/// # Example
/// ```
/// use ancestral_pipeline::Pipeline;
/// use ancestral_serve::{Access, Limits, Offer, Server};
///
/// let digits = Offer::new("digits", Some("digits".to_owned()), Pipeline::built_in()?);
/// let access = Access::on([127, 0, 0, 1].into());
/// let server = Server::new(vec![digits], Limits::default(), access)?;
/// let router = server.router(); // to be embedded, or:
/// let stopper = server.stopper();
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// stopper.stop();
/// server.run(listener)?; // until it is stopped
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    stopping: CancellationToken,
    engine: Mutex<Option<JoinHandle<()>>>,
}

/// Stops a server.
#[derive(Clone, Debug)]
pub struct Stopper(CancellationToken);

impl Stopper {
    /// Lets the server end: nothing is taken on any more, what runs may go on for a while.
    pub fn stop(&self) {
        self.0.cancel();
    }
}

/// Why there is no server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There is no model.
    #[error("no model to serve")]
    NoModel,
    /// Two models have one name.
    #[error("two models are called {0:?}: name one of them, as in NAME=FOLDER")]
    SameName(String),
    /// A model cannot be drawn from.
    #[error("model {name:?}")]
    Model {
        /// Its name.
        name: String,
        /// Why.
        source: ancestral_pipeline::Error,
    },
    /// The system refused a thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

impl Server {
    /// A server of these models. Its engine starts at once.
    ///
    /// # Errors
    /// If there is no model, two have one name, or one says no size.
    pub fn new(offers: Vec<Offer>, limits: Limits, access: Access) -> Result<Self, ServeError> {
        if offers.is_empty() {
            return Err(ServeError::NoModel);
        }
        for (place, offer) in offers.iter().enumerate() {
            let name = || offer.id().to_owned();
            if offers[..place].iter().any(|other| other.id() == offer.id()) {
                return Err(ServeError::SameName(name()));
            }
            offer.model().shape().map_err(|source| ServeError::Model { name: name(), source })?;
        }
        let offers: Vec<_> = offers.into_iter().map(Arc::new).collect();
        let metrics = Arc::new(Metrics::new());
        let shared = Shared::new(offers.clone(), limits.clone(), access, Arc::clone(&metrics));
        let engine = engine::start(Arc::clone(&shared.jobs), offers, metrics, limits);
        let engine = engine.map_err(ServeError::Thread)?;
        Ok(Self {
            shared: Arc::new(shared),
            stopping: CancellationToken::new(),
            engine: Mutex::new(Some(engine)),
        })
    }

    /// Its routes, to be served by another program. That gives each request its
    /// [`Client`](crate::Client) as an extension, if clients are to be treated equally.
    pub fn router(&self) -> Router {
        routes::router(Arc::clone(&self.shared))
    }

    /// What stops it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stopping.clone())
    }

    /// Serves the connections of `listener` until it is stopped.
    ///
    /// # Errors
    /// If the system refuses threads or the listener.
    pub fn run(&self, listener: TcpListener) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(BLOCKING_THREADS)
            .enable_all()
            .build()?;
        listener.set_nonblocking(true)?;
        let (router, shared) = (self.router(), Arc::clone(&self.shared));
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            connections::serve(listener, router, shared, self.stopping.clone()).await;
            Ok(())
        });
        // Whatever is still encoded is for nobody.
        runtime.shutdown_background();
        served
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.jobs.stop();
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(engine) = engine {
            // It logs its own faults.
            let _ = engine.join();
        }
    }
}

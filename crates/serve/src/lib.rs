#![doc = include_str!("../README.md")]

mod access;
mod again;
mod arrays;
mod connections;
mod engine;
mod events;
mod form;
mod job;
mod jobs;
mod limits;
mod metrics;
mod offer;
mod openapi;
mod page;
mod problem;
mod request;
mod result;
mod routes;
mod server;
mod shared;
mod strict;

pub use access::Access;
pub use limits::Limits;
pub use offer::Offer;
pub use problem::{Problem, ProblemKind};
pub use request::SampleRequest;
pub use server::{ServeError, Server, Stopper};
pub use shared::Client;

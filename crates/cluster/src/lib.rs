#![doc = include_str!("../README.md")]

mod cluster;
mod error;
mod threads;
mod transport;

pub use cluster::{Cluster, Traffic};
pub use error::ClusterError;
pub use threads::on_threads;
pub use transport::Transport;

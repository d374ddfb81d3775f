//! What to serve, where, and how much of it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::ComputeArgs;
use super::value::{MOST_ROWS, MOST_SAMPLES, MOST_TIMESTEPS, bytes, count};

/// Serve models over HTTP: an API, and a page in the browser.
///
/// Requests share network calls, and each result has the bytes that `sample` writes for the same
/// settings.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  ancestral serve                        # the built-in model, on http://127.0.0.1:7860
  ancestral serve runs/faces digits      # two models: \"model\": \"faces\" or \"digits\" in requests
  ancestral serve --address 0.0.0.0 --token-file token.txt --host models.example

  curl http://127.0.0.1:7860/v1/samples -H 'Content-Type: application/json' \\
      -H 'Accept: image/png' -d '{\"count\": 16, \"class\": \"7\", \"seed\": 1}' -o sevens.png

docs/serve.md describes the API.")]
pub struct ServeArgs {
    /// Model folders, or `digits` for the built-in model; in requests they are called by the last part of
    /// their path, or NAME [default: the built-in model]
    #[arg(value_name = "[NAME=]MODEL")]
    pub models: Vec<PathBuf>,
    /// Address to listen on; 0.0.0.0 is every address of this machine
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// Port to listen on; 0 is any free one, which is printed
    #[arg(long, value_name = "PORT", default_value_t = 7860)]
    pub port: u16,
    /// Name by which clients call this server, if not as localhost; may be given several times. Requests to
    /// other names are refused
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,
    /// Serve only requests with the token in this file, as in `Authorization: Bearer TOKEN`
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// How the log on standard error is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogArg::Text)]
    pub log: LogArg,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
}

/// What the server takes on at most.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Rows of one network call, which requests share; affects only speed and memory
    #[arg(long, value_name = "N", default_value = "64", value_parser = count(MOST_ROWS))]
    pub rows: usize,
    /// Samples of one request
    #[arg(long, value_name = "N", default_value = "1024", value_parser = count(MOST_SAMPLES))]
    pub max_samples: usize,
    /// Steps of one request
    #[arg(long, value_name = "N", default_value = "1000", value_parser = count(MOST_TIMESTEPS))]
    pub max_steps: usize,
    /// Length of the body of one request
    #[arg(long, value_name = "SIZE", default_value = "4MB", value_parser = bytes)]
    pub max_body: u64,
    /// Memory of all requests that run, beside the networks; others wait
    #[arg(long, value_name = "SIZE", default_value = "1GB", value_parser = bytes)]
    pub memory: u64,
    /// Requests that run at once; each client may have one beyond that
    #[arg(long, value_name = "N", default_value = "64", value_parser = count(MOST_ROWS))]
    pub running: usize,
    /// Requests that wait; more are refused with the time after which to try again
    #[arg(long, value_name = "N", default_value = "256", value_parser = count(MOST_ROWS))]
    pub waiting: usize,
    /// Connections at once; a new one takes the place of the one that has been idle for longest
    #[arg(long, value_name = "N", default_value = "1024", value_parser = count(MOST_ROWS))]
    pub connections: usize,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogArg {
    /// A line of text an event
    Text,
    /// A JSON object an event
    Json,
}

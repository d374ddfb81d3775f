//! `ancestral serve`: models over HTTP.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use ancestral_pipeline::Pipeline;
use ancestral_serve::{Access, Limits, Offer, Server, Stopper};
use anyhow::{Context, Result, bail};
use tracing_subscriber::filter::LevelFilter;

use crate::args::{LimitArgs, LogArg, ServeArgs};
use crate::failure::{Failed, note};
use crate::flags::flagged;
use crate::interrupt::Interrupt;
use crate::open::{Wanted, engine};

/// How often a signal is checked for.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest token: it comes with the headers of every request.
const MOST_TOKEN: u64 = 4096;

pub fn run(args: &ServeArgs) -> Result<()> {
    let quiet = args.compute.quiet;
    let access = access(args)?;
    let engine = engine(&args.compute)?;
    let built_in = [PathBuf::from("digits")];
    let models = if args.models.is_empty() { &built_in[..] } else { &args.models };
    let offers = models.iter().map(|model| offer(model, &engine, quiet));
    let offers = offers.collect::<Result<Vec<_>>>()?;
    let names: Vec<_> = offers.iter().map(|offer| offer.id().to_owned()).collect();
    let address = SocketAddr::new(args.address, args.port);
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address}: try another --port"))?;
    let address = listener.local_addr().context("--address")?;
    log(args.log, quiet);
    if !address.ip().is_loopback() && !access.needs_token() {
        note(quiet, "warning: whoever reaches this machine can use the server: see --token-file");
    }
    let server = Server::new(offers, limits(&args.limits), access)?;
    stop_on_signal(server.stopper())?;
    super::print(&format!("http://{address}/\n"))?;
    note(quiet, format_args!("serving {}; stop it with Ctrl-C", names.join(", ")));
    server.run(listener).map_err(|error| Failed(error.into()).into())
}

/// The model of an argument, which may name it.
fn offer(argument: &Path, engine: &ancestral_pipeline::Engine, quiet: bool) -> Result<Offer> {
    let (name, path) = named(argument);
    let wanted = Wanted { path: Some(&path), variant: None, size: None, quiet };
    let model = wanted.model()?;
    let last = || path.canonicalize().unwrap_or_else(|_| path.clone());
    let last = || last().file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name.or_else(last) else {
        bail!("model {}: its path has no last part: name it, as in NAME={0}", path.display());
    };
    let pipeline = Pipeline::new(model, engine).map_err(flagged)?;
    Ok(Offer::new(name, Some(path.display().to_string()), pipeline))
}

/// Name and path of `NAME=PATH`; a path that exists has no name.
fn named(argument: &Path) -> (Option<String>, PathBuf) {
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((name, path)) if !name.is_empty() && !argument.exists() => {
            (Some(name.to_owned()), path.into())
        }
        Some(_) | None => (None, argument.to_owned()),
    }
}

fn access(args: &ServeArgs) -> Result<Access> {
    for name in &args.host {
        let is_of_names = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if name.is_empty() || !name.chars().all(is_of_names) {
            bail!("--host {name}: expected a name such as models.example.org, as clients write it");
        }
    }
    let access = Access::on(args.address).with_names(args.host.iter().cloned());
    let Some(file) = &args.token_file else { return Ok(access) };
    let at = || format!("--token-file {}", file.display());
    let mut text = String::new();
    let read =
        File::open(file).and_then(|open| open.take(MOST_TOKEN + 2).read_to_string(&mut text));
    read.with_context(at)?;
    let token = text.trim();
    let is_short = token.len() as u64 <= MOST_TOKEN;
    if token.is_empty() || !is_short || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!(
            "{}: expected a line of at most {MOST_TOKEN} printable ASCII characters without spaces",
            at()
        );
    }
    Ok(access.with_token(token))
}

fn limits(args: &LimitArgs) -> Limits {
    let mut limits = Limits::default();
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    limits.rows = NonZeroUsize::new(args.rows).unwrap_or(NonZeroUsize::MIN);
    (limits.count, limits.steps) = (args.max_samples, args.max_steps);
    (limits.body, limits.memory) = (size(args.max_body), size(args.memory));
    (limits.running, limits.waiting) = (args.running, args.waiting);
    limits.connections = args.connections;
    limits
}

/// Standard error, if somebody reads it: a full disk or a reader that ended does not stop the server.
#[derive(Clone, Copy, Debug)]
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the log of the server to standard error.
fn log(format: LogArg, quiet: bool) {
    let level = if quiet { LevelFilter::ERROR } else { LevelFilter::INFO };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(|| Log);
    match format {
        LogArg::Text => log.with_ansi(false).compact().init(),
        LogArg::Json => log.json().flatten_event(true).init(),
    }
}

/// Lets the server end at the first signal; a second one ends the program.
fn stop_on_signal(stopper: Stopper) -> Result<()> {
    let interrupt = Interrupt::watch(true)?;
    thread::spawn(move || {
        while interrupt.came().is_none() {
            thread::sleep(PAUSE);
        }
        stopper.stop();
        // It watches until the program ends.
        loop {
            thread::park();
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_may_be_named() {
        let of = |text: &str| named(Path::new(text));
        assert_eq!(of("faces=runs/a=b"), (Some("faces".to_owned()), "runs/a=b".into()));
        assert_eq!(of("runs/faces"), (None, "runs/faces".into()));
        assert_eq!(of("=x"), (None, "=x".into()));
    }
}

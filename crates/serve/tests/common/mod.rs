//! A server in this process, and a client of a few lines that says exactly what is sent.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(dead_code, reason = "not every test program uses all of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ancestral_pipeline::{Format, Pipeline, Settings, Show, View};
use ancestral_serve::{Access, Limits, Offer, Server, Stopper};
use serde_json::Value;

/// For what should come at once and is waited for: far more than a slow machine needs.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A server, which ends with the test.
pub struct Running {
    pub address: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// The built-in model.
    pub fn new() -> Self {
        Self::with(|_| {}, |access| access)
    }

    pub fn with(limit: impl FnOnce(&mut Limits), access: impl FnOnce(Access) -> Access) -> Self {
        let mut limits = Limits::default();
        limit(&mut limits);
        let digits = Offer::new("digits", Some("digits".to_owned()), Pipeline::built_in().unwrap());
        Self::of(vec![digits], limits, access(Access::on([127, 0, 0, 1].into())))
    }

    pub fn of(offers: Vec<Offer>, limits: Limits, access: Access) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(offers, limits, access).unwrap();
        let stopper = server.stopper();
        let thread = thread::spawn(move || server.run(listener).unwrap());
        Self { address, stopper, thread: Some(thread) }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a request, and returns the answer as it begins.
    pub fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = self.connect();
        stream.write_all(&request(method, path, headers, body)).unwrap();
        Reply::read(stream)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut reply = self.open(method, path, headers, body);
        reply.finish();
        reply
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], b"")
    }

    pub fn post(&self, path: &str, accept: &str, body: &str) -> Reply {
        self.send("POST", path, &[JSON, ("accept", accept)], body.as_bytes())
    }

    /// The events of a request.
    pub fn events(&self, body: &str) -> Events {
        let headers = [JSON, ("accept", "text/event-stream")];
        Events(self.open("POST", "/v1/samples", &headers, body.as_bytes()))
    }

    /// A job of its own, by its path.
    pub fn job(&self, body: &str) -> String {
        let reply = self.post("/v1/samples", "application/json", body);
        assert_eq!(reply.status, 202, "{}", reply.text());
        let location = reply.header("location").unwrap().to_owned();
        assert_eq!(reply.json()["links"]["self"], *location);
        location
    }

    pub fn state(&self, job: &str) -> String {
        let reply = self.get(job);
        reply.json()["state"].as_str().unwrap_or("gone").to_owned()
    }

    /// Waits until a job is in one of these states, and returns it.
    pub fn until(&self, job: &str, states: &[&str]) -> String {
        let began = Instant::now();
        loop {
            let state = self.state(job);
            if states.contains(&state.as_str()) {
                return state;
            }
            assert!(began.elapsed() < PATIENCE, "{state}, not one of {states:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    pub fn stop(&self) {
        self.stopper.stop();
    }

    /// Waits until it has ended.
    pub fn join(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking());
        }
    }
}

pub const JSON: (&str, &str) = ("content-type", "application/json");

/// The bytes of a request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    if headers.iter().all(|(name, _)| *name != "host") {
        text += "host: localhost\r\n";
    }
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if !body.is_empty() || method == "POST" {
        text.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
    }
    [text.as_bytes(), b"connection: close\r\n\r\n", body].concat()
}

/// An answer: the head, and the body so far.
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
    pub body: Vec<u8>,
}

impl Reply {
    /// Reads the head.
    pub fn read(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let status = line(&mut reader);
        let status =
            status.split(' ').nth(1).unwrap_or_else(|| panic!("{status:?}")).parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = line(&mut reader);
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Self { status, headers, reader, body: Vec::new() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding") == Some("chunked")
    }

    /// Reads the rest of the body.
    pub fn finish(&mut self) {
        if self.is_chunked() {
            while let Some(chunk) = self.chunk() {
                self.body.extend(chunk);
            }
        } else {
            self.reader.read_to_end(&mut self.body).unwrap();
        }
    }

    fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = usize::from_str_radix(&line(&mut self.reader), 16).ok()?;
        let mut chunk = vec![0; length];
        self.reader.read_exact(&mut chunk).ok()?;
        line(&mut self.reader);
        (length > 0).then_some(chunk)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    /// Checks that it is a problem of a status that points at a field; returns what it says.
    #[track_caller]
    pub fn problem(&self, status: u16, pointer: Option<&str>) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["pointer"].as_str(), pointer, "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// An event: its name, its number and its data.
#[derive(Debug)]
pub struct Event {
    pub name: String,
    pub id: Option<u64>,
    pub data: Value,
}

/// Events of an answer, as they come.
pub struct Events(pub Reply);

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let Self(reply) = self;
        assert_eq!(reply.status, 200, "{}", reply.text());
        loop {
            let end = reply.body.windows(2).position(|pair| pair == b"\n\n");
            let Some(end) = end else {
                let chunk = reply.chunk()?;
                reply.body.extend(chunk);
                continue;
            };
            let text = String::from_utf8(reply.body.drain(..end + 2).collect()).unwrap();
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
            let Some(data) = field("data: ") else { continue };
            return Some(Event {
                name: field("event: ").unwrap().to_owned(),
                id: field("id: ").map(|id| id.parse().unwrap()),
                data: serde_json::from_str(data).unwrap(),
            });
        }
    }
}

/// The bytes of a file of samples, drawn alone.
pub fn alone(settings: &Settings, format: Format) -> Vec<u8> {
    let pipeline = Pipeline::built_in().unwrap();
    let plan = pipeline.plan(settings).unwrap();
    let metadata = if format == Format::Png { plan.provenance_of_all() } else { Vec::new() };
    let samples = pipeline.sample(settings).unwrap();
    let show = Show::of(pipeline.model());
    show.encode(&samples, format, View::Samples, &metadata).unwrap()
}

/// Settings of a body, without what concerns serving.
pub fn settings(body: &str) -> Settings {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{body}: {error}"))
}

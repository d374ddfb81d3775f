//! Clients that are slow, wrong, many, or gone. Each is answered or dropped, and beside all of them the
//! server serves others.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ancestral_serve::Limits;
use common::{JSON, PATIENCE, Reply, Running, request};

/// Times short enough for a test.
fn impatient(limits: &mut Limits) {
    limits.headers = Duration::from_millis(700);
    limits.body_time = Duration::from_millis(700);
    limits.stalled = Duration::from_millis(700);
    limits.connections = 500;
}

/// Runs `attack` while others draw samples one after the other; each of them gets some.
fn beside_others(server: &Running, attack: impl FnOnce()) {
    let (is_over, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) || served.load(Ordering::Relaxed) < 2 {
                let body = r#"{"count": 1, "steps": 2}"#;
                let reply = server.post("/v1/samples", "image/png", body);
                assert_eq!(reply.status, 200, "{}", reply.text());
                served.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
        });
        attack();
        is_over.store(true, Ordering::Relaxed);
    });
}

/// What the server sends until it ends the connection.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // It may be reset.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn silent_and_slow_clients_are_dropped() {
    let server = Running::with(impatient, |access| access);
    beside_others(&server, || {
        // Nothing at all; half a line; a header a little at a time; a body that does not come.
        let silent = server.connect();
        let mut half = server.connect();
        half.write_all(b"GET /v1/mod").unwrap();
        let mut body = server.connect();
        let head = "POST /v1/samples HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                    content-length: 100\r\n\r\n{";
        body.write_all(head.as_bytes()).unwrap();
        let mut dripping = server.connect();
        dripping.write_all(b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx: ").unwrap();
        let began = Instant::now();
        while dripping.write_all(b"x").is_ok() {
            assert!(began.elapsed() < PATIENCE, "a header without an end");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(rest(silent), "");
        let answer = rest(half);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(rest(body).starts_with("HTTP/1.1 408"));
    });
}

#[test]
fn a_connection_is_kept_only_for_a_while() {
    let server = Running::with(impatient, |access| access);
    let mut stream = server.connect();
    for _ in 0..2 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut seen = Vec::new();
        while !seen.ends_with(b"}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
    }
    assert_eq!(rest(stream), "");
}

#[test]
fn bodies_that_are_no_request_are_refused() {
    let server = Running::new();
    let post =
        |headers: &[(&str, &str)], body: &[u8]| server.send("POST", "/v1/samples", headers, body);
    let deep = "[".repeat(100_000);
    beside_others(&server, || {
        for body in [
            "",
            "{",
            "null",
            "7",
            "[]",
            "{\"steps\": NaN}",
            "{\"guidance\": Infinity, \"class\": \"1\"}",
            "{\"guidance\": 1e999, \"class\": \"1\"}",
            "{\"steps\": 5, \"steps\": 6}",
            "{\"steps\": 5} {}",
            &deep,
            &format!("{{\"inpaint\": {{\"values\": {deep}"),
        ] {
            post(&[JSON], body.as_bytes()).problem(400, None);
        }
        for (body, pointer) in [
            (r#"{"guidance": -1, "class": "1"}"#, "/guidance"),
            (r#"{"guidance": 1e308, "class": "1"}"#, "/guidance"),
            (r#"{"eta": 1e308}"#, "/eta"),
            (r#"{"visit": [999999999999]}"#, "/visit"),
            (r#"{"interpolate": 18446744073709551615}"#, "/interpolate"),
            (r#"{"first": 18446744073709551615, "count": 2}"#, "/first"),
            (r#"{"count": 18446744073709551615}"#, "/count"),
            (r#"{"sampler": "heun:churn=1e400"}"#, "/sampler"),
            (r#"{"null_label": 4294967296}"#, "/null_label"),
            (r#"{"spacing": "\u0000"}"#, "/spacing"),
        ] {
            post(&[JSON], body.as_bytes()).problem(400, Some(pointer));
        }
        post(&[JSON], b"\xff\xfe{}").problem(400, None);
        post(&[("content-type", "text/plain")], b"{}").problem(415, None);
        post(&[], b"{}").problem(415, None);
        server.send("PUT", "/v1/samples", &[JSON], b"{}").problem(405, None);
        assert_eq!(server.send("PUT", "/v1/samples", &[], b"").header("allow"), Some("POST"));
        server.get("/v1/none").problem(404, None);
        server.get("/v1/samples/%ff").problem(404, None);
        server.get("/../../etc/passwd").problem(404, None);
    });
}

#[test]
fn bodies_that_are_too_long_are_refused_before_they_are_read() {
    let server = Running::with(|limits| limits.body = 1000, |access| access);
    let long = vec![b' '; 1001];
    server.send("POST", "/v1/samples", &[JSON], &long).problem(413, None);
    // As said by its length, without a byte of it.
    let mut stream = server.connect();
    let head = "POST /v1/samples HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 99999999999\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(Reply::read(stream).status, 413);
    // Without a length.
    let mut stream = server.connect();
    let head = "POST /v1/samples HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..11 {
        let _ = stream.write_all(b"64\r\n").and_then(|()| stream.write_all(&[b' '; 100]));
        let _ = stream.write_all(b"\r\n");
    }
    assert_eq!(Reply::read(stream).status, 413);
    // A head without an end is none.
    let mut stream = server.connect();
    let _ = stream.write_all(&vec![b'x'; 100_000]);
    let answer = rest(stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[test]
fn a_reader_that_stops_is_dropped() {
    let server = Running::with(impatient, |access| access);
    let job = server.job(r#"{"count": 1024, "steps": 2, "wait": false, "sampler": "ddim"}"#);
    server.until(&job, &["done"]);
    // More than a megabyte of pictures, of which the system holds little for the client.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    let headers = [("accept", "text/event-stream")];
    stream.write_all(&request("GET", &job, &headers, b"")).unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    let began = Instant::now();
    // What asks is a connection itself.
    while server.metric("ancestral_connections") > 1.0 {
        assert!(began.elapsed() < PATIENCE, "it is not dropped");
        thread::sleep(Duration::from_millis(50));
    }
    // It was not the client that ended it.
    drop(stream);
}

#[test]
fn thousands_of_connections_that_are_opened_and_left_keep_nobody_out() {
    let server = Running::with(impatient, |access| access);
    beside_others(&server, || {
        let mut open = Vec::new();
        for _ in 0..2000 {
            open.push(TcpStream::connect(server.address).unwrap());
        }
        assert!(server.metric("ancestral_connections") <= 500.0);
        drop(open);
    });
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    let server = Running::new();
    beside_others(&server, || {
        for i in 0..50 {
            let body = br#"{"count": 16, "steps": 500, "previews": 50}"#;
            let headers = [JSON, ("accept", "text/event-stream")];
            let mut stream = server.connect();
            let bytes = request("POST", "/v1/samples", &headers, body);
            // Some are gone before the request is whole, some before the first byte of the answer.
            let is_whole = i % 3 != 0;
            stream.write_all(&bytes[..bytes.len() - usize::from(!is_whole)]).unwrap();
            if is_whole && i % 2 == 0 {
                let _ = stream.read(&mut [0; 100]);
            }
        }
    });
    let began = Instant::now();
    while server.metric("ancestral_connections") > 2.0 {
        assert!(began.elapsed() < PATIENCE, "connections are still open");
        thread::sleep(Duration::from_millis(20));
    }
    server.get("/healthz");
}

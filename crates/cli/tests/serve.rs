//! The server as people start it: its bytes are those of `sample`, and it ends when it is told to.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use common::Folder;

/// A server on a free port.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Folder, args: &str) -> Self {
        let mut command = folder.command(&format!("serve --port 0 --quiet {args}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap_or_else(|| panic!("{line:?}"));
        let address = address.trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// The body of the answer to a request, which has to succeed.
    fn post(&self, accept: &str, body: &str) -> Vec<u8> {
        let (head, body) = self.ask(accept, body);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}{}", String::from_utf8_lossy(&body));
        body
    }

    /// Head and text of the answer to a request.
    fn answer(&self, accept: &str, body: &str) -> (String, String) {
        let (head, body) = self.ask(accept, body);
        (head, String::from_utf8(body).unwrap())
    }

    fn ask(&self, accept: &str, body: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "POST /v1/samples HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: {accept}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
        let (head, body) = answer.split_at(end + 4);
        (String::from_utf8_lossy(head).into_owned(), body.to_vec())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_result_has_the_bytes_of_sample() {
    let folder = Folder::new();
    let server = Server::start(&folder, "digits");
    for (body, flags) in [
        (r#"{"count": 3, "seed": 5, "steps": 6}"#, "-n 3 --seed 5 --steps 6"),
        (
            r#"{"count": 2, "seed": "18446744073709551615", "steps": 4, "class": "7", "guidance": 3, "sampler": "unipc"}"#,
            "-n 2 --seed 18446744073709551615 --steps 4 --class 7 --guidance 3 --sampler unipc",
        ),
        (r#"{"first": 9, "count": 1, "calls": 9, "sampler": "heun"}"#, ""),
    ] {
        let body =
            if flags.is_empty() { body.replace('{', r#"{"seed": 0, "#) } else { body.to_owned() };
        let flags =
            if flags.is_empty() { "--first 9 -n 1 --calls 9 --sampler heun" } else { flags };
        for (accept, name) in [("image/png", "a.png"), ("application/x-npy", "a.npy")] {
            folder.run(&format!("sample digits {flags} --force -o {name}"));
            assert!(server.post(accept, &body) == folder.read(name), "{body}: {accept}");
        }
    }
}

#[test]
fn rows_of_a_table_are_completed_as_sample_does() {
    let folder = Folder::new();
    let row = |i: u32| format!("{},{},{}\n", ["red", "green"][i as usize % 2], i * i, i % 7);
    folder.write("data.csv", format!("colour,size,days\n{}", (0..60).map(row).collect::<String>()));
    folder.run("train data.csv --width 8 --layers 1 --timesteps 25 --steps 2 --quiet -o run");
    let server = Server::start(&folder, "run");
    folder.write("given.csv", "size,colour\n49,\n,red\n");
    folder.run("sample run --seed 3 --steps 5 --given given.csv -o x.csv");
    let body = r#"{"seed": 3, "steps": 5, "given": {"rows": [{"size": 49}, {"colour": "red", "size": null}]}}"#;
    assert_eq!(server.post("text/csv", body), folder.read("x.csv"));
    for (body, words) in [
        (r#"{"given": {"rows": [{"weight": 3}]}}"#, "unknown column"),
        (r#"{"given": {"rows": [{"colour": "blue"}]}}"#, "in row 1, line 2"),
        (r#"{"given": {"rows": [3]}}"#, "list of objects"),
        (r#"{"given": {"rows": []}}"#, "at least one column"),
        (r#"{"given": {"values": [[1, null, null]]}}"#, "holds words or dates"),
        (r#"{"given": {"rows": [{"size": 1}]}, "sampler": "heun"}"#, "by ddpm"),
    ] {
        let (head, answer) = server.answer("*/*", body);
        assert!(head.starts_with("HTTP/1.1 400") && answer.contains(words), "{body}: {answer}");
        assert!(answer.contains("\"pointer\":\"/given\""), "{body}: {answer}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_log_that_cannot_be_written_stops_no_answer() {
    let folder = Folder::new();
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut command = folder.command("serve --port 0 --log json");
    let mut child = command.stdout(Stdio::piped()).stderr(full).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let server = Server { child, address };
    for seed in 0..2 {
        server.post("image/png", &format!(r#"{{"count": 1, "steps": 2, "seed": {seed}}}"#));
    }
}

#[test]
fn the_command_in_an_answer_draws_the_same() {
    let folder = Folder::new();
    let server = Server::start(&folder, "small=digits");
    let body = r#"{"count": 2, "steps": 5, "sampler": "ddim:eta=0.5", "class": "none", "clip": false, "visit": null}"#;
    let answer: serde_json::Value = serde_json::from_slice(&server.post("*/*", body)).unwrap();
    let command = answer["command"].as_str().unwrap();
    let arguments = command.strip_prefix("ancestral ").unwrap();
    folder.run(arguments);
    let seed = &answer["seed_text"];
    let with_seed = body.replace('{', &format!(r#"{{"model": "small", "seed": {seed}, "#));
    assert!(server.post("image/png", &with_seed) == folder.read("samples.png"), "{command}");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_it_without_an_error() {
    let folder = Folder::new();
    for signal in ["-INT", "-TERM"] {
        let mut server = Server::start(&folder, "");
        let id = server.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let status = server.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let folder = Folder::new();
    folder.write("empty.txt", "\n");
    let server = Server::start(&folder, "");
    let port = server.address.rsplit(':').next().unwrap();
    for (args, words) in [
        ("serve no-such", "no-such: no such model folder"),
        ("serve digits digits", "two models are called \"digits\": name one of them"),
        ("serve --token-file none.txt", "--token-file none.txt"),
        ("serve --host http://x/", "--host http://x/: expected a name such as"),
        ("serve --token-file empty.txt", "expected a line of at most 4096 printable ASCII"),
        ("serve --rows 0", "expected a whole number from 1"),
        (&format!("serve --port {port}"), "try another --port"),
    ] {
        let output = folder.try_run(args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args}: {text}");
        assert!(text.contains(words), "{args}: {text}");
    }
}

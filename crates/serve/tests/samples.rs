//! Samples over a socket: forms, events, jobs, seeds, arrays.

mod common;

use ancestral_pipeline::{Format, Pipeline};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::{Events, Running, alone, settings};
use serde_json::{Value, json};

#[test]
fn each_form_has_the_bytes_of_the_command_line() {
    let server = Running::new();
    let body = r#"{"count": 3, "seed": 5, "steps": 6, "sampler": "dpmpp-2m", "class": "4"}"#;
    for (accept, format) in [("image/png", Format::Png), ("application/x-npy", Format::Npy)] {
        let reply = server.post("/v1/samples", accept, body);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(accept)));
        assert_eq!(reply.header("x-seed"), Some("5"));
        assert!(reply.body == alone(&settings(body), format), "{accept}");
    }
    let gif = server.post("/v1/samples", "image/gif", body);
    assert!(gif.body == alone(&settings(body).snapshots(50), Format::Gif));
    let object = server.post("/v1/samples", "*/*", body).json();
    assert_eq!(object["shape"], json!([1, 8, 8]));
    assert_eq!(object["classes"], json!(["4", "4", "4"]));
    assert_eq!(object["samples"][2]["index"], 2);
    let command = "ancestral sample digits --class=4 -n 3 --sampler=dpmpp-2m --seed=5 --steps=6 -o samples.png";
    assert_eq!(object["command"], command);
    server.post("/v1/samples", "text/csv", body).problem(406, None);
    server.post("/v1/samples", "text/html", body).problem(406, None);
}

#[test]
fn parameters_are_taken_as_they_are_or_refused_by_name() {
    let server = Running::new();
    let drawn = |body: &str| {
        let reply = server.post("/v1/samples", "application/json", body);
        assert_eq!(reply.status, 200, "{body}: {}", reply.text());
        (reply.json(), reply.text())
    };
    // 0 is a seed like any other.
    let zero = drawn(r#"{"count": 1, "steps": 2, "seed": 0}"#).0;
    assert_eq!((&zero["seed"], &zero["seed_text"]), (&json!(0), &json!("0")));
    // Seeds beyond the numbers of JavaScript keep their digits.
    for seed in ["9007199254740993", "18446744073709551615"] {
        let (of_number, text) = drawn(&format!(r#"{{"count": 1, "steps": 2, "seed": {seed}}}"#));
        assert!(text.contains(&format!("\"seed\":{seed},\"seed_text\":\"{seed}\"")), "{text}");
        let of_text = drawn(&format!(r#"{{"count": 1, "steps": 2, "seed": "{seed}"}}"#)).0;
        assert_eq!(of_text["samples"], of_number["samples"]);
        assert_ne!(of_number["samples"], zero["samples"]);
    }
    // A drawn seed is said, and makes the same again.
    let [one, other] = [0, 1].map(|_| drawn(r#"{"count": 1, "steps": 2}"#).0);
    assert_ne!(one["seed_text"], other["seed_text"]);
    let again = json!({"count": 1, "steps": 2, "seed": one["seed_text"]}).to_string();
    assert_eq!(drawn(&again).0["samples"], one["samples"]);
    // One step is one call of the network.
    let calls = server.metric("ancestral_turns_total");
    drawn(r#"{"count": 1, "steps": 1, "sampler": "ddim"}"#);
    assert_eq!(server.metric("ancestral_turns_total"), calls + 1.0);
    for (body, pointer) in [
        (r#"{"stpes": 5}"#, "/stpes"),
        (r#"{"steps": -3}"#, "/steps"),
        (r#"{"steps": 0}"#, "/steps"),
        (r#"{"steps": 1001}"#, "/steps"),
        (r#"{"count": 100000}"#, "/count"),
        (r#"{"class": "eleven"}"#, "/class"),
        (r#"{"sampler": "eulr"}"#, "/sampler"),
        (r#"{"model": "faces"}"#, "/model"),
        (r#"{"guidance": 2, "class": "none"}"#, "/guidance"),
        (r#"{"steps": 3, "calls": 3}"#, "/calls"),
        (r#"{"seed": 18446744073709551616}"#, "/seed"),
        (r#"{"init": "/etc/passwd"}"#, "/init"),
    ] {
        server.post("/v1/samples", "image/png", body).problem(400, Some(pointer));
    }
    assert_eq!(server.metric("ancestral_turns_total"), calls + 1.0);
}

#[test]
fn events_tell_of_each_step_that_is_shown() {
    let server = Running::new();
    let body =
        r#"{"count": 2, "steps": 9, "seed": 3, "class": "1", "previews": 3, "sampler": "ddim"}"#;
    let events: Vec<_> = server.events(body).collect();
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["accepted", "step", "step", "step", "sample", "sample", "done"]);
    let ids: Vec<_> = events.iter().map(|event| event.id.unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
    let done: Vec<_> = events[1..4].iter().map(|event| event.data["done"].clone()).collect();
    assert_eq!(done, [1, 5, 9]);
    assert_eq!(events[1].data["timestep"], 999.0);
    assert_eq!(events[0].data["seed_text"], "3");
    // The last estimate is the samples, side by side.
    let pictures =
        |event: usize| BASE64_STANDARD.decode(events[event].data["png"].as_str().unwrap());
    assert!(pictures(3).unwrap().starts_with(b"\x89PNG"));
    // Files stay for a while.
    let links = &events[6].data["links"];
    let npy = server.get(links["npy"].as_str().unwrap());
    let pure = settings(r#"{"count": 2, "steps": 9, "seed": 3, "class": "1", "sampler": "ddim"}"#);
    assert!(npy.body == alone(&pure, Format::Npy));
    let single = server.get(&format!("{}/000001.png", links["self"].as_str().unwrap()));
    assert_eq!(BASE64_STANDARD.encode(single.body), events[5].data["png"].as_str().unwrap());
    let none = server.get(&format!("{}/000002.png", links["self"].as_str().unwrap()));
    none.problem(404, None);
    let escape = server.get(&format!("{}/..%2f..%2fetc%2fpasswd", links["self"].as_str().unwrap()));
    escape.problem(404, None);
}

#[test]
fn a_job_survives_its_client_and_can_be_followed_from_any_event() {
    let server = Running::new();
    let job = server.job(r#"{"count": 1, "steps": 8, "seed": 1, "wait": false, "previews": 4}"#);
    server.until(&job, &["done"]);
    let follow = |last: &str| {
        let headers = [("accept", "text/event-stream"), ("last-event-id", last)];
        Events(server.open("GET", &job, &headers, b""))
            .map(|event| event.id.unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(follow("0"), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(follow("5"), [6, 7]);
    assert!(follow("7").is_empty());
    let headers = [("accept", "text/event-stream"), ("last-event-id", "first")];
    server.send("GET", &job, &headers, b"").problem(400, None);
    let state = server.get(&job).json();
    assert_eq!(
        (&state["state"], &state["done"], &state["of"]),
        (&json!("done"), &json!(8), &json!(8))
    );
    let png = server.get(state["links"]["png"].as_str().unwrap());
    assert!(png.body == alone(&settings(r#"{"count": 1, "steps": 8, "seed": 1}"#), Format::Png));
    server.get(&format!("{job}/samples.gif")).problem(404, None);
    server.get("/v1/samples/0123456789abcdef0123456789abcdef").problem(404, None);
}

#[test]
fn snapshots_are_kept_on_request() {
    let server = Running::new();
    let job = server.job(r#"{"count": 2, "steps": 4, "seed": 1, "wait": false, "snapshots": 4}"#);
    server.until(&job, &["done"]);
    let trajectories = server.get(&format!("{job}/trajectories.npy"));
    assert!(trajectories.body.windows(14).any(|text| text == b"(5, 2, 1, 8, 8"));
    assert!(server.get(&format!("{job}/samples.gif")).body.starts_with(b"GIF89a"));
}

#[test]
fn what_is_known_is_kept_to_the_bit() {
    let server = Running::new();
    let known: Vec<Value> =
        (0..64).map(|i| if i < 32 { json!(0.25) } else { Value::Null }).collect();
    let rows: Vec<&[Value]> = known.chunks(8).collect();
    let body =
        json!({"count": 2, "steps": 4, "seed": 1, "inpaint": {"values": [rows]}}).to_string();
    let reply = server.post("/v1/samples", "application/x-npy", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let values: Vec<f32> = reply.body[reply.body.len() - 2 * 64 * 4..]
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    for sample in values.chunks(64) {
        assert_eq!(sample[..32], [0.25; 32]);
        assert!(sample[32..].iter().all(|value| *value != 0.25));
    }
    // Arrays are no part of a command.
    let object = server.post("/v1/samples", "*/*", &body).json();
    assert_eq!((&object["command"], &object["curl"]), (&Value::Null, &Value::Null));
}

#[test]
fn models_say_what_a_form_needs() {
    let server = Running::new();
    let list = server.get("/v1/models").json();
    let digits = &list["data"][0];
    assert_eq!(digits["id"], "digits");
    assert_eq!(digits["classes"].as_array().unwrap().len(), 10);
    assert_eq!(digits["samplers"].as_array().unwrap().len(), ancestral::AnySampler::all().len());
    assert_eq!(digits["weights_sha256"], Pipeline::built_in().unwrap().model().digest());
    assert_eq!(server.get("/v1/models/digits").json(), *digits);
    server.get("/v1/models/faces").problem(404, None);
}

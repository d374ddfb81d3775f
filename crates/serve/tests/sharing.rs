//! Requests beside each other: the same bytes as alone, cancelling, places, fairness.

mod common;

use std::thread;
use std::time::Duration;

use ancestral::{AnySampler, Sampler};
use ancestral_pipeline::{Format, Model, Pipeline};
use ancestral_serve::{Access, Limits, Offer};
use common::{PATIENCE, Running, alone, settings};
use serde_json::json;

/// What takes long on any machine.
const LONG: &str = r#"{"count": 64, "steps": 1000, "wait": false, "previews": 0}"#;

#[test]
fn three_that_arrive_while_another_runs_are_each_as_alone() {
    let server = Running::new();
    // Keeps the network busy, so that the others share its turns.
    let beside = server.job(LONG);
    server.until(&beside, &["running"]);
    let bodies = [
        r#"{"count": 4, "steps": 50, "sampler": "unipc", "class": "7", "guidance": 3, "seed": 3}"#,
        r#"{"count": 3, "steps": 20, "sampler": "ddpm", "class": "none", "seed": 2}"#,
        r#"{"count": 5, "steps": 7, "sampler": "ddim", "class": "1", "seed": 1}"#,
    ];
    // Each arrives while the one before runs, or has run.
    let jobs = bodies.map(|body| {
        let job = server.job(&body.replace('{', r#"{"wait": false, "#));
        server.until(&job, &["running", "done"]);
        job
    });
    let found = jobs.map(|job| {
        server.until(&job, &["done"]);
        server.get(&format!("{job}/samples.npy")).body
    });
    for (body, found) in bodies.iter().zip(found) {
        assert!(found == alone(&settings(body), Format::Npy), "{body}");
    }
    server.delete(&beside);
    // Some calls were of rows of several.
    let turns = server.metric("ancestral_turns_total");
    assert!(server.metric("ancestral_rows_sum") > turns);
}

#[test]
fn shorter_runs_end_before_longer_ones() {
    let server = Running::new();
    let bodies = [
        LONG,
        r#"{"count": 2, "steps": 50, "wait": false, "sampler": "ddim", "class": "7", "guidance": 3}"#,
        r#"{"count": 2, "steps": 7, "wait": false, "sampler": "ddim"}"#,
    ];
    let jobs = bodies.map(|body| server.job(body));
    server.until(&jobs[2], &["done"]);
    server.until(&jobs[1], &["done"]);
    assert_eq!(server.state(&jobs[0]), "running");
    server.delete(&jobs[0]);
}

#[test]
fn two_sizes_never_share_a_call() {
    let offer = |name: &str, model| {
        let pipeline = Pipeline::new(model, &ancestral_pipeline::Engine::default()).unwrap();
        Offer::new(name, None, pipeline)
    };
    let wide = Model::built_in().with_size([16, 24]).unwrap();
    let offers = vec![offer("digits", Model::built_in()), offer("wide", wide)];
    let server = Running::of(offers, Limits::default(), Access::on([127, 0, 0, 1].into()));
    let problem = server.post("/v1/samples", "*/*", r#"{"count": 1}"#).problem(400, Some("/model"));
    assert!(problem.contains("digits, wide"), "{problem}");
    let body = |model: &str| {
        json!({"model": model, "count": 2, "steps": 30, "seed": 4, "sampler": "ddim"}).to_string()
    };
    let [digits, wide] = thread::scope(|scope| {
        let draw = |model: &str| {
            let body = body(model);
            let server = &server;
            scope.spawn(move || server.post("/v1/samples", "application/x-npy", &body).body)
        };
        [draw("digits"), draw("wide")].map(|request| request.join().unwrap())
    });
    let pure = settings(r#"{"count": 2, "steps": 30, "seed": 4, "sampler": "ddim"}"#);
    assert!(digits == alone(&pure, Format::Npy));
    assert!(wide.windows(13).any(|text| text == b"(2, 1, 16, 24"));
}

#[test]
fn cancelling_hits_the_one_that_is_named() {
    let server = Running::with(|limits| limits.running = 1, |access| access);
    // One that is over cannot be cancelled, and its successor does not notice.
    let first = server.job(r#"{"count": 1, "steps": 2, "wait": false}"#);
    server.until(&first, &["done"]);
    let running = server.job(LONG);
    server.until(&running, &["running"]);
    server.delete(&first).problem(409, None);
    assert_eq!(server.state(&running), "running");
    // One that waits never starts.
    let waiting = server.job(r#"{"count": 1, "steps": 2, "wait": false, "sampler": "heun"}"#);
    let behind = server.job(r#"{"count": 1, "steps": 2, "wait": false}"#);
    assert_eq!(server.get(&waiting).json()["place"], 1);
    assert_eq!(server.get(&behind).json()["place"], 2);
    let cancelled = server.delete(&waiting);
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")));
    assert_eq!(server.get(&behind).json()["place"], 1);
    server.delete(&waiting).problem(409, None);
    server.get(&format!("{waiting}/samples.png")).problem(409, None);
    server.delete("/v1/samples/none").problem(404, None);
    // One that runs frees its place for the next.
    server.delete(&running);
    server.until(&behind, &["done"]);
    assert_eq!(server.get(&waiting).json()["done"], 0);
    // A follower hears of it.
    let running = server.job(LONG);
    let followed = [("accept", "text/event-stream")];
    let mut events = common::Events(server.open("GET", &running, &followed, b""));
    assert_eq!(events.next().unwrap().name, "accepted");
    server.delete(&running);
    let last = events.last().unwrap();
    assert_eq!((last.name.as_str(), &last.data["type"]), ("error", &json!("/problems/cancelled")));
}

#[test]
fn whoever_goes_away_is_not_drawn_for() {
    let server = Running::new();
    for accept in ["text/event-stream", "application/json", "image/png"] {
        let body = br#"{"count": 64, "steps": 1000, "previews": 50}"#;
        let headers = [common::JSON, ("accept", accept)];
        let mut stream = server.connect();
        std::io::Write::write_all(
            &mut stream,
            &common::request("POST", "/v1/samples", &headers, body),
        )
        .unwrap();
        let turns = server.metric("ancestral_turns_total");
        while server.metric("ancestral_turns_total") == turns {}
        drop(stream);
        let began = std::time::Instant::now();
        loop {
            let turns = server.metric("ancestral_turns_total");
            thread::sleep(Duration::from_millis(100));
            if server.metric("ancestral_turns_total") == turns {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{accept}: it is still drawn");
        }
    }
}

#[test]
fn a_full_queue_says_when_to_try_again() {
    let limit = |limits: &mut Limits| (limits.running, limits.waiting) = (1, 2);
    let server = Running::with(limit, |access| access);
    let jobs = [0; 3].map(|_| {
        let job = server.job(LONG);
        server.until(&job, &["running", "waiting"]);
        job
    });
    let reply = server.post("/v1/samples", "*/*", r#"{"count": 1, "steps": 1}"#);
    reply.problem(429, None);
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    // Three times 64 rows of 1000 calls.
    assert!((1..=3600).contains(&seconds));
    assert!(server.metric("ancestral_refused_total") >= 1.0);
    // A place in the queue is free again at once.
    server.delete(&jobs[2]);
    server.job(r#"{"count": 1, "steps": 1, "wait": false}"#);
}

#[test]
fn another_client_does_not_wait_for_the_many_of_one() {
    let server = Running::with(|limits| limits.running = 2, |access| access);
    let many = [0; 6].map(|_| server.job(LONG));
    // A proxy on this machine says whom it speaks for.
    let other = [common::JSON, ("x-forwarded-for", "192.0.2.7")];
    let body = br#"{"count": 2, "steps": 10, "seed": 1}"#;
    let reply = server.send("POST", "/v1/samples", &other, body);
    assert_eq!(reply.status, 200);
    assert!(many.iter().all(|job| server.state(job) != "done"));
}

#[test]
fn a_server_that_stops_ends_streams_and_takes_nothing_on() {
    let limit = |limits: &mut Limits| {
        limits.running = 1;
        limits.grace = Duration::from_secs(2);
    };
    let server = Running::with(limit, |access| access);
    let mut running = server.events(r#"{"count": 64, "steps": 1000, "previews": 2}"#);
    assert_eq!(running.next().unwrap().name, "accepted");
    let waiting = server.events(r#"{"count": 1, "steps": 2}"#);
    assert_eq!(server.get("/readyz").status, 200);
    server.stop();
    // What waits is ended at once, what runs later.
    let last = waiting.last().unwrap();
    assert_eq!((last.name.as_str(), &last.data["type"]), ("error", &json!("/problems/draining")));
    server.get("/readyz").problem(503, None);
    assert_eq!(server.get("/healthz").status, 200);
    server.post("/v1/samples", "*/*", "{}").problem(503, None);
    let last = running.last().unwrap();
    assert!(["done", "error"].contains(&last.name.as_str()), "{last:?}");
    server.join();
}

#[test]
fn every_sampler_can_be_asked_for() {
    let server = Running::new();
    for sampler in AnySampler::all() {
        let name = sampler.info().name;
        let body = json!({"count": 2, "steps": 5, "seed": 9, "sampler": name}).to_string();
        let reply = server.post("/v1/samples", "application/x-npy", &body);
        assert!(reply.body == alone(&settings(&body), Format::Npy), "{name}");
    }
}

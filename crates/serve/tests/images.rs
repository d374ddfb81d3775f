//! OpenAI's shape.

mod common;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::{Events, JSON, Running};
use serde_json::json;

const PATH: &str = "/v1/images/generations";

#[test]
fn pictures_are_those_of_samples() {
    let server = Running::new();
    let body = r#"{"model": "digits", "prompt": "7", "n": 2, "size": "8x8", "seed": 3, "steps": 5, "response_format": "b64_json", "user": "me"}"#;
    let images = server.post(PATH, "*/*", body).json();
    let same = r#"{"count": 2, "class": "7", "seed": 3, "steps": 5}"#;
    let samples = server.post("/v1/samples", "*/*", same).json();
    for i in 0..2 {
        assert_eq!(images["data"][i]["b64_json"], samples["samples"][i]["png"]);
    }
    assert_eq!(images["seed_text"], "3");
    // The names of other servers mean the same.
    let body =
        r#"{"prompt": "7", "n": 2, "seed": "3", "num_inference_steps": 5, "guidance_scale": 2}"#;
    let other = server.post(PATH, "*/*", body).json();
    let same = r#"{"count": 2, "class": "7", "seed": 3, "steps": 5, "guidance": 2}"#;
    let samples = server.post("/v1/samples", "*/*", same).json();
    assert_eq!(other["data"][1]["b64_json"], samples["samples"][1]["png"]);
}

#[test]
fn errors_have_the_shape_of_openai() {
    let server = Running::new();
    for (body, param) in [
        (r#"{"prompt": "7", "n": 11}"#, json!("n")),
        (r#"{"prompt": "7", "size": "1024x1024"}"#, json!("size")),
        (r#"{"prompt": "7", "response_format": "url"}"#, json!("response_format")),
        (r#"{"prompt": "a cat"}"#, json!("class")),
        (r#"{"prompt": "7", "quality": "hd"}"#, json!("quality")),
        (r#"{"prompt": "7", "style": "vivid"}"#, json!("style")),
        (r#"{"prompt": "7", "seed": -1}"#, json!("seed")),
        (r#"{"prompt": "7", "steps": 0}"#, json!("steps")),
        (r#"{"prompt": "7", "steps": 2, "num_inference_steps": 3}"#, json!("steps")),
        (r#"{"n": 1}"#, json!(null)),
    ] {
        let reply = server.post(PATH, "*/*", body);
        assert_eq!(reply.status, 400, "{}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(error["param"], param, "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
}

#[test]
fn a_stream_has_pictures_on_the_way() {
    let server = Running::new();
    let body = br#"{"prompt": "7", "seed": 3, "steps": 5, "stream": true, "partial_images": 2}"#;
    let events: Vec<_> = Events(server.open("POST", PATH, &[JSON], body)).collect();
    let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    let [partial, completed] = ["image_generation.partial_image", "image_generation.completed"];
    assert_eq!(names, [partial, partial, completed]);
    assert_eq!(events[1].data["partial_image_index"], 1);
    assert_eq!(events[2].data["type"], completed);
    let png = BASE64_STANDARD.decode(events[2].data["b64_json"].as_str().unwrap()).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
}

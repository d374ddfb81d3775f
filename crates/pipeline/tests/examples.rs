//! The examples do what they say.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "the examples' own")]

#[path = "../examples/draw.rs"]
mod draw;
#[path = "../examples/early.rs"]
mod early;

#[test]
fn sixteen_are_drawn_into_a_png() {
    let folder = tempfile::tempdir().unwrap();
    let png = folder.path().join("samples.png");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/digits");
    draw::draw(model, png.to_str().unwrap()).unwrap();
    assert!(std::fs::read(png).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_run_stops_early() {
    let steps = early::steps_needed(0.05).unwrap();
    assert!((10..100).contains(&steps), "{steps}");
}

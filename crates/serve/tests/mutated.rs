//! Damaged bodies are refused with a problem, or mean something that is possible: there is no panic.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_pipeline::Model;
use ancestral_serve::{Limits, SampleRequest};

const CASES: usize = 10_000;

const BODIES: [&str; 5] = [
    r#"{"model": "digits", "count": 3, "seed": "7", "steps": 5, "sampler": "heun:churn=4", "class": "4"}"#,
    r#"{"wait": false, "previews": 3, "guidance": 2.5, "guidance_interval": [0.2, 5], "class": "1"}"#,
    r#"{"visit": [900, 500, 20], "clip": false, "rng": "torch-each", "eta": 0.5, "first": 2}"#,
    r#"{"compat": "diffusers", "steps": 7, "snapshots": 2, "null_label": 10, "batch": 2}"#,
    r#"{"inpaint": {"values": [[0, 1], [null, 1]]}, "mask": {"npy": "AAAA"}, "from": {"png": "iVBORw0KGgo="}, "strength": 0.5}"#,
];

/// Pieces that are put in: what numbers, texts and lists may be.
const PIECES: [&str; 16] = [
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "null",
    "true",
    "\"\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"steps\"",
    "0.0000001",
    "\u{202e}",
];

/// Numbers that look random (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

fn mutated(chance: &mut Chance) -> Vec<u8> {
    let mut body = BODIES[chance.below(BODIES.len())].as_bytes().to_vec();
    for _ in 0..=chance.below(4) {
        let (place, length) = (chance.below(body.len() + 1), chance.below(8));
        let end = body.len().min(place + length);
        let piece = PIECES[chance.below(PIECES.len())].as_bytes();
        match chance.below(4) {
            0 => drop(body.splice(place..end, piece.iter().copied())),
            1 => drop(body.drain(place..end)),
            2 if place < body.len() => body[place] ^= 1 << chance.below(8),
            _ => {
                let copy = body[place..end].to_vec();
                drop(body.splice(place..place, copy));
            }
        }
    }
    body
}

#[test]
fn damaged_bodies_are_refused_or_possible() {
    let model = Model::built_in().into_parts().0;
    let mut limits = Limits::default();
    (limits.count, limits.steps) = (4, 20);
    let (mut chance, mut planned, mut refused) = (Chance(0x9e37_79b9_7f4a_7c15), 0, 0);
    for _ in 0..CASES {
        let body = mutated(&mut chance);
        match SampleRequest::parse(&body).and_then(|request| request.plan(&model, &limits)) {
            Ok(plan) => {
                assert!(plan.count() <= 4 && plan.hops() <= 20);
                planned += 1;
            }
            Err(problem) => {
                assert!(!problem.detail().is_empty());
                refused += 1;
            }
        }
    }
    assert!(planned > 100 && refused > 1000, "{planned} planned, {refused} refused");
}

//! The JSON files of a folder: the first byte says which. What is read is written and read again.

#![no_main]

use ancestral_format::{About, MlpConfig, SchedulerConfig, UNetConfig};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, json)) = bytes.split_first() else { return };
    match which % 4 {
        0 => {
            if let Ok(parsed) = UNetConfig::from_json(json) {
                let text = parsed.config.to_json();
                UNetConfig::from_json(text.as_bytes()).expect("ours is sound");
            }
        }
        1 => {
            if let Ok(parsed) = MlpConfig::from_json(json) {
                let text = parsed.config.to_json();
                MlpConfig::from_json(text.as_bytes()).expect("ours is sound");
            }
        }
        2 => {
            if let Ok(parsed) = SchedulerConfig::from_json(json) {
                let _ = parsed.config.schedule();
            }
        }
        _ => {
            if let Ok(about) = About::from_json(json) {
                About::from_json(about.to_json().as_bytes()).expect("ours is sound");
            }
        }
    }
});

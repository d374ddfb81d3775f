//! A weight file. What is read is written and read again.

#![no_main]

use ancestral_format::safetensors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(weights) = safetensors::from_bytes(bytes) {
        let written = safetensors::to_bytes(&weights).expect("what was read can be written");
        assert_eq!(safetensors::from_bytes(&written).expect("ours is sound"), weights);
    }
});

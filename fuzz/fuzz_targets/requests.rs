//! Bodies of requests to the server: whatever is sent is read or refused, and what is read is planned
//! for or refused.

#![no_main]

use std::sync::LazyLock;

use ancestral_pipeline::Model;
use ancestral_serve::{Limits, SampleRequest};
use libfuzzer_sys::fuzz_target;

static MODEL: LazyLock<std::sync::Arc<Model>> = LazyLock::new(|| Model::built_in().into_parts().0);

fuzz_target!(|bytes: &[u8]| {
    let mut limits = Limits::default();
    (limits.count, limits.steps) = (4, 20);
    if let Ok(request) = SampleRequest::parse(bytes) {
        let _ = request.plan(&MODEL, &limits);
    }
});

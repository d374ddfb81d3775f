//! What is left of the data where sampling starts.

use ancestral::Schedule;

/// ᾱ at the noisiest level above which the data are still visible there.
const VISIBLE: f64 = 1e-3;

/// A warning about a schedule that does not end in pure noise, where sampling starts.
#[must_use]
pub fn signal_left(schedule: &Schedule) -> Option<String> {
    let alpha_bar = schedule.noisiest().alpha_bar();
    (alpha_bar > VISIBLE).then(|| {
        format!(
            "this schedule ends at alpha_bar = {alpha_bar:.4}, where data is still visible; sampling \
             starts from pure noise, so it should end below {VISIBLE}"
        )
    })
}

#!/usr/bin/env bash
# The experiments of docs/experiments.md: one command each, in at most 15 minutes.
source "$(dirname "$0")/lib.sh"
need_program

need_packages experiments matplotlib==3.11.2

# An experiment says something, and draws its figures.  experiment NAME FIGURE COMMAND…
experiment() {
    local what=$1 figure=$2
    timed "${@:3}" >"$WORK/$what.txt"
    at_most "$what" "$SECONDS_TAKEN" 900 s
    expect "$what: a table" test -s "$WORK/$what.txt"
    expect "$what: a figure" test -s "$WORK/$figure"
}
python=$VENV/bin/python
for what in variances predictions; do
    experiment "$what" "$what.png" "$python" tools/experiments/$what.py "$ANCESTRAL" \
        --out "$WORK/$what" --figure "$WORK/$what.png"
done
cargo build --quiet --locked --release -p ancestral-eval --example gaussian_steps
experiment gaussian_steps gaussian-steps-hops.png \
    "${CARGO_TARGET_DIR:-target}/release/examples/gaussian_steps" "$WORK"
finish

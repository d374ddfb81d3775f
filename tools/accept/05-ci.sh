#!/usr/bin/env bash
# The gate, .ci/run, is green on a fresh clone, from nothing, in 25 minutes.
source "$(dirname "$0")/lib.sh"

if [[ -n $(git status --porcelain) ]]; then
    say "what is not committed is not in the clone"
fi
git clone --quiet "$ROOT" "$WORK/clone"
say "$(git -C "$WORK/clone" rev-parse --short HEAD), $(nproc) cores, $(cargo --version)"

gate() { (cd "$WORK/clone" && env -u CARGO_TARGET_DIR CI=true bash .ci/run </dev/null); }
passed=yes
timed gate || passed=no
judge "$passed" ".ci/run on a fresh clone"
at_most ".ci/run, wall time" "${SECONDS_TAKEN:-none}" 1500 s
finish

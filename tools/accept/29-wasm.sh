#!/usr/bin/env bash
# The modules for WebAssembly: built and tested, as small as they are said to be, and 16 digits in 20 steps
# within a second in Chromium on one core.
source "$(dirname "$0")/lib.sh"

place=${CARGO_TARGET_DIR:-$ROOT/target}/wasm
expect "make wasm builds and tests the modules" make -s wasm
at_most "ancestral.wasm" "$(wc -c <"$place/site/ancestral.wasm")" 1200000 bytes
at_most "core.wasm" "$(wc -c <"$place/site/core.wasm")" 150000 bytes

# Opening, then 16 digits in 20 steps, each of nine runs in milliseconds; Chromium on one core.
cpu=$(taskset -pc $$ | sed 's/.*: *//; s/[-,].*//')
WASM=$place taskset -c "$cpu" node "$TOOLS/wasm.js" >"$WORK/times.txt"
read -r opened first median <"$WORK/times.txt"
say "opening the module and the model: $opened ms; the first run: $first ms"
at_most "16 digits in 20 steps, median of 9" "$median" 1000 ms
at_most "the first of them" "$first" 1000 ms
finish

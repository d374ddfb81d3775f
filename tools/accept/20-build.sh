#!/usr/bin/env bash
# What it takes to begin: the program by default is built in little more time than one that only
# samples, of few packages, and a training is at its samples a minute later. Wants a machine that does
# nothing else.
source "$(dirname "$0")/lib.sh"
say "$(nproc) cores, $(cargo --version)"

small=(-p ancestral-cli --no-default-features --features cpu)
# Each once: a package that occurs again is marked.
packages() { cargo tree -e normal --prefix none "$@" | sed 's/ (\*)$//' | sort -u; }
# Built from nothing but what cargo has downloaded.  build NAME ARGUMENTS
build() {
    local name=$1
    shift
    timed env CARGO_TARGET_DIR="$WORK/$name" cargo build --release --quiet "$@"
    say "$name: $SECONDS_TAKEN s, $(packages "$@" | wc -l) packages," \
        "$(awk -v s="$(stat -c %s "$WORK/$name/release/ancestral")" \
            'BEGIN { printf "%.1f MB", s / 1e6 }')"
}
cargo fetch --quiet --locked

build sampling "${small[@]}"
at_most "the build that only samples" "$SECONDS_TAKEN" 90 s
sampling=$SECONDS_TAKEN
build default
at_most "the build by default, in times of the other's" \
    "$(awk -v a="$SECONDS_TAKEN" -v b="$sampling" 'BEGIN { printf "%.2f", a / b }')" 1.5
at_most "packages in the build by default" "$(packages | wc -l)" 199
packages >"$WORK/packages.txt"
expect_not "no Burn in it" grep -iE '^(burn|cubecl)' "$WORK/packages.txt"

timed "$WORK/default/release/ancestral" train digits -o "$WORK/run" --quiet >"$WORK/folder.txt"
say "train digits, start to samples: $SECONDS_TAKEN s"
expect "its samples are there" test -s "$WORK/run/samples.png"
finish

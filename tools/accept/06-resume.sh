#!/usr/bin/env bash
# A training that was interrupted and went on leaves the same bytes as one that was not.
source "$(dirname "$0")/lib.sh"
need_program
need_python

train() { "$ANCESTRAL" train --quiet "$@" >"$WORK/folder.txt"; }
same() { "$ANCESTRAL_PYTHON" "$TOOLS/same.py" "$@"; }
logs() { "$ANCESTRAL_PYTHON" "$TOOLS/logs.py" "$@"; }
unet=(--width 8,16)
weights=unet/diffusion_pytorch_model.safetensors
raw=unet/diffusion_pytorch_model.raw.safetensors

# 40 steps, and 20 that were saved and 20 more: all that is in the two folders.  halves NAME ARGUMENTS
halves() {
    local name=$1 whole=$WORK/$1 parts=$WORK/$1-parts
    shift
    train "$@" --steps 40 -o "$whole"
    train "$@" --steps 40 -o "$parts" --stop-at 20
    expect_not "$name: no model after 20 of 40 steps" test -e "$parts/model_index.json"
    train --resume "$parts"
    say "$name: $(find "$whole" -type f | wc -l) files"
    expect "$name: 40 steps, and 20 + 20: equal bytes of every file" diff -r --brief "$whole" "$parts"
}
halves digits-small digits "${unet[@]}" --batch 16
halves digits-default digits
# 20 is no multiple of 7, so that a preview's noise would be seen if it were taken from the training.
halves digits-options digits "${unet[@]}" --accumulate 4 --batch 2 --label-dropout 0.3 \
    --preview-every 7 --flip
halves moons moons

# Threads change nothing but speed, also when they change on the way.
train digits "${unet[@]}" --batch 16 --steps 40 -o "$WORK/threads" --stop-at 20 --threads 1
train --resume "$WORK/threads" --threads 2
expect "20 steps with 1 thread + 20 with 2: equal bytes of every file" \
    diff -r --brief "$WORK/digits-small" "$WORK/threads"

train digits "${unet[@]}" --batch 16 --steps 40 -o "$WORK/no-previews" --preview-every 0
train digits "${unet[@]}" --batch 16 --steps 40 -o "$WORK/previews" --preview-every 3
expect_not "--preview-every 0: no previews" test -n "$(ls "$WORK/no-previews/previews")"
for file in $weights $raw samples.png denoising.gif; do
    expect "previews on and off: equal ${file##*/}" \
        cmp "$WORK/previews/$file" "$WORK/no-previews/$file"
done
expect "previews on and off: equal losses" \
    same losses "$WORK/previews/log.jsonl" "$WORK/no-previews/log.jsonl"

# Ctrl-C. Of the older checkpoints, one of an odd step may be kept in the place of another; of the
# newest alone, none.
interrupted() { # FROM A FILE ON, SECONDS
    local code=none seconds=$2 run=$WORK/interrupted
    rm -rf "$run"
    code=$("$ANCESTRAL_PYTHON" "$TOOLS/stop.py" INT "$seconds" "$run/$1" "$ANCESTRAL" train digits \
        "${long[@]}" -o "$run" --quiet 2>"$WORK/said.txt") || cat "$WORK/said.txt"
    say "$(tail -n 1 "$WORK/said.txt")"
    judge "$([[ $code == 130 ]] && echo yes || echo no)" \
        "Ctrl-C $seconds s after $1: exit code $code (130)"
    train --resume "$run"
    expect "Ctrl-C $seconds s after $1, gone on: equal bytes of every file" \
        diff -r --brief "$WORK/long" "$run"
}
long=("${unet[@]}" --batch 16 --steps 200 --keep 1)
timed train digits "${long[@]}" -o "$WORK/long" --stop-at 199
seconds=$SECONDS_TAKEN
train --resume "$WORK/long"
RANDOM=6
for _ in 1 2 3 4; do
    share=$((RANDOM % 80 + 10))
    interrupted log.jsonl "$(awk -v s="$seconds" -v p="$share" 'BEGIN { printf "%.2f", s * p / 100 }')"
done
# While the samples at the end are drawn: all steps are saved by then.
interrupted checkpoints/step-200 0.2

# More steps than were planned.
train digits "${unet[@]}" --batch 16 --constant-lr --steps 40 -o "$WORK/constant"
train digits "${unet[@]}" --batch 16 --constant-lr --steps 20 -o "$WORK/constant-more"
train --resume "$WORK/constant-more" --steps 40
for file in $weights $raw log.jsonl ancestral.json samples.png denoising.gif loss.png; do
    expect "constant rate, 40 steps, and 20 raised to 40: equal ${file##*/}" \
        cmp "$WORK/constant/$file" "$WORK/constant-more/$file"
done
train digits "${unet[@]}" --batch 16 --steps 20 -o "$WORK/cosine-more"
train --resume "$WORK/cosine-more" --steps 40
expect "cosine, 20 steps raised to 40: from step 21 on the rates of 40 steps, all positive" \
    logs rates "$WORK/cosine-more/log.jsonl" "$WORK/digits-small/log.jsonl" 21
read -r count least < <(logs rates "$WORK/cosine-more/log.jsonl" "$WORK/digits-small/log.jsonl" 21)
say "$count rates, the least $least"

# The gradients themselves are compared in a test, bit for bit:
gradients=passes_over_parts_of_the_tree_add_to_the_same_bits
expect "the test $gradients is there" \
    grep -q "fn $gradients" crates/cpu/tests/training.rs
say "crates/cpu/tests/training.rs compares the gradients themselves: $gradients"
train digits "${unet[@]}" --steps 4 --batch 8 -o "$WORK/large"
train digits "${unet[@]}" --steps 4 --batch 2 --accumulate 4 -o "$WORK/accumulated"
at_most "--batch 2 --accumulate 4 and --batch 8: relative difference of the first loss and norm" \
    "$(logs first "$WORK/accumulated/log.jsonl" "$WORK/large/log.jsonl")" 1e-6
finish

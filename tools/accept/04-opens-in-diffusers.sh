#!/usr/bin/env bash
# diffusers opens what `train` writes, and its network says what ours says.
source "$(dirname "$0")/lib.sh"
need_program
need_python

diffusers() { "$ANCESTRAL_PYTHON" "$TOOLS/opens.py" "$@"; }

# Runs ours, and asks diffusers' network at every x_t on the way.
#   compare WHAT LEAST_STEPS LABEL MODEL [sample's options]
compare() {
    local what=$1 least_steps=$2 label=$3 model=$4 difference steps
    local trajectory=$WORK/trajectory.npy
    shift 4
    "$ANCESTRAL" sample "$model" --sampler ddim --no-clip --spacing trailing --trajectory \
        -o "$trajectory" --force --quiet "$@"
    say "$what"
    read -r difference steps < <(diffusers forward "$model" "$trajectory" ${label:+"$label"})
    at_most "$what: difference and rounding over the largest output" "${difference:-none}" 1e-5
    at_least "$what: timesteps compared" "$steps" "$least_steps"
}

run=$WORK/run
"$ANCESTRAL" train digits --steps 30 --seed 0 -o "$run" --quiet >"$WORK/folder.txt"
parameters=$(diffusers opens "$run" 2>"$WORK/errors.txt") || cat "$WORK/errors.txt"
at_least "diffusers opens all parts of the trained model; parameters" "$parameters" 1

diffusers noise "$WORK/x_T.npy" 8
compare "trained, from x_T.npy in one step" 1 "" "$run" --init "$WORK/x_T.npy" --steps 1

# The trained network, and the one that the program carries, at timesteps over the whole range.
diffusers probe "$run" "$WORK/trained"
diffusers probe crates/pipeline/models/digits "$WORK/built-in"
for model in trained built-in; do
    compare "$model, no label" 20 "" "$WORK/$model" -n 4 --seed 0 --steps 20 --class none
    compare "$model, --class 3" 20 3 "$WORK/$model" -n 4 --seed 1 --steps 20 --class 3
done
finish

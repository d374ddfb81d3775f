#!/usr/bin/env bash
# One command trains a network on the built-in digits, and the network draws digits.
source "$(dirname "$0")/lib.sh"
need_program
need_python

run=$WORK/run
cargo run --release -- --help >"$WORK/help.txt" # so that only the training is timed
timed cargo run --release -- train digits -o "$run"
at_most "train digits, wall time" "$SECONDS_TAKEN" 240 s

for file in model_index.json scheduler/scheduler_config.json unet/config.json \
    unet/diffusion_pytorch_model.safetensors unet/diffusion_pytorch_model.raw.safetensors \
    ancestral.json log.jsonl samples.png denoising.gif loss.png; do
    expect "$file is there" test -s "$run/$file"
done
expect "previews/ holds a preview" test -n "$(ls "$run/previews")"

timed "$ANCESTRAL" sample "$run" -n 800 --seed 0 --steps 100 -o "$WORK/x.npy"
say "800 samples in 100 steps: $SECONDS_TAKEN s"
at_most "distance to the digits" "$("$ANCESTRAL_PYTHON" "$TOOLS/digits.py" distance "$WORK/x.npy")" 0.25
at_most "share that a nearest neighbour tells from real digits" \
    "$("$ANCESTRAL_PYTHON" "$TOOLS/digits.py" neighbours "$WORK/x.npy")" 0.62

read -r accuracy least shares < <("$ANCESTRAL_PYTHON" "$TOOLS/digits.py" classes "$WORK/x.npy")
say "classifier, accuracy on held-out digits: $accuracy"
say "share of 0 to 9: $shares %"
at_least "rarest class" "$least" 5 %
finish

#!/usr/bin/env bash
# A network of the size that people publish: how long it takes to load, and how much memory.
source "$(dirname "$0")/lib.sh"
need_program
need_python

diffusers() { "$ANCESTRAL_PYTHON" "$TOOLS/replay.py" "$@"; }

# Peak memory of a command in MB, and its wall time in SECONDS_TAKEN.
peak() {
    local file=$WORK/peak.txt
    timed "$ANCESTRAL_PYTHON" -c '
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
open(sys.argv[1], "w").write(f"{peak:.0f}")
sys.exit(code)' "$file" "$@"
    PEAK=$(cat "$file")
}

model=$WORK/cifar10
diffusers model "$model" cifar10
size=$(stat -c %s "$model/unet/diffusion_pytorch_model.safetensors")
size=$(awk -v s="$size" 'BEGIN { printf "%.0f", s / 1e6 }')
say "weights: $size MB"

peak "$ANCESTRAL" inspect "$model" >"$WORK/inspect.txt"
grep -E "^(network|compat)" "$WORK/inspect.txt"
say "inspect: $SECONDS_TAKEN s, $PEAK MB at most"
peak "$ANCESTRAL" convert "$model" -o "$WORK/clean"
say "convert: $SECONDS_TAKEN s, $PEAK MB at most"
at_most "peak memory of convert, in sizes of the weights" \
    "$(awk -v p="$PEAK" -v s="$size" 'BEGIN { printf "%.2f", p / s }')" 3.3

peak "$ANCESTRAL" sample "$model" -n 1 --steps 1 --sampler ddim --no-clip --spacing trailing \
    --trajectory -o "$WORK/one.npy" --quiet
say "sample -n 1 --steps 1: $SECONDS_TAKEN s, $PEAK MB at most"
one=$SECONDS_TAKEN
at_most "loading and one step" "$one" 10 s
at_most "one forward pass: difference over the largest output" \
    "$(diffusers forward "$model" "$WORK/one.npy" 2>/dev/null)" 1e-5
peak "$ANCESTRAL" sample "$model" -n 1 --steps 11 -o "$WORK/eleven.npy" --quiet
say "sample -n 1 --steps 11: $SECONDS_TAKEN s, $PEAK MB at most"
step=$(awk -v a="$one" -v b="$SECONDS_TAKEN" 'BEGIN { printf "%.3f", (b - a) / 10 }')
say "so a step takes $step s, and loading $(awk -v a="$one" -v s="$step" \
    'BEGIN { printf "%.2f", a - s }') s"
peak "$ANCESTRAL" sample "$model" -n 4 --steps 3 -o "$WORK/four.npy" --quiet
say "sample -n 4 --steps 3: $SECONDS_TAKEN s, $PEAK MB at most"
finish

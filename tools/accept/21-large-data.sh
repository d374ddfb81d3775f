#!/usr/bin/env bash
# Data larger than memory: a folder of 200 000 pictures starts in seconds, within the memory that is
# allowed, and steps are as fast, with the same bits, as if all were held.
source "$(dirname "$0")/lib.sh"
need_program
need_python

large() { "$ANCESTRAL_PYTHON" "$TOOLS/large_data.py" "$@"; }
# Trains to a step; prints wall seconds, CPU seconds and memory.  trained STEPS RUN OPTIONS
trained() {
    local steps=$1 run=$2
    shift 2
    rm -rf "$WORK/$run"
    large measure "$ANCESTRAL" train "$WORK/many" --steps 1000 --stop-at "$steps" --preview-every 0 \
        --checkpoint-every 0 --quiet -o "$WORK/$run" "$@"
}
smaller() { awk -v a="$1" -v b="$2" 'BEGIN { print (a < b) ? a : b }'; }

large make "$WORK/many" 200000
say "$(du -sm --apparent-size "$WORK/many" | cut -f 1) MB of PNG files, 614 MB of pixels"
few=100 # MB
for times in 1 2 3; do
    read -r held _ memory < <(trained 1 held)
    read -r read _ most < <(trained 1 read --memory "${few}MB")
    read -r held_more _ _ < <(trained 101 held)
    read -r read_more _ _ < <(trained 101 read --memory "${few}MB")
    say "first step after $held s ($memory MB), read as needed $read s ($most MB); 101 steps $held_more and $read_more s"
    first_held=$(smaller "$held" "${first_held:-1e9}") first_read=$(smaller "$read" "${first_read:-1e9}")
    more_held=$(smaller "$held_more" "${more_held:-1e9}") more_read=$(smaller "$read_more" "${more_read:-1e9}")
done
at_most "the first step, all held" "$first_held" 20 s
at_most "the first step, read as needed" "$first_read" 20 s
at_most "memory with --memory ${few}MB" "$most" $((few + 300)) MB
ratio=$(awk -v a="$more_read" -v b="$first_read" -v c="$more_held" -v d="$first_held" \
    'BEGIN { printf "%.3f", (a - b) / (c - d) }')
at_most "a step, read as needed, beside one with all held" "$ratio" 1.05 times
expect "the same weights after 101 steps" cmp \
    "$WORK/held/checkpoints/step-101/unet/diffusion_pytorch_model.safetensors" \
    "$WORK/read/checkpoints/step-101/unet/diffusion_pytorch_model.safetensors"
finish

#!/usr/bin/env bash
# The model that the program carries: how good, how small, how fast, and whether it knows its classes.
source "$(dirname "$0")/lib.sh"
need_program
need_python

size=$(find crates/pipeline/models/digits -type f -print0 | xargs -0 cat | wc -c)
at_most "size of crates/pipeline/models/digits" "$size" 3000000 bytes

timed "$ANCESTRAL" sample -n 64 -o "$WORK/digits.png"
at_most "sample -n 64 -o digits.png, wall time" "$SECONDS_TAKEN" 15 s

timed "$ANCESTRAL" sample -n 800 --seed 0 --steps 100 -o "$WORK/x.npy"
say "800 samples in 100 steps: $SECONDS_TAKEN s"
at_most "distance to the digits" "$("$ANCESTRAL_PYTHON" "$TOOLS/digits.py" distance "$WORK/x.npy")" 0.35

read -r accuracy least shares < <("$ANCESTRAL_PYTHON" "$TOOLS/digits.py" classes "$WORK/x.npy")
say "classifier, accuracy on held-out digits: $accuracy"
say "without --class, share of 0 to 9: $shares % (rarest $least %)"
for class in 0 1 2 3 4 5 6 7 8 9; do
    "$ANCESTRAL" sample --class "$class" -n 50 -o "$WORK/$class.npy" --quiet
    share=$("$ANCESTRAL_PYTHON" "$TOOLS/digits.py" share "$WORK/$class.npy" "$class")
    at_least "--class $class, share that the classifier calls $class" "$share" 80 %
done
finish

#!/usr/bin/env bash
# `eval` prints the numbers of the papers' definitions; a learned and an optimal variance have lower
# bounds than fixed ones; large sets take little memory.
source "$(dirname "$0")/lib.sh"
need_program
need_python
cd "$WORK"
json() { "$ANCESTRAL_PYTHON" -c "import json,sys; r=json.load(sys.stdin); print($1)"; }

# The measures, computed again in NumPy.
"$ANCESTRAL" sample digits -n 899 --seed 5 --steps 50 --quiet -o drawn.npy
"$ANCESTRAL_PYTHON" "$TOOLS/evaluation.py" real real.npy
"$ANCESTRAL" eval drawn.npy real.npy --json --neighbours 5 --quiet > report.json
while read -r what difference; do
    at_most "$what, off the definition by" "$difference" 1e-5
done < <("$ANCESTRAL_PYTHON" "$TOOLS/evaluation.py" compare real.npy drawn.npy report.json)

# Variances: digits, 2000 steps each.
"$ANCESTRAL" train digits --steps 2000 --seed 1 --holdout 0.1 --quiet -o fixed > /dev/null
"$ANCESTRAL" train digits --steps 2000 --seed 1 --holdout 0.1 --variance learned-range --quiet \
    -o learned > /dev/null
"$ANCESTRAL" calibrate fixed digits --quiet > /dev/null
bits() { # MODEL VARIANCE STEPS
    "$ANCESTRAL" eval "$1" digits --holdout 0.1 --likelihood -n 180 --variance "$2" --steps "$3" \
        --json --quiet | json 'r["bits"]'
}
for steps in 1000 50; do
    small=$(bits fixed fixed-small "$steps")
    large=$(bits fixed fixed-large "$steps")
    optimal=$(bits fixed optimal "$steps")
    learned=$(bits learned learned-range "$steps")
    say "held-out digits, $steps steps, bits per dimension: fixed-small $small, fixed-large $large," \
        "optimal $optimal, learned-range $learned"
    least=$(awk -v a="$small" -v b="$large" 'BEGIN { print a < b ? a : b }')
    at_most "optimal, $steps steps" "$optimal" "$least" bits
    at_most "learned-range, $steps steps" "$learned" "$least" bits
done

# Memory and time: 10 000 pictures of 32 x 32 in colour, against 50 000.
"$ANCESTRAL_PYTHON" "$TOOLS/evaluation.py" large drawn.npz 10000
"$ANCESTRAL_PYTHON" "$TOOLS/evaluation.py" large real.npz 50000
timed /usr/bin/time -f '%M' -o memory.txt "$ANCESTRAL" eval drawn.npz real.npz 2> notes.txt > large.txt
say "10 000 against 50 000 pictures: $SECONDS_TAKEN s; $(grep 'takes about' notes.txt || echo 'no estimate')"
at_most "its memory" "$(cat memory.txt)" 1000000 kB
expect "it says how long it takes" grep -q 'comparing takes about' notes.txt
finish

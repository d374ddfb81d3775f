#!/usr/bin/env bash
# A real table: samples are as near to rows that were held out as the training rows are, and are no
# copies of them.
source "$(dirname "$0")/lib.sh"
need_program
need_python

rows() { "$ANCESTRAL_PYTHON" "$TOOLS/rows.py" "$@"; }
rows diabetes "$WORK/diabetes.csv" "$WORK/held-out.csv"
run=$WORK/run
timed "$ANCESTRAL" train "$WORK/diabetes.csv" -o "$run" --quiet >"$WORK/folder.txt"
at_most "train diabetes.csv, wall time" "$SECONDS_TAKEN" 120 s
"$ANCESTRAL" sample "$run" -n 2000 -o "$WORK/samples.csv" --quiet

read -r ks ks_data correlation correlation_data nearest nearest_data close < <(
    rows compare "$WORK/diabetes.csv" "$WORK/held-out.csv" "$WORK/samples.csv"
)
say "mean Kolmogorov-Smirnov distance to held-out rows: samples $ks, training rows $ks_data"
say "largest difference of correlations: samples $correlation, training rows $correlation_data"
say "median distance to the nearest training row: samples $nearest, held-out rows $nearest_data"
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }
at_most "Kolmogorov-Smirnov, samples to training rows" "$(ratio "$ks" "$ks_data")" 1.5 times
at_most "correlations, samples to training rows" \
    "$(ratio "$correlation" "$correlation_data")" 1.5 times
at_least "nearest training row, samples to held-out rows" "$(ratio "$nearest" "$nearest_data")" 0.8 times
# Copies would make it 100: a twentieth of the held-out rows are that near by definition.
at_most "samples nearer to a training row than all but 5 % of the held-out rows" "$close" 15 %

expect "the header is that of the data" \
    cmp <(head -n 1 "$WORK/diabetes.csv") <(head -n 1 "$WORK/samples.csv")
expect "ages are whole numbers, the two-valued column has its two values" \
    rows kinds "$WORK/diabetes.csv" "$WORK/samples.csv"
"$ANCESTRAL" sample "$run" -n 2000 -o "$WORK/samples.png" --quiet
expect "a plot of the columns" test -s "$WORK/samples.png"
finish

#!/usr/bin/env bash
# Tables as people have them: words, zeros, holes, dates and identifiers come back as they were; empty cells have
# the distribution that the given ones imply, and are imputed better than by the mean and by neighbours; a
# table of the size of Adult takes at most ten minutes.
source "$(dirname "$0")/lib.sh"
need_program
need_python
cd "$WORK"
tables() { "$ANCESTRAL_PYTHON" "$TOOLS/tables.py" "$@"; }
learn() { "$ANCESTRAL" train "$@" --quiet >/dev/null; }
draw() { "$ANCESTRAL" sample "$@" --quiet; }
tables write .

# 60 % zeros, and the rest exp(N(0, 1)).
learn zeros.csv -o zeros
# Of 20 000 samples the share has an error of 0.35 points.
draw zeros -n 20000 -o z.csv
read -r zeros below median ninth < <(tables zeros z.csv)
at_most "zeros, off 60 % by" "$(awk -v a="$zeros" 'BEGIN { print a < 60 ? 60 - a : a - 60 }')" 3 points
at_most "numbers below 0" "$below" 0
at_most "median of the rest, off 1 by" "$(awk -v a="$median" 'BEGIN { a -= 1; print a < 0 ? -a : a }')" 0.15
at_most "its 90 % quantile, off 3.60 by" \
    "$(awk -v a="$ninth" 'BEGIN { a -= 3.6; print a < 0 ? -a : a }')" 0.54

# Words.
learn colours.csv -o colours
draw colours -n 2000 -o k.csv
at_most "shares of three words, off by" "$(tables words k.csv red=60 green=30 blue=10)" 4 points
learn quoted.csv -o quoted
draw quoted -n 500 -o q.csv
expect "words with commas, quotes and line ends come back" tables same quoted.csv q.csv

# Tables as pandas writes them.
learn intheader.csv --steps 10 -o intheader
draw intheader -n 1 -o i.csv
expect "names that are numbers" test "$(head -n 1 i.csv)" = "0,1,2"
"$ANCESTRAL" train unnamed.csv --steps 10 -o unnamed >/dev/null 2>notes.txt
expect "an index is left out, and said so" grep -q "looks like an index" notes.txt

# Two numbers of correlation 0.8, of which one is given; rows that lack different cells.
learn pair.csv --steps 3000 -o pair
draw pair -n 2000 --given given.csv -o c.csv
read -r kept mean variance < <(tables column c.csv first=1.5 second)
at_least "given cells that are kept" "$kept" 100 %
at_most "mean given 1.5, off 1.2 by" "$(awk -v a="$mean" 'BEGIN { a -= 1.2; print a < 0 ? -a : a }')" 0.06
at_most "its variance, off 0.36 by" \
    "$(awk -v a="$variance" 'BEGIN { a -= 0.36; print a < 0 ? -a : a }')" 0.05
draw pair --given holes.csv -o h.csv
expect "rows that lack different cells are completed" tables kept holes.csv h.csv

# Imputation of a fifth of the cells of scikit-learn's breast cancer, by the mean of ten draws.
learn breast.csv -o breast
for seed in $(seq 10); do
    draw breast --given lacking.csv --seed "$seed" -o "filled-$seed.csv"
done
read -r ours mean neighbours < <(tables imputed breast.csv truth.csv lacking.csv filled-*.csv)
say "root mean squared error in deviations: ours $ours, column means $mean, 5 nearest neighbours $neighbours"
at_most "error of imputation, against the mean" "$ours" "$mean"
at_most "error of imputation, against 5 nearest neighbours" "$ours" "$neighbours"

# A table of the size of Adult: 32 561 rows, eight of fifteen columns of words.
timed "$ANCESTRAL" train large.csv -o large --quiet >/dev/null
at_most "train 32 561 rows of 15 columns" "$SECONDS_TAKEN" 600 s
timed /usr/bin/time -f '%M' -o memory.txt "$ANCESTRAL" sample large -n 50000 -o large-drawn.csv --quiet
at_most "50 000 samples" "$SECONDS_TAKEN" 60 s
say "their memory: $(cat memory.txt) kB"
finish

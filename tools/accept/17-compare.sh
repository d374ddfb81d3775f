#!/usr/bin/env bash
# How near samplers come with few network calls: to the exact flow, and, with the built-in model, to
# the digits. All figures are from the table.csv of `compare`.
source "$(dirname "$0")/lib.sh"
need_program

# A column of the line of a sampler and a number of calls.  figure TABLE SAMPLER CALLS COLUMN
figure() {
    awk -F, -v sampler="$2" -v calls="$3" -v column="$4" '
        NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i }
        NR > 1 && $1 == sampler && $2 == calls { print $place[column] }' "$1"
}
divided() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.4g", a / b }'; }

for data in blobs ring; do
    "$ANCESTRAL" compare --exact "$data" --samplers ddim,dpmpp-2m,dpmpp-3m --calls 20,64,128 \
        -o "$WORK/$data" >"$WORK/$data.txt"
    table=$WORK/$data/table.csv
    while read -r sampler calls times; do
        first=$(figure "$table" ddim "$calls" distance)
        found=$(figure "$table" "$sampler" "$calls" distance)
        at_least "$data, $calls calls, $sampler is nearer than ddim" "$(divided "$first" "$found")" \
            "$times" times
    done <<<"dpmpp-2m 20 3
dpmpp-2m 64 7
dpmpp-3m 64 100"
    for sampler in ddim dpmpp-2m dpmpp-3m; do
        claimed=$(figure "$table" "$sampler" 128 order_claimed)
        seen=$(figure "$table" "$sampler" 128 order_seen)
        at_least "$data, order of $sampler, which claims $claimed" "$seen" \
            "$(awk -v order="$claimed" 'BEGIN { print order - 0.3 }')"
    done
done

timed "$ANCESTRAL" compare digits --calls 20 -o "$WORK/digits" >"$WORK/digits.txt"
say "every sampler, and ddpm with 1000 calls, 800 samples of 5 seeds each: $SECONDS_TAKEN s"
table=$WORK/digits/table.csv
say "$(tail -n +3 "$WORK/digits.txt")"
read -r best distance < <(tail -n +2 "$table" | grep -v reference | sort -t, -g -k5 |
    awk -F, 'NR == 1 { print $1, $5 }')
reference=$(figure "$table" "ddpm (reference)" 1000 distance)
error=$(figure "$table" "ddpm (reference)" 1000 standard_error)
limit=$(awk -v d="$reference" -v e="$error" 'BEGIN { printf "%.6f", 1.10 * d + 2 * e }')
say "ddpm with 1000 calls: $reference, standard error $error"
at_most "distance of the best with 20 calls, $best" "$distance" "$limit"
finish

#!/usr/bin/env bash
# A training takes no more memory at step 500 than at step 50.
source "$(dirname "$0")/lib.sh"
need_program
need_python

# The log is written out every 20 steps: what is read is the median of steps 40 to 60, 500 to 520 and
# 940 to 960.
measure() { # NAME ARGUMENTS
    local name=$1 run=$WORK/run early late later own_early own_late own_later
    shift
    rm -rf "$run"
    if ! read -r early late later own_early own_late own_later < <("$ANCESTRAL_PYTHON" \
        "$TOOLS/memory.py" 40,500,940 "$run" "$ANCESTRAL" train "$@" --steps 1000 -o "$run" --quiet); then
        judge no "$name: not measured"
        return
    fi
    say "$name: $early, $late, $later kB at steps 50, 510, 950; without pages of files" \
        "$own_early, $own_late, $own_later kB"
    at_most "$name: change from step 50 to step 510" \
        "$(awk -v a="$early" -v b="$late" 'BEGIN { d = 100 * (b - a) / a; printf "%.2f", d < 0 ? -d : d }')" 2 %
}

moons=(moons)
digits=(digits --width 8,16 --batch 16)
for data in moons digits; do
    declare -n arguments=$data
    measure "$data, no previews and checkpoints" "${arguments[@]}" --preview-every 0 --checkpoint-every 0
    measure "$data, previews and checkpoints as usual" "${arguments[@]}"
done
finish

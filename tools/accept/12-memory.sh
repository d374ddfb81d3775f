#!/usr/bin/env bash
# A training takes no more memory at steps 500 and 950 than at step 50.
source "$(dirname "$0")/lib.sh"
need_program
need_python

# The log is written out every 20 steps: what is read is the most in steps 40 to 60, 500 to 520 and 940
# to 960.
measure() { # NAME LIMIT|none ARGUMENTS
    local name=$1 limit=$2 run=$WORK/run early late later own_early own_late own_later
    shift 2
    rm -rf "$run"
    if ! read -r early late later own_early own_late own_later < <("$ANCESTRAL_PYTHON" \
        "$TOOLS/memory.py" 40,500,940 "$run" "$ANCESTRAL" train "$@" -o "$run" --quiet); then
        judge no "$name: not measured"
        return
    fi
    say "$name: $early, $late, $later kB at steps 50, 510, 950; without pages of files" \
        "$own_early, $own_late, $own_later kB"
    [[ $limit != none ]] || return 0
    # A step's memory comes and goes in pieces of 2 MB, and which of them are there at a time varies:
    # what grows is larger at both times.
    at_most "$name: growth from step 50 to steps 510 and 950, the lesser" \
        "$(awk -v a="$early" -v b="$late" -v c="$later" \
            'BEGIN { if (c < b) b = c; printf "%.2f", 100 * (b - a) / a }')" "$limit" %
}

small=(digits --width 8,16 --batch 16 --steps 1000)
off=(--preview-every 0 --checkpoint-every 0)
measure "moons, as they are trained by default" 2 moons
measure "moons, no previews and checkpoints" 2 moons --steps 1000 "${off[@]}"
measure "digits, no previews and checkpoints" 2 "${small[@]}" "${off[@]}"
# What drawing and saving leave free stays with the process, until it is enough for what comes.
measure "moons, a preview every 50 steps, a checkpoint every 100" none \
    moons --steps 1000 --preview-every 50 --checkpoint-every 100
measure "digits, the same" none "${small[@]}" --preview-every 50 --checkpoint-every 100
finish

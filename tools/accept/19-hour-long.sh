#!/usr/bin/env bash
# A training of an hour (or of MINUTES) takes no more memory at its end than before, and no more time a step.
source "$(dirname "$0")/lib.sh"
need_program
need_python

minutes=${MINUTES:-60}
run=$WORK/run
read -r early late fast slow < <("$ANCESTRAL_PYTHON" "$TOOLS/long_run.py" "$minutes" "$run" \
    "$ANCESTRAL" train digits --steps 10000000 --threads 1 --preview-every 500 --checkpoint-every 500 --quiet -o "$run")
say "its own memory in the second quarter and in the last: $early and $late kB"
say "CPU time of a step: $fast and $slow ms"
at_most "memory at the end, of that before" "$(awk -v a="$late" -v b="$early" 'BEGIN { printf "%.3f", a / b }')" 1.02
at_most "time of a step at the end, of that before" "$(awk -v a="$slow" -v b="$fast" 'BEGIN { printf "%.3f", a / b }')" 1.1
expect_not "Ctrl-C left nothing half written" test -n "$(find "$run" -name '.*.partial')"
finish

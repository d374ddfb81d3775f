#!/usr/bin/env bash
# Killed while it saves, or out of space: what was saved before is there and whole.
source "$(dirname "$0")/lib.sh"
need_program
need_python

# A network that takes about as long to save as to train for a step, saved at every step.
steps=160
saving=(--width 64,128 --batch 1 --preview-every 0 --checkpoint-every 1)
train() { "$ANCESTRAL" train --quiet "$@" >"$WORK/folder.txt"; }
# The step of the newest checkpoint that has its name.
newest() { find "$1/checkpoints" -maxdepth 1 -name 'step-*' -printf '%f\n' | sed 's/^step-//' | sort -n | tail -n 1; }

# Twenty kills, each up to a second and a half after the process can have gone on.
run=$WORK/killed
RANDOM=7
start=(digits "${saving[@]}" --steps "$steps" -o "$run")
before=0 kills=0 amid=0 resumed=0 fell=0 hits=()
while [[ $kills -lt 20 ]]; do
    seconds=$(awk -v r="$RANDOM" 'BEGIN { printf "%.3f", 0.25 + 1.25 * r / 32768 }')
    code=$("$ANCESTRAL_PYTHON" "$TOOLS/stop.py" KILL "$seconds" "$run/checkpoints/step-*" \
        "$ANCESTRAL" train --quiet "${start[@]}" 2>"$WORK/said.txt") || code=none
    if [[ $code != 137 ]]; then
        cat "$WORK/said.txt"
        break
    fi
    kills=$((kills + 1))
    # A resumed run that is killed has not said that there is nothing to go on with.
    [[ -s $WORK/said.txt ]] && cat "$WORK/said.txt" || resumed=$((resumed + 1))
    [[ -z $(find "$run/checkpoints" -maxdepth 1 -name '.step-*.partial') ]] || amid=$((amid + 1))
    after=$(newest "$run")
    [[ $after -ge $before ]] || fell=$((fell + 1))
    hits+=("$after")
    before=$after
    start=(--resume "$run")
done
say "newest checkpoint after each kill: ${hits[*]}"
at_least "kills while a checkpoint was half written or half removed" "$amid" 5
judge "$([[ $kills == 20 && $resumed == 20 ]] && echo yes || echo no)" \
    "every start went on: $resumed of $kills, of 20 kills"
at_most "times that the newest checkpoint was older than before" "$fell" 0
expect "it goes on to the end" train --resume "$run"
train digits "${saving[@]}" --steps "$steps" -o "$WORK/whole"
expect "20 kills, and none: equal bytes of every file" diff -r --brief "$WORK/whole" "$run"
expect_not "nothing half written is left" test -n "$(find "$run" -name '.*')"

# Killed while the model is written at the end, as soon as one of its first files is there.
train digits "${saving[@]}" --steps 4 -o "$WORK/roomy"
run=$WORK/killed-at-the-end
code=$("$ANCESTRAL_PYTHON" "$TOOLS/stop.py" KILL 0 "$run/unet/config.json" \
    "$ANCESTRAL" train --quiet digits "${saving[@]}" --steps 4 -o "$run") || code=none
judge "$([[ $code == 137 ]] && echo yes || echo no)" "killed while the model is written: exit code $code (137)"
say "left by the kill: $(find "$run" -name '.*' -printf '%P ')"
expect "it goes on" train --resume "$run"
expect "killed at the end, and not: equal bytes of every file" diff -r --brief "$WORK/roomy" "$run"

# A file system with room for one checkpoint and a half.
size=$(du -s --apparent-size --block-size=1 "$WORK/whole/checkpoints/step-$steps" | cut -f 1)
full=$WORK/full
mkdir "$full"
say "a checkpoint takes $size bytes"
if ! mount -t tmpfs -o "size=$((size * 3 / 2))" tmpfs "$full" 2>"$WORK/said.txt"; then
    cat "$WORK/said.txt"
    judge no "a full file system: not measured, for want of the right to mount one"
    finish
fi
# Unmounted however the run ends, with the exit code that it has.
trap 'status=$?; umount "$full" || true; set +e; (exit "$status"); at_exit' EXIT

status=0
train digits "${saving[@]}" --steps 4 -o "$full/run" 2>"$WORK/said.txt" || status=$?
say "$(tail -n 1 "$WORK/said.txt")"
judge "$([[ $status == 1 ]] && echo yes || echo no)" "the second save fails: exit code $status (1)"
read -r needed free < <(sed -nE 's/.*needs ([0-9]+) bytes.*, ([0-9]+) bytes.* free.*/\1 \2/p' "$WORK/said.txt")
at_least "bytes needed, as it says" "${needed:-none}" "$size"
at_most "bytes needed, as it says" "${needed:-none}" "$((size + 65536))"
at_most "bytes free, as it says" "${free:-none}" "$((size / 2))"
[[ $(newest "$full/run") == 1 ]] && kept=yes || kept=no
judge "$kept" "the first checkpoint is there, and no other"
expect_not "nothing half written is left" test -n "$(find "$full" -name '.*')"
expect_not "no model is written" test -e "$full/run/model_index.json"

# In place it goes on from step 1, and has as little room.
status=0
"$ANCESTRAL" train --resume "$full/run" >"$WORK/folder.txt" 2>"$WORK/said.txt" || status=$?
expect "resumed in place, it goes on from step 1" grep -q 'from step 1 on' "$WORK/said.txt"
judge "$([[ $status == 1 ]] && echo yes || echo no)" "and fails as before: exit code $status (1)"
[[ $(newest "$full/run") == 1 ]] && kept=yes || kept=no
judge "$kept" "the first checkpoint is there still"
expect_not "nothing half written is left then" test -n "$(find "$full" -name '.*')"
# Elsewhere there is room.
cp -r "$full/run" "$WORK/moved"
expect "copied to where there is room, it goes on" train --resume "$WORK/moved" --stop-at 2
expect "and to the end" train --resume "$WORK/moved"
expect "as one that always had room: equal bytes of every file" \
    diff -r --brief "$WORK/roomy" "$WORK/moved"
# With more room in place.
mount -o "remount,size=$((size * 8))" "$full"
expect "with more room, it goes on in place" train --resume "$full/run"
expect "as one that always had room, in place: equal bytes of every file" \
    diff -r --brief "$WORK/roomy" "$full/run"
finish

#!/usr/bin/env bash
# Two trainings in one run folder, data and run in one place, a terminal that is closed: nothing is
# lost and nothing wrong is written.
source "$(dirname "$0")/lib.sh"
need_program
need_python

train() { "$ANCESTRAL" train --quiet "$@" >"$WORK/folder.txt"; }
small=(--width 8,16 --batch 16 --preview-every 0 --checkpoint-every 5)

# Twenty pairs of processes; the run they leave goes on, and is the one that was never disturbed.
run=$WORK/pairs status=0
"$ANCESTRAL_PYTHON" "$TOOLS/one_run_folder.py" "$ANCESTRAL" "$run" 20 7 \
    digits "${small[@]}" --constant-lr --steps 100000 >"$WORK/pairs.txt" 2>&1 || status=$?
while read -r line; do say "$line"; done <"$WORK/pairs.txt"
judge "$([[ $status == 0 ]] && echo yes || echo no)" "20 times two processes in one folder: one goes on"
by_lock=$(sed -n 's/^refused by the lock: //p' "$WORK/pairs.txt")
at_least "refused by the lock, not for what was there" "${by_lock:-none}" 10
newest=$(find "$run/checkpoints" -maxdepth 1 -name 'step-*' -printf '%f\n' | sed 's/^step-//' | sort -n | tail -n 1)
steps=$((newest / 5 * 5 + 10))
expect "the run goes on" train --resume "$run" --steps "$steps"
train digits "${small[@]}" --constant-lr --steps "$steps" -o "$WORK/whole"
for file in log.jsonl unet/diffusion_pytorch_model.safetensors samples.png; do
    expect "20 pairs, and none: equal ${file##*/}" cmp "$WORK/whole/$file" "$run/$file"
done
expect_not "no lock is left" test -e "$run/.lock"

# A folder of pictures in which the runs are that are trained on it.
photos=$WORK/photos
"$ANCESTRAL" sample -n 32 --steps 4 --quiet -o "$photos/"
cd "$photos"
expect "a run among its pictures" train . "${small[@]}" --preview-every 5 --steps 20 --stop-at 10
expect "it goes on" "$ANCESTRAL" train --resume runs/photos
cd "$ROOT"
"$ANCESTRAL" train "$photos" "${small[@]}" --steps 1 -o "$WORK/beside" 2>"$WORK/said.txt" >"$WORK/folder.txt"
expect "the next run leaves it out" grep -q "left out $photos/runs/photos: a run of ancestral" "$WORK/said.txt"
expect "and has as many pictures" grep -q "$photos: 32 pictures" "$WORK/said.txt"

# A terminal that is closed, with and without nohup.
closed() { # NAME, EXIT CODE, COMMAND…
    local name=$1 expected=$2 code=none
    shift 2
    code=$("$ANCESTRAL_PYTHON" "$TOOLS/stop.py" HUP 0.1 "$WORK/$name/checkpoints/step-*" "$@" \
        train digits "${small[@]}" --steps 100 --quiet -o "$WORK/$name" 2>"$WORK/said.txt" </dev/null |
        tail -n 1) || cat "$WORK/said.txt"
    judge "$([[ $code == "$expected" ]] && echo yes || echo no)" "$name: exit code $code ($expected)"
}
closed closed-terminal 129 "$ANCESTRAL"
expect "it says how to go on" grep -q "continue with: ancestral train --resume" "$WORK/said.txt"
expect "it goes on" train --resume "$WORK/closed-terminal"
closed under-nohup 0 nohup "$ANCESTRAL"
expect "a closed terminal, and none: equal bytes of every file" \
    diff -r --brief "$WORK/under-nohup" "$WORK/closed-terminal"
finish

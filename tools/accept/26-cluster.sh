#!/usr/bin/env bash
# Several processes over MPI: the bytes of one, ranks that are killed, and what it costs.
source "$(dirname "$0")/lib.sh"

if ! command -v mpirun >/dev/null || ! command -v mpicc >/dev/null; then
    say "skipped: no MPI here: apt-get install libopenmpi-dev openmpi-bin libclang-dev"
    finish
fi
if [[ -z ${ANCESTRAL:-} ]]; then
    say "building the program with MPI"
    cargo build --release -p ancestral-cli --features mpi
    ANCESTRAL=${CARGO_TARGET_DIR:-target}/release/ancestral
fi
python=${ANCESTRAL_PYTHON:-python3}

# As root, with more ranks than cores, each with as many threads as it likes.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
on_ranks() { # RANKS COMMAND…
    local ranks=$1
    shift
    mpirun -n "$ranks" --oversubscribe --bind-to none "$@"
}
ranks() { # RANKS THREADS WHAT…
    local ranks=$1 threads=$2
    shift 2
    on_ranks "$ranks" "$ANCESTRAL" "$@" --mpi --threads "$threads" --quiet
}

# 1. The bytes of one process.
small=(--width 8,16 --layers 1 --batch 20 --steps 60 --holdout 0.1 --preview-every 25 --checkpoint-every 20)
"$ANCESTRAL" train digits "${small[@]}" --quiet -o "$WORK/whole" >"$WORK/folder.txt"
say "$(find "$WORK/whole" -type f | wc -l) files of a training"
for ranks in 1 2 3 5; do
    for threads in 1 2; do
        run=$WORK/train-$ranks-$threads
        ranks "$ranks" "$threads" train digits "${small[@]}" -o "$run" >"$WORK/folder.txt"
        expect "train, $ranks ranks of $threads threads: equal bytes of every file" \
            diff -r --brief "$WORK/whole" "$run"
        expect "train, $ranks ranks: the folder is printed once" test "$(wc -l <"$WORK/folder.txt")" = 1
        rm -rf "$run"
    done
done
run=$WORK/parts
ranks 3 1 train digits "${small[@]}" -o "$run" --stop-at 20 >"$WORK/folder.txt"
ranks 2 2 train --resume "$run" --stop-at 40 >"$WORK/folder.txt"
"$ANCESTRAL" train --resume "$run" --quiet >"$WORK/folder.txt"
expect "train, 20 steps on 3 ranks, 20 on 2, the rest on 1: equal bytes of every file" \
    diff -r --brief "$WORK/whole" "$run"

sample=(sample --steps 10 --seed 3)
"$ANCESTRAL" "${sample[@]}" -n 8 -o "$WORK/eight.npy" --quiet
"$ANCESTRAL" "${sample[@]}" -n 3 -o "$WORK/three.png" --quiet
"$ANCESTRAL" "${sample[@]}" -n 50 --batch 16 -o "$WORK/fifty" --quiet
"$ANCESTRAL" eval digits -n 64 --sets 2 --steps 5 --json --quiet >"$WORK/quality.json"
"$ANCESTRAL" eval digits --likelihood -n 21 --steps 5 --json --quiet >"$WORK/bound.json"
"$ANCESTRAL" eval digits --flow -n 7 --flow-steps 4 --json --quiet >"$WORK/flow.json"
for ranks in 2 3 5; do
    ranks "$ranks" 1 "${sample[@]}" -n 8 -o "$WORK/found.npy"
    ranks "$ranks" 1 "${sample[@]}" -n 3 -o "$WORK/found.png"
    ranks "$ranks" 1 "${sample[@]}" -n 50 --batch 16 -o "$WORK/found"
    expect "sample, 8 on $ranks ranks: equal bytes" cmp "$WORK/eight.npy" "$WORK/found.npy"
    expect "sample, 3 on $ranks ranks: equal bytes" cmp "$WORK/three.png" "$WORK/found.png"
    expect "sample, 50 in calls of 16 on $ranks ranks: 50 files with equal bytes" \
        diff -r --brief "$WORK/fifty" "$WORK/found"
    rm -r "$WORK"/found*
    ranks "$ranks" 1 eval digits -n 64 --sets 2 --steps 5 --json >"$WORK/found.json"
    expect "eval on $ranks ranks: equal bytes" cmp "$WORK/quality.json" "$WORK/found.json"
    ranks "$ranks" 1 eval digits --likelihood -n 21 --steps 5 --json >"$WORK/found.json"
    expect "eval --likelihood on $ranks ranks: equal bytes" cmp "$WORK/bound.json" "$WORK/found.json"
    ranks "$ranks" 1 eval digits --flow -n 7 --flow-steps 4 --json >"$WORK/found.json"
    expect "eval --flow on $ranks ranks: equal bytes" cmp "$WORK/flow.json" "$WORK/found.json"
done

# 2. What is refused, and who says it.
refused() { # WHAT, TEXT, COMMAND…
    local what=$1 text=$2 code=0
    shift 2
    "$@" >"$WORK/said.txt" 2>&1 || code=$?
    judge "$([[ $code == 2 ]] && echo yes || echo no)" "$what: exit code $code (2)"
    judge "$([[ $(grep -c "$text" "$WORK/said.txt") == 1 ]] && echo yes || echo no)" "$what: said once: $text"
}
refused "--rng torch on 2 ranks" "error: rank 0: --rng torch: the noise of all samples is drawn as one" \
    ranks 2 1 sample --rng torch -n 4 -o "$WORK/no.npy"
refused "6 ranks for 5 leaves" "at most 5 ranks can share it" \
    ranks 6 1 train digits "${small[@]}" -o "$WORK/no"
refused "a flag that is invalid" "error: rank 0: --flip" ranks 2 1 train moons --flip -o "$WORK/no"

# 3. Ctrl-C saves first; a second signal, as mpirun sends one, does no harm.
long=(--width 8,16 --layers 1 --batch 20 --steps 100000 --constant-lr --preview-every 0 --holdout 0)
code=$(OMPI_MCA_odls_base_sigkill_timeout=60 "$python" "$TOOLS/stop.py" INT 1 "$WORK/stopped/log.jsonl" \
    mpirun -n 3 --oversubscribe --bind-to none "$ANCESTRAL" train digits "${long[@]}" --mpi --threads 1 \
    --quiet -o "$WORK/stopped" 2>"$WORK/said.txt" | tail -n 1) || cat "$WORK/said.txt"
judge "$([[ $code != 0 ]] && echo yes || echo no)" "Ctrl-C: exit code $code (not 0)"
expect "Ctrl-C: it says how to go on" grep -q "continue with: ancestral train --resume" "$WORK/said.txt"
made=$(wc -l <"$WORK/stopped/log.jsonl")
expect "Ctrl-C: the last step is saved" test -d "$WORK/stopped/checkpoints/step-$made"

# 4. Ranks that are killed: others end, and the run goes on.
killed() { # WHAT, SECONDS, RANK, PATTERN, COMMAND…
    local what=$1 took code names
    if ! "$python" "$TOOLS/cluster.py" "${@:2}" >"$WORK/killed.txt" 2>&1; then
        judge no "$what: $(cat "$WORK/killed.txt")"
        return
    fi
    read -r took code names <"$WORK/killed.txt"
    at_most "$what: all others have ended after" "$took" 10 s
    judge "$([[ $code != 0 && $names == yes ]] && echo yes || echo no)" \
        "$what: exit code $code (not 0), the message names the rank: $names"
}
on_three=(mpirun -n 3 --oversubscribe --bind-to none "$ANCESTRAL")
RANDOM=26
run=$WORK/killed
saving=("${long[@]}" --checkpoint-every 2)
for time in $(seq 14); do
    what=(train --resume "$run")
    # The first run begins, and others go on from its newest checkpoint, whatever was being saved.
    [[ $time != 1 ]] || what=(train digits "${saving[@]}" -o "$run")
    killed "training, rank $((time % 3)), time $time" "$((RANDOM % 3)).$((RANDOM % 90 + 10))" $((time % 3)) \
        "$run/checkpoints/step-*[02468]" "${on_three[@]}" "${what[@]}" --mpi --threads 1 --quiet
    say "checkpoints: $(ls "$run/checkpoints" | tr '\n' ' ')"
done
newest=$(ls "$run/checkpoints" | sed -n 's/^step-//p' | sort -n | tail -n 1)
steps=$((newest / 2 * 2 + 4))
expect "the run goes on to step $steps" ranks 2 1 train --resume "$run" --steps "$steps"
"$ANCESTRAL" train digits "${saving[@]}" --steps "$steps" --quiet -o "$WORK/undisturbed" >"$WORK/folder.txt"
expect "14 times killed, and never: equal bytes of every file" diff -r --brief "$WORK/undisturbed" "$run"
for time in $(seq 6); do
    touch "$WORK/begun"
    killed "sampling, rank $((time % 3)), time $time" "$((RANDOM % 3 + 1)).$((RANDOM % 10))" $((time % 3)) \
        "$WORK/begun" "${on_three[@]}" sample -n 3000 --steps 1000 --mpi --threads 1 -o "$WORK/long.npy"
    expect_not "sampling, time $time: nothing is written" test -e "$WORK/long.npy"
done

# 5. What it costs. A network of the size that people publish, and steps of 16 pictures.
[[ ${TIMES:-yes} == yes ]] || finish
"$ANCESTRAL" sample -n 64 --steps 4 --quiet -o "$WORK/photos/"
model=$WORK/cifar10-size
"$ANCESTRAL" train "$WORK/photos" --size 32 --channels 3 --width 128,256,256,256 --batch 4 --steps 1 \
    --preview-every 0 --quiet -o "$model" >"$WORK/folder.txt"
cargo build --release --quiet -p ancestral-mpi --example steps
steps=${CARGO_TARGET_DIR:-target}/release/examples/steps
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }
median() { printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"; }
alone() {
    said=$("$steps" "$model" 16 2 3) && say "1 process, 2 threads: $said"
    one_step=${said%% *}
    timed "$ANCESTRAL" "${draw[@]}" --threads 2 --quiet
    one_draw=$SECONDS_TAKEN
}
together() {
    said=$(on_ranks 2 "$steps" "$model" 16 1 3) && say "2 ranks, 1 thread: $said"
    two_steps=${said%% *} of_ranks=$said
    timed ranks 2 1 "${draw[@]}"
    two_draw=$SECONDS_TAKEN
}
draw=(sample "$model" -n 64 --steps 16 --no-clip --force -o "$WORK/drawn.npy")
step_ratios=() draw_ratios=()
# The machine's own pace changes over minutes by more than what is measured: each round compares neighbours,
# in turn in either order.
for round in 1 2 3 4 5 6 7; do
    if ((round % 2)); then alone && together; else together && alone; fi
    say "64 samples in 16 steps: $one_draw s in one process, $two_draw s on two ranks"
    step_ratios+=("$(ratio "$two_steps" "$one_step")")
    draw_ratios+=("$(ratio "$two_draw" "$one_draw")")
done
say "two ranks of 1 thread over one process of 2: steps ${step_ratios[*]}, samples ${draw_ratios[*]}"
at_most "training step: median of two ranks over one process" "$(median "${step_ratios[@]}")" 1.05
at_most "sampling: median of two ranks over one process" "$(median "${draw_ratios[@]}")" 1.05

# The cost model of docs/scale.md: four messages to each other rank, and of W weights about 4 W bytes of
# gradients that others own, and 4 W/2 of weights that this one owns.
read -r _ _ messages _ bytes _ weights _ <<<"${of_ranks//,/}"
judge "$([[ $messages == 4 ]] && echo yes || echo no)" "messages of rank 0 in a step on 2 ranks: $messages (4)"
at_most "bytes of rank 0 in a step on 2 ranks, over 4 bytes a weight" "$(ratio "$bytes" $((4 * weights)))" 1.01
at_least "bytes of rank 0 in a step on 2 ranks, over 4 bytes a weight" "$(ratio "$bytes" $((4 * weights)))" 0.99
finish

#!/usr/bin/env bash
# The engine for CPUs beside PyTorch, ONNX Runtime and OpenVINO: forward passes, training steps,
# memory, times of whole commands. Wants a machine that does nothing else, with two cores.
source "$(dirname "$0")/lib.sh"
need_program
need_python
export RAYON_NUM_THREADS=2
bench=$ROOT/tools/bench
programs=${CARGO_TARGET_DIR:-target}/release/examples
cargo build --release --quiet -p ancestral-cpu --example forward
cargo build --release --quiet -p ancestral-learn --example steps

python() { "$ANCESTRAL_PYTHON" "$@"; }

# Forward passes: our time over that of the fastest other library in fp32, which the last row has.
for kind in cifar10 grey digits fashion; do
    python "$bench/forward.py" make "$WORK/$kind" "$kind" >/dev/null 2>&1
done
forward() {
    python "$bench/forward.py" "$WORK/$1" --batch "$2" --ours "$programs/forward" 2>/dev/null |
        tee "$WORK/table.txt"
    at_most "$1, batch $2: our time over the fastest other library's" \
        "$(awk '$1 == "ours" && $2 ~ /^[0-9]/ { print $6 }' "$WORK/table.txt")" "$3"
    at_most "$1, batch $2: difference over the largest output" \
        "$(awk '$1 == "ours" && $2 ~ /^[0-9]/ { print $8 }' "$WORK/table.txt")" 1e-4
}
# The last table's row in bf16, which has a word more before its numbers, beside OpenVINO in bf16.
in_bf16() {
    if ! grep -qw amx_bf16 /proc/cpuinfo; then
        say "bf16 on tiles: no AMX on this machine"
        "$ANCESTRAL" sample -n 1 --steps 1 --precision bf16 -o "$WORK/never.npy" \
            2>"$WORK/refused.txt" || true
        expect "bf16 is refused by name" grep "precision bf16: this CPU" "$WORK/refused.txt"
        return
    fi
    at_most "bf16: our time over OpenVINO's" \
        "$(awk '$1 == "ours" && $2 == "bf16" { print $7 }' "$WORK/table.txt")" 1
    at_most "bf16: difference over the largest output" \
        "$(awk '$1 == "ours" && $2 == "bf16" { print $9 }' "$WORK/table.txt")" 0.02
}
forward cifar10 8 0.50
in_bf16
forward cifar10 1 0.70
forward grey 16 0.50
forward digits 64 0.50

# Training steps: our time over PyTorch's.
python "$bench/training.py" "$programs/steps" "$WORK/digits:64" "$WORK/fashion:64" "$WORK/cifar10:8" \
    2>/dev/null |
    tee "$WORK/training.txt"
while read -r name ratio; do
    limit=0.45
    [[ $name == digits* ]] && limit=0.5
    at_most "training step, $name: our time over PyTorch's" "$ratio" "$limit"
done < <(sed -n 's/^\([^:]*\): .*ratio \([0-9.]*\).*/\1 \2/p' "$WORK/training.txt" |
    sed 's/, batch /×/')

# Memory and time of whole commands.
peak() {
    timed python -c '
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000:.0f}")
sys.exit(code)' "$WORK/peak.txt" "$@"
    PEAK=$(cat "$WORK/peak.txt")
}
for limit in 1:350 8:450; do
    batch=${limit%:*}
    peak "$ANCESTRAL" sample "$WORK/cifar10" -n "$batch" --batch "$batch" --steps 2 --quiet \
        -o "$WORK/x$batch.npy"
    at_most "peak memory of sampling, batch $batch" "$PEAK" "${limit#*:}" MB
done
timed "$ANCESTRAL" sample "$WORK/cifar10" -n 1 --steps 1 --quiet -o "$WORK/one.npy"
at_most "loading 143 MB and one step" "$SECONDS_TAKEN" 1 s
timed "$ANCESTRAL" sample -n 1 --steps 10 --quiet -o "$WORK/one.png"
at_most "sample -n 1 --steps 10, start to exit" "$SECONDS_TAKEN" 0.1 s
"$ANCESTRAL" train moons --steps 50 --quiet -o "$WORK/moons" >/dev/null
at_most "10 000 points in 100 steps: our time over PyTorch's" \
    "$(python "$bench/points.py" "$WORK/moons" "$ANCESTRAL")" 0.334

# The same bytes, however the work is cut.
"$ANCESTRAL" sample "$WORK/cifar10" -n 8 --steps 2 --batch 8 --threads 2 --quiet -o "$WORK/all.npy"
for cut in "1 1" "3 1" "3 2" "8 1" "1 2"; do
    read -r batch threads <<<"$cut"
    "$ANCESTRAL" sample "$WORK/cifar10" -n 8 --steps 2 --batch "$batch" --threads "$threads" --quiet \
        -o "$WORK/cut.npy" --force
    expect "the same bytes by batches of $batch on $threads threads" cmp "$WORK/all.npy" "$WORK/cut.npy"
done
finish

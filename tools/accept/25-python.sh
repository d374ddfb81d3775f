#!/usr/bin/env bash
# The wheel: draws what the command draws, is right about arrays, threads and types, samples networks of
# PyTorch as diffusers does, and takes no longer than the command.
source "$(dirname "$0")/lib.sh"
need_program
need_python

# CIFAR: a folder of a network of that size; made with random weights unless it is given.
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
python() { "$WORK/venv/bin/python" "$@"; }
beside_torch() { "$WORK/torch/bin/python" -W ignore "$TOOLS/python.py" "$@" 2>>"$WORK/python.txt"; }

# One command builds, checks and tests it: layouts of arrays, Ctrl-C, threads, forks, stubs, types.
expect "make wheel builds it and its tests pass" make wheel
wheel=$(echo "$target"/wheel/*.whl)
[[ -f $wheel ]] || finish
say "$(basename "$wheel"): $(wc -c <"$wheel") bytes"
at_most "size" "$(awk -v s="$(wc -c <"$wheel")" 'BEGIN { printf "%.2f", s / 1e6 }')" 8 MB

python3 -m venv "$WORK/venv"
python -m pip install --quiet --disable-pip-version-check "$wheel"
block() { awk '/^```python$/ { on = 1; next } /^```$/ { on = 0 } on' "$ROOT/README.md"; }
at_most "lines of the README's block" "$(block | wc -l)" 8
(cd "$WORK" && block | python -) && "$ANCESTRAL" sample -n 16 --steps 50 --seed 7 --quiet -o "$WORK/command.png"
expect "the README's block draws the bytes of the command" cmp "$WORK/digits.png" "$WORK/command.png"
cargo run --quiet --release -p ancestral-pipeline --example draw
mv samples.png "$WORK/pipeline.png"
pixels() { python -c '
import sys
data, at, found = open(sys.argv[1], "rb").read(), 8, b""
while at < len(data):
    length = int.from_bytes(data[at : at + 4], "big")
    found += data[at + 8 : at + 8 + length] if data[at + 4 : at + 8] == b"IDAT" else b""
    at += length + 12
sys.stdout.buffer.write(found)' "$1"; }
expect "and the pixels of the Rust pipeline" cmp <(pixels "$WORK/digits.png") <(pixels "$WORK/pipeline.png")

# The least of ten, in milliseconds, beside that of an interpreter that imports nothing.
imports() { python -c '
import subprocess, sys, time
def least(program):
    times = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)
print(f"{least(sys.argv[1]) - least(str()):.1f}")' "$1"; }
at_most "import" "$(imports 'import ancestral')" 50 ms
say "numpy alone: $(imports 'import numpy') ms"

# The packages of the other Python, and the wheel.
"$ANCESTRAL_PYTHON" -m venv "$WORK/torch"
"$ANCESTRAL_PYTHON" -c 'import site; print("\n".join(site.getsitepackages()))' \
    >"$(echo "$WORK"/torch/lib/python3*/site-packages)/beside.pth"
"$WORK/torch/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$wheel" pytest pluggy iniconfig packaging pygments
expect "tests beside PyTorch and diffusers" \
    "$WORK/torch/bin/python" -m pytest -q -p no:cacheprovider bindings/python/tests/test_torch.py

model=${CIFAR:-$WORK/cifar10}
[[ -d $model ]] || "$ANCESTRAL_PYTHON" "$TOOLS/replay.py" model "$model" cifar10 2>>"$WORK/python.txt"
say "a network of CIFAR's size in PyTorch, the same noise, 10 steps: largest difference to diffusers"
while read -r class difference ours; do
    at_most "$class, compat" "$difference" 1e-4
    say "$class, by our own sampler: $ours"
done < <(beside_torch classes "$model")
while read -r what difference; do
    at_most "$what, where inspect finds no difference" "$difference" 1e-4
done < <(beside_torch own "$model")

say "8 pictures in 20 steps, the least of five runs in turn"
read -r ours command theirs < <(beside_torch speed "$model" "$ANCESTRAL")
say "from Python $ours s, by the command $command s, in diffusers $theirs s"
at_most "time over the command's" "$(awk -v a="$ours" -v b="$command" 'BEGIN { printf "%.3f", a / b }')" 1.05
at_most "time over diffusers'" "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.3f", a / b }')" 0.5
finish

#!/usr/bin/env bash
# Builds the wheel, checks its tags, and tests it in a fresh environment:  make wheel
#
# With `tools` only what it is built with is installed.
#
#   PYTHON   the Python to build and test with; python3 unless it is given
#
# The wheel is left in target/wheel. What is needed is installed there from PyPI; Rust and Python 3.10
# or later with venv are to be there.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
place=${CARGO_TARGET_DIR:-target}/wheel
mkdir -p "$place"
place=$(cd "$place" && pwd)

step() { printf '+ %s\n' "$*"; }

tools=$place/tools
if ! cmp -s bindings/python/tools.txt "$tools/installed.txt"; then
    step "installing bindings/python/tools.txt into $tools"
    rm -rf "$tools"
    "$python" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check -r bindings/python/tools.txt
    cp bindings/python/tools.txt "$tools/installed.txt"
fi

# All that is downloaded but for what the wheel depends on.
[[ ${1:-} != tools ]] || exit 0

# On Linux zig links against the oldest C library that Rust supports, so that the wheel runs everywhere.
options=(--profile dist --locked --manifest-path bindings/python/Cargo.toml --out "$place")
[[ $(uname) != Linux ]] || options+=(--zig --compatibility manylinux2014)
rm -f "$place"/*.whl
step maturin build "${options[@]}"
PATH=$tools/bin:$PATH VIRTUAL_ENV=$tools maturin build --quiet "${options[@]}"
wheel=$(echo "$place"/*.whl)

size=$(wc -c <"$wheel")
step "$(basename "$wheel"): $size bytes"
if [[ $(uname) == Linux ]]; then
    shown=$(PATH=$tools/bin:$PATH auditwheel show "$wheel")
    if ! grep -q 'manylinux_2_17_' <<<"$shown"; then
        printf '%s\nerror: the wheel is not consistent with manylinux_2_17\n' "$shown" >&2
        exit 1
    fi
fi

# Nothing but the wheel and what it depends on, and pytest.
rm -rf "$place/venv"
"$python" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel" pytest
step pytest
PYRIGHT=$tools/bin/pyright "$place/venv/bin/python" -m pytest -q -p no:cacheprovider bindings/python/tests

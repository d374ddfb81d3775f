#!/usr/bin/env bash
# Builds the wheel, checks its tags, and tests it in a fresh environment:  make wheel
#
# With `tools` only what it is built with is installed. With `quick` the wheel is for this machine alone
# and not optimized, from what the tests of Rust compiled: for checks.
#
#   PYTHON   the Python to build and test with; python3 unless it is given
#
# The wheel is left in target/wheel, a quick one in target/wheel/quick. What is needed is installed in
# target/wheel from PyPI; Rust and Python 3.10 or later with venv are to be there.
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

options=(--locked --manifest-path bindings/python/Cargo.toml)
everywhere=no
if [[ ${1:-} == quick ]]; then
    place=$place/quick
    options+=(--profile dev --compatibility linux)
elif [[ $(uname) == Linux ]]; then
    # zig links against the oldest C library that Rust supports, so that the wheel runs everywhere.
    everywhere=yes
    options+=(--profile small --zig --compatibility manylinux2014)
else
    options+=(--profile small)
fi
rm -f "$place"/*.whl
step maturin build "${options[@]}"
PATH=$tools/bin:$PATH VIRTUAL_ENV=$tools maturin build --quiet "${options[@]}" --out "$place"
wheel=$(echo "$place"/*.whl)

size=$(wc -c <"$wheel")
step "$(basename "$wheel"): $size bytes"
if [[ $everywhere == yes ]]; then
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

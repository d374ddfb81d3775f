#!/usr/bin/env bash
# Builds the modules for WebAssembly and a page that draws in the browser, and tests them:  make wasm
#
# With `build` nothing is tested. All is left in target/wasm/site, a folder for any static host.
#
# Needs the standard library of wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown). Modules are smaller
# with its source as well (rustup component add rust-src): the library is then built without the texts of panics, which
# nobody could read, as a module has no standard error. Where rustup can't get either and Debian's packages are in reach,
# Debian's compiler for this target is unpacked into target/wasm/rust: a compiler and the source of its library, of one
# version. Modules are smaller again by wasm-opt, which npm installs: bindings/wasm/package.json. Tests need Python 3.10
# with venv and, for what is tested in a browser, Node with npm and Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=wasm32-unknown-unknown
place=${CARGO_TARGET_DIR:-target}/wasm
mkdir -p "$place"
place=$(cd "$place" && pwd)
site=$place/site

step() { printf '+ %s\n' "$*"; }
skip() { printf 'skipped: %s\n' "$*"; exit 0; }

# Debian's compiler and library, of one version, whatever that is now.
unpack_debian() {
    local rust=$place/rust
    if [[ ! -x $rust/usr/bin/rustc ]]; then
        step "unpacking Debian's rustc-web into $rust"
        apt-cache show rustc-web >/dev/null 2>&1 || apt-get update -qq || return 1
        local packages=(rustc-web rust-web-src libstd-rust-web-dev)
        packages+=($(apt-cache depends libstd-rust-web-dev | grep -o 'libstd-rust-web-[0-9][0-9.]*')) || return 1
        packages+=($(apt-cache depends "${packages[-1]}" | grep -o 'libllvm[0-9][0-9]*')) || return 1
        rm -rf "$rust" "$place/packages"
        mkdir -p "$place/packages"
        (cd "$place/packages" && apt-get download -qq "${packages[@]}" 2>/dev/null) || return 1
        local package
        for package in "$place"/packages/*.deb; do
            dpkg -x "$package" "$rust" || return 1
        done
        rm -r "$place/packages"
    fi
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' \
        "$rust/usr/lib/$(uname -m)-linux-gnu" "$rust/usr/bin/rustc" >"$rust/rustc"
    chmod +x "$rust/rustc"
    # cargo and the linker are rustup's.
    local linker host
    host=$(rustc -vV | sed -n 's/^host: //p')
    linker=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
    lean env RUSTC="$rust/rustc" \
        __CARGO_TESTS_ONLY_SRC_ROOT="$(echo "$rust"/usr/src/rustc-*/library)" \
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$linker"
}

# Builds with a library of its own, which is not a stable feature; $@ is what comes before `cargo`.
lean() {
    build=("$@" env RUSTC_BOOTSTRAP=1 cargo build -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size)
    flags+=" -Zunstable-options -C panic=immediate-abort -Z location-detail=none"
}

# $(has FOLDER rustup ARGUMENTS): whether the compiler has a folder, once rustup has tried to get it.
has() {
    local folder=$1
    shift
    [[ -d $folder ]] || { command -v rustup && rustup "$@"; } >/dev/null 2>&1 && [[ -d $folder ]]
}

build=(cargo build)
flags="-C target-feature=+simd128 -C link-arg=--compress-relocations"
if has "$(rustc --print target-libdir --target $target)" target add $target; then
    if has "$(rustc --print sysroot)/lib/rustlib/src/rust/library" component add rust-src; then
        lean
    else
        echo "larger than need be: the source of the standard library can't be had: rustup component add rust-src"
    fi
elif ! unpack_debian; then
    skip "the standard library of $target can't be had: rustup target add $target"
fi

tools=bindings/wasm/node_modules/.bin
if ! { command -v npm && npm ci --silent --prefix bindings/wasm --no-audit --no-fund; } >/dev/null; then
    echo "larger than need be: npm can't install wasm-opt: is the registry in reach?"
fi

# What rustc uses of WebAssembly, and all browsers have. More would be used too, down to types that few know.
instructions=(
    --enable-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-sign-ext --enable-mutable-globals
    --enable-nontrapping-float-to-int --enable-multivalue --enable-reference-types --enable-call-indirect-overlong
    --strip-producers --strip-target-features
)

# $(module FEATURES NAME): one module, without what only debuggers read.
module() {
    step "cargo build -p ancestral-wasm --target $target $1"
    CARGO_TARGET_DIR=$place/build RUSTFLAGS="$flags" "${build[@]}" --quiet --locked \
        --profile wasm --target $target -p ancestral-wasm --lib $1
    cp "$place/build/$target/wasm/ancestral_wasm.wasm" "$site/$2"
    if [[ -x $tools/wasm-opt ]]; then
        step "wasm-opt -Oz"
        "$tools/wasm-opt" -Oz "${instructions[@]}" "$site/$2" -o "$site/$2"
    fi
    step "$2: $(wc -c <"$site/$2") bytes"
}

rm -rf "$site"
mkdir -p "$site"
module "" ancestral.wasm
module --no-default-features core.wasm
cp bindings/wasm/js/* "$site"
cp -r crates/pipeline/models/digits "$site"
# The page is that of the server, without a server.
cp crates/serve/page/* "$site"
cp crates/explain/page/base.css "$site"
echo 'export const canDrawHere = "only";' >"$site/place.js"

[[ ${1:-} != build ]] || exit 0

step "cargo run -p ancestral-wasm --example expected"
cargo run --quiet --locked -p ancestral-wasm --example expected >"$place/expected.json"

replayed=
if python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    if ! cmp -s bindings/wasm/tests/tools.txt "$place/tools/installed.txt"; then
        rm -rf "$place/tools"
        python3 -m venv "$place/tools"
        "$place/tools/bin/python" -m pip install --quiet --disable-pip-version-check -r bindings/wasm/tests/tools.txt
        cp bindings/wasm/tests/tools.txt "$place/tools/installed.txt"
    fi
    step "replay.py in wasmtime"
    "$place/tools/bin/python" bindings/wasm/tests/replay.py "$site/ancestral.wasm" "$place/expected.json" \
        "$site/digits" >"$place/replayed.json"
    replayed=$place/replayed.json
else
    echo "skipped: wasmtime needs Python 3.10 or later with venv: your system's packages python3 and python3-venv"
fi

for needed in node npm chromium; do
    command -v $needed >/dev/null || skip "$needed is not installed: apt-get install chromium nodejs npm"
done
step "npm ci --prefix tests/browser"
npm ci --silent --prefix tests/browser --no-audit --no-fund
step "tsc --project bindings/wasm/tests"
"$tools/tsc" --project bindings/wasm/tests
step "node --test bindings/wasm/tests"
WASM=$place REPLAYED=$replayed node --test bindings/wasm/tests/

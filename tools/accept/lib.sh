# Shared by the acceptance runs, which source it: the program, a Python to measure with, a folder to
# work in, and checks that print what was measured.
#
#   ANCESTRAL          path of the program; built here (release) unless it is given
#   ANCESTRAL_PYTHON   path of a Python with requirements.txt installed; made in target/accept-venv
#                      unless it is given
#   WORK               a folder of this run alone, removed at the end if everything passed

set -euo pipefail

TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$TOOLS/../.." && pwd)
RUN_NAME=$(basename "$0" .sh)
FAILURES=0
FINISHED=no

# Paths that are given are seen from where the user is.
for given in ANCESTRAL ANCESTRAL_PYTHON DEVICE_CHECK; do
    [[ -z ${!given:-} || ${!given} == /* ]] || printf -v "$given" '%s' "$PWD/${!given}"
done
cd "$ROOT"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/accept-$RUN_NAME.XXXXXX")

at_exit() {
    local status=$?
    if [[ $status == 0 && $FINISHED == yes ]]; then
        rm -rf "$WORK"
        return
    fi
    [[ $FINISHED == yes ]] || echo "FAIL  $RUN_NAME ended early, with exit code $status"
    echo "its files are kept in $WORK"
    [[ $status != 0 ]] || exit 1
}
trap at_exit EXIT

say() { printf '      %s\n' "$*"; }

# Says whether a check passed, and counts it.  judge yes|no WHAT
judge() {
    if [[ $1 == yes ]]; then
        printf 'PASS  %s\n' "$2"
    else
        printf 'FAIL  %s\n' "$2"
        FAILURES=$((FAILURES + 1))
    fi
}

# Compares numbers; anything that is no finite number fails.  holds 0.31 '<=' 0.58
holds() {
    local number='^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$'
    [[ $1 =~ $number && $3 =~ $number ]] || return 1
    awk -v a="$1" -v b="$3" "BEGIN { exit !(a + 0 $2 b + 0) }"
}

# A figure that has a limit.  at_most WHAT FIGURE LIMIT [UNIT]
at_most() {
    local unit=${4:+ $4} ok=no
    holds "$2" '<=' "$3" && ok=yes
    judge "$ok" "$1: $2$unit (at most $3$unit)"
}
at_least() {
    local unit=${4:+ $4} ok=no
    holds "$2" '>=' "$3" && ok=yes
    judge "$ok" "$1: $2$unit (at least $3$unit)"
}

# A command that must succeed, or (as `cmp` and `test` do to say no) exit with 1; its output is shown
# if it does otherwise.
expect() {
    local what=$1 output ok=no
    shift
    if output=$("$@" 2>&1); then ok=yes; else printf '%s\n' "$output"; fi
    judge "$ok" "$what"
}
expect_not() {
    local what=$1 output status=0 ok=no
    shift
    output=$("$@" 2>&1) || status=$?
    if [[ $status == 1 ]]; then ok=yes; else printf '%s\n' "$output"; fi
    judge "$ok" "$what"
}

# Runs a command, with its exit code, and leaves its wall time in SECONDS_TAKEN.
timed() {
    local from to status=0
    from=$(date +%s.%N)
    "$@" || status=$?
    to=$(date +%s.%N)
    SECONDS_TAKEN=$(awk -v a="$from" -v b="$to" 'BEGIN { printf "%.1f", b - a }')
    return "$status"
}

need_program() {
    [[ -z ${ANCESTRAL:-} ]] || return 0
    say "building the program"
    cargo build --release -p ancestral-cli
    ANCESTRAL=${CARGO_TARGET_DIR:-target}/release/ancestral
}

# The program with a feature that brings devices, and the check that compares one with the CPU.
#
#   DEVICE_CHECK   path of the example `device` of ancestral-nn; built with the program unless it is given
need_device_program() { # FEATURE
    [[ -z ${ANCESTRAL:-} || -z ${DEVICE_CHECK:-} ]] || return 0
    say "building the program with $1, which takes a while"
    cargo build --release -p ancestral-cli -p ancestral-nn \
        --features "ancestral-cli/$1,ancestral-nn/$1" --bin ancestral --example device
    ANCESTRAL=${CARGO_TARGET_DIR:-target}/release/ancestral
    DEVICE_CHECK=${CARGO_TARGET_DIR:-target}/release/examples/device
}

need_python() {
    [[ -z ${ANCESTRAL_PYTHON:-} ]] || return 0
    local venv=$ROOT/target/accept-venv
    if ! cmp -s "$TOOLS/requirements.txt" "$venv/installed.txt"; then
        say "installing requirements.txt into $venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet -r "$TOOLS/requirements.txt"
        cp "$TOOLS/requirements.txt" "$venv/installed.txt"
    fi
    ANCESTRAL_PYTHON=$venv/bin/python
}

# A virtual environment with some packages, in VENV; kept in target/accept-NAME-venv.  need_packages NAME PACKAGE…
need_packages() {
    VENV=$ROOT/target/accept-$1-venv
    shift
    [[ $(cat "$VENV/installed.txt" 2>/dev/null) != "$*" ]] || return 0
    python3 -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet "$@"
    echo "$*" >"$VENV/installed.txt"
}

# The last thing an acceptance run does.
finish() {
    FINISHED=yes
    if [[ $FAILURES == 0 ]]; then
        echo "PASS  $RUN_NAME"
        exit 0
    fi
    echo "FAIL  $RUN_NAME ($FAILURES failed)"
    exit 1
}

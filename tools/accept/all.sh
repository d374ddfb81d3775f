#!/usr/bin/env bash
# Runs all acceptance runs in order, and says at the end which passed.
set -euo pipefail
cd "$(dirname "$0")"

failed=0
summary=()
for run in [0-9]*.sh; do
    echo "== ${run%.sh}"
    if bash "$run"; then
        summary+=("PASS  ${run%.sh}")
    else
        summary+=("FAIL  ${run%.sh}")
        failed=1
    fi
done
echo "== in all"
printf '%s\n' "${summary[@]}"
exit "$failed"

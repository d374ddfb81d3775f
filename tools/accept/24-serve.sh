#!/usr/bin/env bash
# The server: many clients at once, the bytes of the command line, memory, time-outs, descriptions that
# hold, clients of others.
#
#   MODEL_LARGE   a model folder of CIFAR-10's size; without it that part is left out
#   SECONDS_LOAD  seconds of each load (60)
#   MINUTES       minutes of the run whose memory is measured (10)
source "$(dirname "$0")/lib.sh"
need_program

bench() { python3 "$ROOT/tools/bench/serve.py" "$@"; }
seconds=${SECONDS_LOAD:-60}

say "load: 32 clients beside one"
expect_shown() { # WHAT COMMAND
    local what=$1 ok=no
    shift
    if "$@"; then ok=yes; fi
    judge "$ok" "$what"
}
expect_shown "digits: 32 clients draw at least 2.5 times the samples of one" \
    bench load "$ANCESTRAL" --seconds "$seconds" --least 2.5
if [[ -n ${MODEL_LARGE:-} ]]; then
    expect_shown "CIFAR-10's size: at least 1.5 times" \
        bench load "$ANCESTRAL" "$MODEL_LARGE" --seconds "$seconds" --least 1.5 \
        --body '{"count": 1, "steps": 4, "sampler": "ddim"}'
fi

say "bytes, memory, one request alone"
expect_shown "500 random requests have the bytes of the command line" bench hashes "$ANCESTRAL"
expect_shown "memory grows by at most 5 % from minute 1 on" \
    bench memory "$ANCESTRAL" --minutes "${MINUTES:-10}"
expect_shown "one request takes at most 2 ms more than the same work in the command" \
    bench alone "$ANCESTRAL"

say "clients of others"
need_packages serve openai==3.57.0 schemathesis==4.32.5
"$ANCESTRAL" serve --port 0 --quiet --max-samples 4 --max-steps 20 >"$WORK/url" &
server=$!
trap 'kill "$server" 2>/dev/null || true; at_exit' EXIT
while [[ ! -s $WORK/url ]]; do sleep 0.1; done
url=$(sed 's#/$##' "$WORK/url")
expect "OpenAI's client draws, streams, and gets errors that it knows" \
    "$VENV/bin/python" "$TOOLS/openai_client.py" "$url/v1"
expect_shown "schemathesis finds no difference between the API and its description" \
    env -C "$WORK" "$VENV/bin/schemathesis" --config-file "$TOOLS/schemathesis.toml" run "$url/openapi.json" \
    --max-examples "${EXAMPLES:-100}" --seed 1

say "hostile clients"
expect_shown "10 000 connections that are opened and left, slow and vanishing clients keep nobody out" \
    python3 "$TOOLS/hostile.py" "$url"
kill "$server"
wait "$server" || true
finish

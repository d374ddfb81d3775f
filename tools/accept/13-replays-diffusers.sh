#!/usr/bin/env bash
# Runs of diffusers are had here from their seed, and folders go both ways.
source "$(dirname "$0")/lib.sh"
need_program
need_python

diffusers() { "$ANCESTRAL_PYTHON" "$TOOLS/replay.py" "$@" 2>>"$WORK/diffusers.txt"; }

# Draws with diffusers' pipeline and here, and compares.
#   replays WHAT MODEL "sample's options" "diffusers' settings"
replays() {
    local what=$1 model=$2 flags=$3 settings=$4
    # The lists are meant to be split.
    # shellcheck disable=SC2086
    diffusers draw "$model" "$WORK/theirs.npy" $settings || tail -3 "$WORK/diffusers.txt"
    # shellcheck disable=SC2086
    "$ANCESTRAL" sample "$model" --compat diffusers --quiet --force -o "$WORK/ours.npy" $flags
    at_most "$what: largest difference" "$(diffusers differ "$WORK/ours.npy" "$WORK/theirs.npy")" 1e-3
}

# A command that must be refused with code 2 and these words.
#   refused WHAT WORDS COMMAND…
refused() {
    local what=$1 words=$2 output status=0 ok=no
    shift 2
    output=$("$@" 2>&1) || status=$?
    if [[ $status == 2 && $output == error:*"$words"* && $output != *panicked* ]]; then ok=yes; fi
    [[ $ok == yes ]] || printf '%s (code %s)\n' "$output" "$status"
    judge "$ok" "refused: $what"
}

say "a model trained here, drawn by DDPMPipeline.from_pretrained and by sample"
diffusers pictures "$WORK/pictures"
"$ANCESTRAL" train "$WORK/pictures" --steps 60 --width 16,32 --seed 0 -o "$WORK/run" --quiet \
    >"$WORK/train.txt"
run=$WORK/run
replays "seed 0, 1 sample, 1000 steps" "$run" "--rng torch --seed 0 -n 1" "n=1 seed=0 steps=1000"
replays "seed 0, 3 samples, 50 steps" "$run" "--rng torch -n 3 --steps 50" "n=3 steps=50"
replays "seed 7, 5 samples, 27 steps, calls of 2" "$run" \
    "--rng torch --seed 7 -n 5 --steps 27 --batch 2" "n=5 seed=7 steps=27"
replays "a list of generators" "$run" "--rng torch-each --seed 3 -n 4 --steps 20" \
    "n=4 seed=3 steps=20 each=yes"
replays "linspace, fixed_large" "$run" \
    "--rng torch -n 2 --steps 16 --spacing linspace --variance fixed-large" \
    "n=2 steps=16 timestep_spacing=linspace variance_type=fixed_large"
for eta in 0 0.5 1; do
    replays "DDIM, eta $eta" "$run" "--rng torch -n 3 --steps 30 --eta $eta" "n=3 steps=30 eta=$eta"
done
replays "DDIM, use_clipped_model_output" "$run" \
    "--rng torch -n 2 --steps 13 --sampler ddim:eta=0.5,use_clipped_model_output=true" \
    "n=2 steps=13 eta=0.5 use_clipped_model_output=true"

say "models of diffusers, of every kind"
for kind in plain old-ddpm learned v x0 threshold ddim skip; do
    diffusers model "$WORK/$kind" "$kind"
    replays "$kind" "$WORK/$kind" "--rng torch -n 3 --steps 25" "n=3 steps=25"
done

say "one model in every layout"
diffusers layouts "$WORK/plain" "$WORK/layouts"
for model in "$WORK"/layouts/*; do
    name=$(basename "$model")
    "$ANCESTRAL" convert "$model" -o "$WORK/clean/$name" --quiet
    original=$WORK/plain/unet
    # Those have other numbers than the original.
    [[ $name != *f16 ]] || original=$model/unet
    expect "$name: converted, its tensors are diffusers'" \
        diffusers same "$original" "$WORK/clean/$name" f32
done
replays "old-config, as it lies" "$WORK/layouts/old-config" "--rng torch -n 2 --steps 20" \
    "n=2 steps=20"
"$ANCESTRAL" convert "$WORK/plain" --dtype f16 -o "$WORK/half"
expect "float16: converted, its tensors are diffusers', rounded" \
    diffusers same "$WORK/plain/unet" "$WORK/half" f16
"$ANCESTRAL" convert "$WORK/half" --dtype f16 -o "$WORK/half-again"
expect "converted again it is the same, byte for byte" diff -r "$WORK/half" "$WORK/half-again"

say "what cannot be"
spoilt() {
    rm -rf "$WORK/spoilt"
    cp -r "$WORK/plain" "$WORK/spoilt"
    [[ -z $1 ]] || diffusers damage "$WORK/spoilt" "$1"
}
while IFS='|' read -r kind words flags; do
    spoilt "$kind"
    # shellcheck disable=SC2086
    refused "$kind $flags" "$words" "$ANCESTRAL" sample "$WORK/spoilt" -o "$WORK/x.npy" $flags
done <<'END'
bin|pickles are never executed|
shards-of-bin|pickles are never executed|
lfs|Git LFS pointer|
html|an HTML page|
truncated|truncated|
zip|pickles are never executed|
no-scheduler|scheduler_config.json|
other-network|UNet2DConditionModel|
rescale_betas_zero_snr=true|use a network that predicts v or x0|
rescale_betas_zero_snr=true|use a network that predicts v or x0|--compat diffusers
steps_offset=1|offset 1|--steps 1000
steps_offset=1|offset 1|--steps 1000 --compat diffusers
num_train_timesteps=100|at most 100|--steps 101
num_train_timesteps=100|0 steps|--steps 0
beta_schedule="exp"|"exp" is not supported|
END
finish

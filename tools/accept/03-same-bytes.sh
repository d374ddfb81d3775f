#!/usr/bin/env bash
# A seed and an index make a sample, a seed makes a network: batch size and threads change no byte.
source "$(dirname "$0")/lib.sh"
need_program
need_python

sample() { "$ANCESTRAL" sample --seed 7 --quiet "$@"; }
same() { "$ANCESTRAL_PYTHON" "$TOOLS/same.py" "$@"; }

for sampler in ddpm ddim; do
    reference=$WORK/$sampler.npy
    sample --sampler "$sampler" -n 8 -o "$reference"
    say "$sampler: $(sha256sum <"$reference" | cut -c 1-16)"
    for batch in 1 3 8; do
        for threads in 1 2; do
            out=$WORK/$sampler-$batch-$threads.npy
            sample --sampler "$sampler" -n 8 --batch "$batch" --threads "$threads" -o "$out"
            expect "$sampler, batch $batch, threads $threads: equal bytes" cmp "$reference" "$out"
        done
    done
    sample --sampler "$sampler" --first 5 -n 1 -o "$WORK/$sampler-sixth.npy"
    expect "$sampler, --first 5 -n 1: the sixth row" same row "$reference" 5 "$WORK/$sampler-sixth.npy"
    "$ANCESTRAL" sample --seed 8 --sampler "$sampler" -n 8 -o "$WORK/$sampler-other.npy" --quiet
    expect_not "$sampler, another seed: other bytes" cmp -s "$reference" "$WORK/$sampler-other.npy"
done

sample -n 8 --batch 8 --threads 1 -o "$WORK/together"
sample -n 8 --batch 3 --threads 2 -o "$WORK/parted"
expect "single PNGs, batch 8 and 3, threads 1 and 2: equal pixels" \
    same pixels "$WORK/together" "$WORK/parted"
expect "single PNGs: the array, rounded" same rounded "$WORK/ddpm.npy" "$WORK/together"

train() { "$ANCESTRAL" train digits --steps 30 --quiet "$@" >"$WORK/folder.txt"; }
train --seed 3 --threads 1 -o "$WORK/first"
train --seed 3 --threads 2 -o "$WORK/second"
train --seed 3 --threads 2 -o "$WORK/third"
train --seed 4 --threads 2 -o "$WORK/other"
main=unet/diffusion_pytorch_model.safetensors
raw=unet/diffusion_pytorch_model.raw.safetensors
for run in second third; do
    what="training with 1 and 2 threads"
    [[ $run == second ]] || what="$what, once more"
    expect "$what: equal averaged weights" cmp "$WORK/first/$main" "$WORK/$run/$main"
    expect "$what: equal raw weights" cmp "$WORK/first/$raw" "$WORK/$run/$raw"
    expect "$what: equal losses" same losses "$WORK/first/log.jsonl" "$WORK/$run/log.jsonl"
    expect "$what: equal samples" same pixels "$WORK/first/samples.png" "$WORK/$run/samples.png"
done
expect_not "another seed: other weights" cmp -s "$WORK/first/$main" "$WORK/other/$main"
finish

#!/usr/bin/env bash
# Toy sets: a minute of training, and samples that are as far from fresh points as fresh points are
# from each other.
source "$(dirname "$0")/lib.sh"
need_program
need_python

say "building the example that draws points"
cargo build --quiet --release -p ancestral-data --example toy_points
points=${CARGO_TARGET_DIR:-target}/release/examples/toy_points
rows() { "$ANCESTRAL_PYTHON" "$TOOLS/rows.py" "$@"; }

for set in moons swiss-roll eight-gaussians; do
    case $set in
        moons) limit=3 ;;
        *) limit=1.5 ;;
    esac
    run=$WORK/$set
    timed "$ANCESTRAL" train "$set" -o "$run" --quiet >"$WORK/folder.txt"
    at_most "train $set, wall time" "$SECONDS_TAKEN" 60 s
    for file in mlp/config.json samples.png samples.csv denoising.gif loss.png; do
        expect "$set: $file is there" test -s "$run/$file"
    done
    "$ANCESTRAL" sample "$run" -n 2000 -o "$WORK/$set.npy" --quiet
    fresh=()
    for seed in 101 102 103 104 105 106; do
        "$points" "$set" 2000 --seed "$seed" "$WORK/$set-$seed.npy"
        fresh+=("$WORK/$set-$seed.npy")
    done
    read -r multiple away apart < <(rows sliced "$WORK/$set.npy" "${fresh[@]}")
    say "$set: sliced Wasserstein distance $away; between two fresh sets $apart"
    at_most "$set: multiple of the distance between fresh sets" "$multiple" "$limit"
done

# 2000 samples scatter by 6 % of a heap's share on their own; 20000 show the model's.
off=$(rows heaps "$WORK/eight-gaussians.npy")
at_most "eight-gaussians: largest deviation of a heap's share, 2000 samples" "$off" 20 %
"$ANCESTRAL" sample "$WORK/eight-gaussians" -n 20000 --seed 1 -o "$WORK/many.npy" --quiet
at_most "the same, 20000 samples" "$(rows heaps "$WORK/many.npy")" 20 %

"$ANCESTRAL" train eight-gaussians --classes --steps 3000 -o "$WORK/classes" --quiet >"$WORK/folder.txt"
"$ANCESTRAL" sample "$WORK/classes" --class north -n 500 -o "$WORK/north.npy" --quiet
at_least "of 500 samples of the class north, in the heap of that name" \
    "$(rows north "$WORK/north.npy")" 95 %
finish

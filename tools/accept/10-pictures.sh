#!/usr/bin/env bash
# Pictures of all kinds are learned as they are seen; damaged ones are named before anything is done.
source "$(dirname "$0")/lib.sh"
need_program
need_python

pictures() { "$ANCESTRAL_PYTHON" "$TOOLS/pictures.py" "$@"; }
tiny=(--width 8 --steps 2 --batch 4)

# Trains, leaves what was said in said.txt, and compares the line about the data.
#   decides WHAT LINE DATA OPTIONS
decides() {
    local what=$1 line=$2 data=$3 ok=no
    shift 2
    rm -rf "$WORK/run"
    if "$ANCESTRAL" train "$@" "${tiny[@]}" -o "$WORK/run" >"$WORK/folder.txt" 2>"$WORK/said.txt" &&
        grep -qxF "$data: $line" "$WORK/said.txt"; then ok=yes; else cat "$WORK/said.txt"; fi
    judge "$ok" "$what: $line"
}

# One look at each kind alone: what training sees is exact to the last bit. A checkpoint after one
# step holds its checksum.
count=0 differing=0
kinds=$WORK/kinds
pictures kinds "$kinds" >"$WORK/looks.txt"
while read -r name sum options; do
    rm -rf "$WORK/look"
    # shellcheck disable=SC2086 # the options are words
    "$ANCESTRAL" train "$kinds/$name" $options "${tiny[@]}" --stop-at 1 -o "$WORK/look" --quiet \
        >"$WORK/folder.txt" </dev/null
    count=$((count + 1))
    if ! grep -qF "\"data_sha256\": \"$sum\"" "$WORK/look/checkpoints/step-1/training.json"; then
        differing=$((differing + 1))
        say "$name $options: other values than in the file"
    fi
done <"$WORK/looks.txt"
say "$(find "$kinds" -type f | wc -l) kinds of pictures: $(ls "$kinds" | xargs)"
at_least "looks at single pictures" "$count" 31
at_most "of which other values are learned than are in the file" "$differing" 0

decides "all together" \
    "23 pictures, 3 channels (6 grey repeated), 8x8 (chosen for the smallest side, 8; centre-cropped from 16x8 … 32x32), alpha over #ffffff, 1 EXIF-turned" \
    "$kinds"
decides "--size" \
    "23 pictures, 3 channels (6 grey repeated), 16x16 (centre-cropped from 16x8 … 32x32), alpha over #ffffff, 1 EXIF-turned" \
    "$kinds" --size 16
decides "--channels 1, --fit letterbox, --background black" \
    "23 pictures, 1 channel (luma of 17 in colour), 16x24 (letterboxed from 16x8 … 32x32), alpha over #000000, 1 EXIF-turned" \
    "$kinds" --channels 1 --size 16x24 --fit letterbox --background black
decides "--channels 3, --background 102030" \
    "23 pictures, 3 channels (6 grey repeated), 16x16 (centre-cropped from 16x8 … 32x32), alpha over #102030, 1 EXIF-turned" \
    "$kinds" --channels 3 --size 16 --background 102030
decides "--channels 4" \
    "23 pictures, 4 channels, 16x16 (centre-cropped from 16x8 … 32x32), 1 EXIF-turned" \
    "$kinds" --channels 4 --size 16
"$ANCESTRAL" sample "$WORK/run" -n 3 --steps 2 -o "$WORK/opaque.npy" --quiet
expect "a model of 4 channels draws pictures" test -s "$WORK/run/samples.png"
decides "one grey picture, a batch of 4" "1 picture, 1 channel (all are grey), 16x16" "$kinds/grey.png"

# Classes are folders.
pictures classes "$WORK/animals"
decides "--classes" "10 pictures, 2 classes, 3 channels, 16x16" "$WORK/animals" --classes
"$ANCESTRAL" sample "$WORK/run" --class dogs -n 2 --steps 2 -o "$WORK/dogs.png" --quiet
expect "sample --class dogs" test -s "$WORK/dogs.png"

# Damage.
pictures cut "$WORK/damaged"
status=0
"$ANCESTRAL" train "$WORK/damaged" "${tiny[@]}" -o "$WORK/refused" >"$WORK/folder.txt" \
    2>"$WORK/said.txt" || status=$?
say "$(xargs <"$WORK/said.txt")"
judge "$([[ $status == 2 ]] && echo yes || echo no)" "1 of 20 JPEGs is cut short: exit code $status (2)"
expect "it is named before the first step" grep -qF "$WORK/damaged/cut.jpg: " "$WORK/said.txt"
expect_not "nothing is written" test -e "$WORK/refused"
decides "--skip-bad" "19 pictures, 3 channels, 16x16, 1 damaged picture skipped" \
    "$WORK/damaged" --skip-bad
expect "--skip-bad names what it skips" grep -q "^skipped $WORK/damaged/cut.jpg: " "$WORK/said.txt"

# One picture can be learned by heart.
"$ANCESTRAL" train "$kinds/rgb.png" --width 16,32 --steps 300 --batch 16 -o "$WORK/one" --quiet \
    >"$WORK/folder.txt"
read -r first last ratio < <(pictures falls "$WORK/one/log.jsonl" 20)
say "one picture, batch 16: loss $first in the first 20 steps, $last in the last 20 of 300"
at_most "one picture, loss of the last 20 steps to the first 20" "$ratio" 0.5 times

# Fashion-MNIST, as Debian packages it.
if [[ -z ${FASHION_MNIST:-} ]]; then
    (cd "$WORK" && apt-get download -q dataset-fashion-mnist >"$WORK/download.txt" 2>&1) ||
        cat "$WORK/download.txt"
    dpkg-deb -x "$WORK"/dataset-fashion-mnist_*.deb "$WORK/debian"
    FASHION_MNIST=$WORK/debian/usr/share/datasets/fashion-mnist
fi
run=$WORK/fashion
timed "$ANCESTRAL" train "$FASHION_MNIST" --batch 16 --steps 200 -o "$run" \
    >"$WORK/folder.txt" 2>"$WORK/said.txt"
at_most "train Fashion-MNIST, 200 steps of 16, wall time" "$SECONDS_TAKEN" 600 s
expect "60000 pictures, 10 classes are found" \
    grep -qxF "$FASHION_MNIST: IDX, 60000 pictures, 10 classes" "$WORK/said.txt"
read -r first last ratio < <(pictures falls "$run/log.jsonl" 20)
say "loss $first in the first 20 steps, $last in the last 20"
at_most "loss of the last 20 steps to the first 20" "$ratio" 0.333 times
"$ANCESTRAL" inspect "$run" >"$WORK/inspect.txt"
expect "inspect names the 10 classes" \
    grep -qE "^classes +0, 1, 2, 3, 4, 5, 6, 7, 8, 9$" "$WORK/inspect.txt"
timed "$ANCESTRAL" sample "$run" --class 3 -n 8 --steps 10 -o "$WORK/three.npy" --quiet
say "8 samples in 10 steps: $SECONDS_TAKEN s"
"$ANCESTRAL" sample "$run" --class 8 -n 8 --steps 10 -o "$WORK/eight.npy" --quiet
expect_not "--class 3 and --class 8 draw different samples" cmp -s "$WORK/three.npy" "$WORK/eight.npy"
finish

#!/usr/bin/env bash
# Whatever is no data, no model or no number is refused with a sentence that says what is wrong and
# the exit code 2, before anything is written; there is no panic, no hang and no use of all memory.
source "$(dirname "$0")/lib.sh"
need_program
need_python

[[ $ANCESTRAL == /* ]] || ANCESTRAL=$ROOT/$ANCESTRAL
mkdir "$WORK/in"
cd "$WORK/in"
"$ANCESTRAL_PYTHON" "$TOOLS/bad.py"

# Files that are there, so that what is written shows. Folders only by name: trying whether one can
# be written to changes its time.
listing() { find . \( -type d -printf '%p\n' \) -o -printf '%p %s %T@\n' | sort; }

ROWS=0
# What is refused: with which exit code, words of the message, the arguments.
bad() {
    local code=$1 words=$2 status=0 reasons=() shown
    shift 2
    ROWS=$((ROWS + 1))
    shown=$(printf '%q ' "$@" | cut -c 1-100)
    # Far more memory than any of these need, and far less than the machine has.
    (ulimit -v 4194304 && exec timeout 30 "$ANCESTRAL" "$@" </dev/null) \
        >"$WORK/out.txt" 2>"$WORK/err.txt" || status=$?
    [[ $status != 124 ]] || reasons+=("still runs after 30 s;")
    [[ $status == "$code" ]] || reasons+=("exit code $status;")
    grep -qF -- "$words" "$WORK/err.txt" || reasons+=("other words;")
    ! grep -q -e panicked -e backtrace "$WORK/err.txt" || reasons+=("a panic;")
    listing >"$WORK/after.txt"
    if ! cmp -s "$WORK/before.txt" "$WORK/after.txt"; then
        reasons+=("files are written;")
        rm -rf out out.* runs
        listing >"$WORK/before.txt"
    fi
    if [[ ${#reasons[@]} == 0 ]]; then
        judge yes "$shown: $code, $words"
    else
        head -c 1000 "$WORK/err.txt"
        judge no "$shown: ${reasons[*]} expected $code, $words, and nothing written"
    fi
}
data() { # CODE WORDS DATA OPTIONS
    local code=$1 words=$2
    shift 2
    bad "$code" "$words" train "$@" --steps 1 -o out
}

# Models to sample from and runs to go on with, and damaged ones.
"$ANCESTRAL" train moons --steps 2 -o table --quiet >/dev/null
"$ANCESTRAL" train digits --steps 2 --width 8 -o run --quiet >/dev/null
"$ANCESTRAL" train digits --steps 2 --width 8 -o halfway --stop-at 1 --quiet >/dev/null
"$ANCESTRAL" sample run -n 1 --steps 1 -o there.png --quiet
for name in cut-weights no-weights bad-json other-shape no-index; do cp -r run $name; done
truncate -s 1000 cut-weights/unet/diffusion_pytorch_model.safetensors
rm no-weights/unet/*.safetensors no-index/model_index.json
echo '{"a":' >bad-json/unet/config.json
sed -i 's/"in_channels": 1/"in_channels": 3/' other-shape/unet/config.json
for name in torn-json torn-moment no-model; do cp -r halfway $name; done
echo '{' >torn-json/checkpoints/step-1/training.json
truncate -s 100 torn-moment/checkpoints/step-1/moment_1.safetensors
rm -r no-model/checkpoints
echo text >file
listing >"$WORK/before.txt"

say "paths"
bad 2 "required arguments" train
bad 2 "a value is required" train digits -o ''
data 2 'data "no-such": no such file or folder' no-such
data 2 "built in are digits, moons" digit
data 2 "no such file or folder" no/such/folder
data 2 "a value is required for '[DATA]'" ''
data 2 "no such file or folder" -
data 2 "no such file or folder" good.png/
data 2 "broken-link.png" broken-link.png
data 2 "broken-links/one.png: cannot be read" broken-links
data 2 "no such file or folder" loop
data 2 "no picture in nothing" nothing
data 2 "no picture in folder.csv" folder.csv
data 2 "no picture in folder.npy" folder.npy
data 2 "no picture in folder.png" folder.png
data 2 "no picture in hidden" hidden
data 2 "found 2 other files" texts
data 2 "empty is empty" empty
data 2 "one-byte" one-byte
data 2 "text.txt" text.txt
data 2 "regular file" /dev/null
data 2 "regular file" /dev/zero
data 2 "regular file" pipe
data 2 "regular file" pipe.png
data 2 "no such file or folder" $'\xff\xfe'
if [[ $EUID != 0 ]]; then # root may read and write everything
    touch secret && mkdir shut && chmod 000 secret shut && listing >"$WORK/before.txt"
    data 2 "Permission denied" secret
    data 2 "Permission denied" shut
    bad 2 "Permission denied" train digits --width 8 --steps 1 -o shut/run
    bad 2 "Permission denied" sample -n 1 --steps 1 -o shut/out.png
fi

say "pictures"
data 2 'text.png: is not PNG, JPEG' text.png
data 2 'it begins with "<!DOCTYPE' page.png
data 2 "vector.svg" vector.svg
data 2 "empty.png: is empty" empty.png
data 2 "head.png: is cut short" head.png
data 2 "cut.png: is cut short" cut.png
data 2 "cut.jpeg: is cut short" cut.jpeg
data 2 "cut.webp: is cut short" cut.webp
data 2 "cut.gif: " cut.gif
data 2 "cut.bmp: " cut.bmp
data 2 "cut.tiff: " cut.tiff
data 2 "damaged.png: cannot be decoded" damaged.png
data 2 "huge.png: is 60000 x 60000 pixels, too large" huge.png
data 2 "huge.pgm: is 60000 x 60000 pixels, too large" huge.pgm
data 2 "photo.heic: is not PNG, JPEG" photo.heic
data 2 "photo.avif: is Avif" photo.avif
data 2 "1 of 20 pictures cannot be read" twenty
data 2 "twenty/cut.jpg: is cut short" twenty
data 2 "2 of 2 pictures cannot be read" all-bad
data 2 "2 of 2 pictures cannot be read" all-bad --skip-bad
data 2 "the nearest sizes that can are 296 and 304" 300.png
data 2 "the nearest sizes that can are 48x296 and 56x304" 300.png --size 50x300
data 2 "classes need a folder" good.png --classes
data 2 "stray/2.png is in no class" stray --classes
data 2 "flat/1.png is in no class" flat --classes
data 2 "the class hollow/b has no picture" hollow --classes
for size in 0 5000 8x 8x8x8 8.5 99999999999999999999 eight; do
    data 2 "expected a side, or height x width" good.png --size "$size"
done
data 2 "--size" good.png --size -8
data 2 "expected 1, 3, 4 or auto" good.png --channels 2
data 2 "expected 1, 3, 4 or auto" good.png --channels 0
data 2 "expected 1, 3, 4 or auto" good.png --channels rgb
data 2 "(the channels of the network are --width)" good.png --channels 64,128
for colour in purple 12345 '#12345g' ''; do
    data 2 "--background" good.png --background "$colour"
done
data 2 "possible values: crop, letterbox" good.png --fit stretch

say "arrays"
data 2 "448 bytes of data, but its shape [4, 8, 8] calls for 1024" cut.npy
data 2 "longer.npy continues after the 1024 bytes" longer.npy
data 2 "the .npy header of head.npy is damaged" head.npy
data 2 "the .npy header of no-header.npy is damaged" no-header.npy
data 2 "text.npy is not a .npy file" text.npy
data 2 "empty.npy is not a .npy file" empty.npy
data 2 "values of dtype '<U1'" strings.npy
data 2 "values of dtype '|O'" objects.npy
data 2 "values of dtype '<c8'" complex.npy
data 2 "values of dtype '<M8[D]'" dates.npy
data 2 "values of dtype" records.npy
data 2 "value NaN at position" nan.npy
data 2 'column "3" holds inf' inf-rows.npy
data 2 "the shape [2, 3, 3, 8, 8], but pictures are" 5-d.npy
data 2 "the shape [], but pictures are" 0-d.npy
data 2 "with 1, 3 or 4 channels" 2-channels.npy
data 2 "at least one row" no-rows.npy
data 2 "at least one column" no-columns.npy
data 2 "store pictures as uint8" words.npy
data 2 "huge.npy" huge.npy
data 2 "its shape [100000, 1000, 100] calls for 40000000000" large.npy
data 2 "the .npz archive cut.npz is damaged" cut.npz
data 2 "it holds: weights '<f8' [3], bias '<f8' [3]" other.npz
data 2 "labels.npz/y.npy holds 3 labels for 4 rows" labels.npz
data 2 "no array of empty.npz" empty.npz
data 2 "no array of letters.zip" letters.zip
data 2 "text.npz/x.npy is not a .npy file" text.npz
data 2 "bomb.npz/x.npy continues after the 256 bytes" bomb.npz

say "IDX files"
data 2 "cut-idx3 is cut short" cut-idx3
data 2 "longer-idx3 continues after the 256 bytes" longer-idx3
data 2 "head-idx3 ends before the lengths of its 3 axes" head-idx3
data 2 "cut-images-idx3.gz is cut short" cut-images-idx3.gz
data 2 "the gzip data of torn-idx3.gz are damaged or cut short" torn-idx3.gz
data 2 "labels-idx1 holds only labels" labels-idx1
data 2 "at least one row" empty-idx3
data 2 "a row of shape [1, 0, 8] holds no values" flat-idx3
data 2 "of huge-idx3 is too large" huge-idx3
data 2 "calls for 60000000000 bytes, but 16 are there" large-idx3
data 2 "only unsigned bytes" floats-idx3
data 2 "but [count, height, width] is expected" four-idx4
data 2 "holds 3 labels for 4 pictures" few
data 2 "wrong/train-labels-idx1-ubyte is not an IDX file" wrong
data 2 "gzip" text.gz
data 2 "gzip" table.csv.gz

say "tables"
data 2 "empty.csv is empty" empty.csv
data 2 "mark.csv is empty" mark.csv
data 2 "blank.csv is empty" blank.csv
data 2 "header.csv has a header but no rows" header.csv
data 2 "a header with column names is expected" no-header.csv
data 2 'column "age" has 3 missing cells (first in row 2, line 3)' missing.csv
data 2 'column "b" has 1 missing cell' nan.csv
data 2 'column "a" has 1 missing cell (first in row 2, line 3)' gap.csv
data 2 'column "b" holds "inf" in row 1, line 2' inf.csv
data 2 'column "b" holds "1e999"' huge.csv
data 2 'column "name" holds "Ada"' names.csv
data 2 'column "day" holds "2024-01-01"' dates.csv
data 2 'column "a" holds "10%"' percent.csv
data 2 'column "a" holds "true"' words.csv
data 2 "row 2 (line 3) is 1, but in the header it is 2" ragged.csv
data 2 "row 2 (line 3) is 3, but in the header it is 2" long.csv
data 2 'columns 1 and 3 are both named "a"' twice.csv
data 2 "column 2 has no name" nameless.csv
data 2 "a decimal point is expected, not a comma" comma.csv
data 2 'column "a|b" holds "1|2"' bars.csv
data 2 "line 2 holds the byte 0x80" binary.csv
data 2 "line 1 holds the byte 0xf6" latin.csv
data 2 "utf-16.csv is not a CSV file in UTF-8" utf-16.csv
data 2 "quote.csv: the number of cells in row 1" quote.csv
data 2 "wide.csv has 20000 columns, more than 10000" wide.csv
data 2 'column "<html>"' page.csv

say "options that say nothing of such data"
for of in good.csv moons good.npy good-idx3 digits; do
    data 2 "--size" $of --size 8
    data 2 "--channels" $of --channels 3
    data 2 "--fit" $of --fit letterbox
    data 2 "--background" $of --background black
    data 2 "--skip-bad" $of --skip-bad
done
for of in good.csv good.npy good-idx3 digits; do
    data 2 "--classes" $of --classes
    data 2 "--points" $of --points 5
done
data 2 "--flip" good.csv --flip
data 2 "--flip" moons --flip
data 2 "--points" good.png --points 5
data 2 "--width: 64,64: points and tables take a single width" moons --width 64,64

say "numbers"
for flag in steps time stop-at batch accumulate lr timesteps layers keep threads points width; do
    bad 2 "invalid value '0' for '--$flag" train digits "--$flag" 0 -o out
done
for flag in time lr ema label-dropout; do
    for value in -1 nan inf many ''; do
        bad 2 "for '--$flag" train digits "--$flag" "$value" -o out
    done
done
for value in 1.5 99999999999999999999 ''; do
    bad 2 "for '--steps" train digits --steps "$value" -o out
    bad 2 "for '--seed" train digits --seed "$value" -o out
done
bad 2 "cannot be used with '--time" train digits --steps 5 --time 5 -o out
bad 2 "not one update fits" train digits --width 8 --time 0.1 -o out
bad 2 "expected a whole number from 1 to 65536" train digits --batch 100000 -o out
bad 2 "a number in [0, 1)" train digits --ema 1 -o out
bad 2 "a number in [0, 1]" train digits --label-dropout 2 -o out
bad 2 "possible values: epsilon, x0, v" train digits --prediction noise -o out
bad 2 "expected one of linear" train digits --schedule quadratic -o out
bad 2 "expected a beta in (0, 1)" train digits --schedule linear:start=nan -o out
bad 2 "it takes start, end" train digits --schedule linear:middle=1 -o out
bad 2 "expected name=value" train digits --schedule linear:start -o out
bad 2 "expected a whole number from 1 to 1000000" train digits --timesteps 2000000 -o out
bad 2 "predict v or x0" train digits --zero-snr --prediction epsilon -o out
bad 2 "an epsilon prediction says nothing about x0" \
    train digits --prediction epsilon --schedule linear:start=0.5,end=0.1 --steps 1 --width 8 -o out
bad 2 "--width: 12 is not a multiple of 8" train digits --width 12 -o out
bad 2 "cannot be halved 5 times" train digits --width 8,8,8,8,8,8 -o out
bad 2 "for '--width" train digits --width 8,,8 -o out
bad 2 "expected a whole number from 1 to 16384" train digits --width 99999 -o out
bad 2 "expected a whole number from 1 to 10000000" train moons --points 99999999 -o out
bad 2 'unknown device "tpu"' train digits --device tpu -o out
bad 2 "unexpected argument '--nonsense'" train digits --nonsense -o out
bad 2 "unexpected argument 'moons'" train digits moons -o out

say "run folders"
tiny=(train digits --steps 1 --width 8)
bad 2 "run folder run already exists" "${tiny[@]}" -o run
bad 2 "run folder nothing/../run already exists" "${tiny[@]}" -o nothing/../run
bad 2 "stray is not a run folder" "${tiny[@]}" --force -o stray
bad 2 "run folder file" "${tiny[@]}" -o file
bad 2 "run folder file" "${tiny[@]}" --force -o file
bad 2 "run folder file/run" "${tiny[@]}" -o file/run
bad 2 "File name too long" "${tiny[@]}" -o "$(printf 'a%.0s' {1..300})"
bad 2 "there is no run folder no-such" train --resume no-such
bad 2 "there is no run folder file" train --resume file
bad 2 "no checkpoint in nothing" train --resume nothing
bad 2 "no checkpoint in no-model" train --resume no-model
bad 2 "there is no run folder runs/digits" train digits --resume
bad 2 "torn-json/checkpoints/step-1/training.json" train --resume torn-json
bad 2 "its checksum has changed" train --resume torn-moment
bad 2 "the run has already made 2" train --resume run --steps 1
bad 2 "the run was begun with --lr" train --resume run --lr 0.5
bad 2 "the run was begun with --batch" train --resume halfway --batch 3
bad 2 "the data differ from the data that the run was begun with" train moons --resume halfway
bad 2 "cannot be used with '--force'" train --resume halfway --force
bad 2 "name one of them" train --resume halfway -o other

say "sampling"
bad 2 "no-such: no such model folder" sample no-such -o out.png
bad 2 "no model: looked for" sample nothing -o out.png
bad 2 "file: a file, expected a model folder" sample file -o out.png
bad 2 "a run that has not ended" sample halfway -o out.png
bad 2 "truncated?" sample cut-weights -o out.png
bad 2 "no weights" sample no-weights -o out.png
bad 2 "bad-json/unet/config.json" sample bad-json -o out.png
bad 2 "other-shape/unet/config.json" sample other-shape -o out.png
bad 2 "a run that has not ended" sample no-index -o out.png
bad 2 "expected a name ending in .png, .csv or .npy" sample table -o out/
bad 2 "expected a name ending in .png, .csv or .npy" sample table -o out
bad 2 "take .npy or .gif" sample table --trajectory -o out.csv
bad 2 "has no classes" sample table --class 1 -o out.csv
bad 2 "samples are pictures, not rows of a table" sample -o out.csv
bad 2 "expected a name ending in .png, .gif, .npy, .npz or .csv" sample -o out.jpg
bad 2 "expected a name ending in .png, .gif, .npy, .npz or .csv" sample -o .png
bad 2 "a value is required" sample -o ''
bad 2 "no such folder no/such" sample -o no/such/out.png
bad 2 "a folder, expected a file" sample -o folder.png
bad 2 "file" sample -n 1 --steps 1 -o file/
bad 2 "there.png already exists" sample -o there.png
bad 2 "File name too long" sample -n 1 --steps 1 -o "$(printf 'a%.0s' {1..300}).png"
bad 2 "expected a whole number from 1 to 1000000" sample -n 0 -o out.png
bad 2 "expected a whole number from 1 to 1000000" sample -n 9999999 -o out.png
bad 2 "expected a whole number from 1 to" sample --steps 0 -o out.png
bad 2 "1001 steps asked" sample --steps 1001 -o out.png
bad 2 "expected one of ddpm, ddim" sample --sampler nonsense -o out.png
bad 2 "expected a number from 0 to 1" sample --sampler ddim:eta=nan -o out.png
bad 2 "expected a number in [0, 1]" sample --eta 2 -o out.png
bad 2 "but --sampler is ddpm" sample --eta 0.5 --sampler ddpm -o out.png
bad 2 "possible values: fixed-small" sample --variance huge -o out.png
bad 2 "predicts no variance" sample --variance learned -o out.png
bad 2 "has no variance to choose" sample --sampler ddim --variance fixed-small -o out.png
bad 2 "expected one of trailing" sample --spacing random -o out.png
bad 2 "expected one of 0, 1, 2" sample --class 10 -o out.png
bad 2 "expected one of 0, 1, 2" sample --class cat -o out.png
bad 2 "would be above" sample --first 18446744073709551615 -n 2 -o out.png
bad 2 "expected a whole number from 1 to 65536" sample --batch 0 -o out.png
bad 2 "cannot read no-such.npy" sample --init no-such.npy -o out.png
bad 2 "shape [2, 1, 8, 9], expected [n, 1, 8, 8]" sample --init init-wide.npy -o out.png
bad 2 "shape [2, 64], expected [n, 1, 8, 8]" sample --init init-flat.npy -o out.png
bad 2 "init-none.npy: no rows" sample --init init-none.npy -o out.png
bad 2 "value 0 is NaN" sample --init init-nan.npy -o out.png
bad 2 "expected noise as float32 or float64" sample --init init-bytes.npy -o out.png
bad 2 "cut.npy has 448 bytes of data" sample --init cut.npy -o out.png
bad 2 "good.csv is not a .npy file" sample --init good.csv -o out.png
bad 2 "good.png is not a .npy file" sample --init good.png -o out.png
bad 2 "cannot read nothing" sample --init nothing -o out.png
bad 2 "regular file" sample --init pipe -o out.png
bad 2 "--init has 2 rows" sample --init init.npy -n 5 -o out.png
bad 2 "expected [n, 2]" sample table --init init.npy -o out.csv

say "inspecting, and the program itself"
bad 2 "no such model folder" inspect no-such
bad 2 "no model: looked for" inspect nothing
bad 2 "a file, expected a model folder" inspect file
bad 2 "truncated?" inspect cut-weights
bad 2 "bad-json/unet/config.json" inspect bad-json
bad 2 "expected one of linear" inspect schedule --schedule quadratic
bad 2 "expected a whole number from 1 to 1000000" inspect schedule --timesteps 0
bad 2 "cannot be used with '--json'" inspect schedule --csv --json
bad 2 "unrecognized subcommand 'draw'" draw digits
bad 2 "unexpected argument '--nonsense'" --nonsense

# What goes wrong on the way ends with 1, and leaves what was there before.
say "numbers that are not finite"
status=0
"$ANCESTRAL" train digits --width 8 --steps 40 --lr 1e6 -o diverged --checkpoint-every 1 --quiet \
    >"$WORK/out.txt" 2>"$WORK/err.txt" || status=$?
say "$(xargs <"$WORK/err.txt")"
judge "$([[ $status == 1 ]] && echo yes || echo no)" "learning rate 1e6: exit code $status (1)"
expect "it names the step and the tensor" \
    grep -q "^error: step 1[0-9]: the .* is not finite; 10 steps in a row were skipped" "$WORK/err.txt"
expect_not "no model is written" test -e diverged/model_index.json
say "$ROWS commands are refused, or should be"
cd "$ROOT"
finish

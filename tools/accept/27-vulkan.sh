#!/usr/bin/env bash
# The device vulkan where no card is: a driver that plays one on the CPU, Mesa's lavapipe (Debian's
# mesa-vulkan-drivers). Errors beside our own engine, trainings, samples, refusals; no speed.
source "$(dirname "$0")/lib.sh"
shopt -s nullglob

driver=(/usr/share/vulkan/icd.d/lvp_icd.*.json)
if [[ ${#driver[@]} == 0 ]]; then
    echo "SKIP  $RUN_NAME: no Vulkan driver that needs no card:" \
        "apt-get install libvulkan1 mesa-vulkan-drivers"
    FINISHED=yes
    exit 0
fi
need_device_program wgpu
need_python

# Kernels of this run alone; and Vulkan is what is tested, not what a library falls to without it.
export XDG_CACHE_HOME=$WORK/caches __EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent
# Fewer candidates for each kernel: on the CPU each costs seconds.
export CUBECL_AUTOTUNE_LEVEL=${CUBECL_AUTOTUNE_LEVEL:-minimal}

errors() { # DEVICE [PRECISION] MODEL: the errors of outputs and of gradients, in 8 rows
    "$DEVICE_CHECK" "$@" 8 1 | tee "$WORK/errors.txt" | sed 's/^/      /' >&2
    awk '{ print $4 }' "$WORK/errors.txt"
}
refused() { # WHAT TEXT COMMAND...: refused with exit code 2 and that text, and without a panic
    local what=$1 text=$2 status=0 ok=no
    shift 2
    "$@" >"$WORK/refused.txt" 2>&1 || status=$?
    if [[ $status == 2 ]] && grep -qF -- "$text" "$WORK/refused.txt" &&
        ! grep -q panicked "$WORK/refused.txt"; then ok=yes; else cat "$WORK/refused.txt"; fi
    judge "$ok" "$what: $text"
}

# No driver at all, then with OpenGL's beside it: neither the CPU nor OpenGL takes its place.
for egl in /nonexistent ""; do
    for device in vulkan wgpu vulkan:0; do
        refused "no card, EGL ${egl:-there}, --device $device" "there is no device \"$device\"" \
            env VK_DRIVER_FILES=/nonexistent __EGL_VENDOR_LIBRARY_FILENAMES="$egl" \
            "$ANCESTRAL" sample -n 1 --steps 1 --device "$device" -o "$WORK/never.npy"
    done
done
expect_not "nothing was written" test -e "$WORK/never.npy"

export VK_DRIVER_FILES=${driver[0]}
"$ANCESTRAL" inspect devices | tee "$WORK/devices.txt" | sed 's/^/      /'
expect "its card is listed as software" grep -q '^vulkan:0 *software' "$WORK/devices.txt"
for model in "$ROOT/crates/pipeline/models/digits" blocks; do
    { read -r output; read -r gradients; } < <(errors vulkan:0 "$model")
    at_most "$(basename "$model"): error of the output" "$output" 1e-4
    at_most "$(basename "$model"): error of the gradients" "$gradients" 1e-3
done
read -r output < <(errors vulkan:0 f16 "$ROOT/crates/pipeline/models/digits")
at_most "f16, digits: error of the output" "$output" 2e-2
refused "a second card" "(found: vulkan:0" \
    "$ANCESTRAL" sample -n 1 --steps 1 --device vulkan:1 -o "$WORK/never.npy"
refused "bf16" "does not compute in it" \
    "$ANCESTRAL" sample -n 1 --steps 1 --device vulkan --precision bf16 -o "$WORK/never.npy"

steps=(train digits --steps 20 --batch 8 --preview-every 0 --checkpoint-every 0)
for device in cpu vulkan; do
    timed "$ANCESTRAL" "${steps[@]}" --device "$device" -o "$WORK/$device" --quiet
    say "20 steps of 8 digits and the samples at their end on $device: $SECONDS_TAKEN s"
done
at_most "20 training steps: difference of the loss, over the loss" \
    "$("$ANCESTRAL_PYTHON" "$TOOLS/devices.py" losses "$WORK/cpu" "$WORK/vulkan")" 1e-3
refused "training in f16" "--precision: f16 is for sampling" \
    "$ANCESTRAL" "${steps[@]}" --device vulkan --precision f16 -o "$WORK/never"

for device in cpu vulkan; do
    "$ANCESTRAL" sample -n 8 --steps 20 --device "$device" -o "$WORK/$device.npy" 2>"$WORK/notes.txt"
done
expect "the note says that it is software" grep -q "note: vulkan:0 is software" "$WORK/notes.txt"
expect_not "kernels are kept: nothing is said of compiling them again" \
    grep -q "compile and measure" "$WORK/notes.txt"
at_most "8 digits in 20 steps: largest difference from the CPU's, values in [-1, 1]" \
    "$("$ANCESTRAL_PYTHON" "$TOOLS/devices.py" samples "$WORK/cpu.npy" "$WORK/vulkan.npy")" 1e-3
# Ten samples as 4, 4 and 2: the last call has the rows of the others.
"$ANCESTRAL" sample -n 10 --batch 4 --steps 5 --device vulkan --quiet -o "$WORK/by4.npy"
"$ANCESTRAL" sample -n 10 --steps 5 --quiet -o "$WORK/of-cpu.npy"
at_most "10 digits by batches of 4: largest difference from the CPU's" \
    "$("$ANCESTRAL_PYTHON" "$TOOLS/devices.py" samples "$WORK/of-cpu.npy" "$WORK/by4.npy")" 1e-3
finish

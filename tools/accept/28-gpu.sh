#!/usr/bin/env bash
# A card beside the CPU and beside PyTorch on the same card: errors, trainings, images a second, and how
# the time is spent. In less than 10 minutes from programs that are built before:
#
#   cargo build --release -p ancestral-cli -p ancestral-nn \
#       --features ancestral-cli/cuda,ancestral-nn/cuda --bin ancestral --example device   # or wgpu, metal
#   ANCESTRAL=…/ancestral DEVICE_CHECK=…/examples/device ANCESTRAL_PYTHON=… bash tools/accept/28-gpu.sh
#
#   DEVICE     the card, as `ancestral inspect devices` lists it [default: the first that is no software]
#   BATCH      rows of the network of CIFAR-10's size [128]
source "$(dirname "$0")/lib.sh"
need_device_program "${FEATURES:-cuda}"
need_python
export XDG_CACHE_HOME=$WORK/caches
bench=$ROOT/tools/bench
batch=${BATCH:-128}

"$ANCESTRAL" inspect devices | tee "$WORK/devices.txt" | sed 's/^/      /'
device=${DEVICE:-$(awk '$2 ~ /^(discrete|integrated|virtual)$/ { print $1; exit }' "$WORK/devices.txt")}
if [[ -z $device ]]; then
    echo "SKIP  $RUN_NAME: no card here"
    FINISHED=yes
    exit 0
fi
# CUDA computes f32 in tf32 where that is faster, which has 10 bits of mantissa.
limit=1e-4 loss_limit=1e-3
[[ $device == cuda* ]] && limit=5e-3 loss_limit=1e-2

digits=$ROOT/crates/pipeline/models/digits
"$ANCESTRAL_PYTHON" "$bench/forward.py" make "$WORK/cifar10" cifar10 >/dev/null 2>&1

check() { # ARGUMENTS: what the check prints, shown and kept
    "$DEVICE_CHECK" "$@" | tee "$WORK/check.txt" | sed 's/^/      /'
}
error() { awk -v what="$1" '$1 == what { print $4 }' "$WORK/check.txt"; }

for network in "$digits 64" "blocks 8" "$WORK/cifar10 $batch"; do
    read -r model rows <<<"$network"
    say "$(basename "$model"), $rows rows, f32"
    timed check "$device" "$model" "$rows" 10
    at_most "$(basename "$model"): error of the output" "$(error output)" "$limit"
    # A convolution's weights get sums over all rows and positions.
    at_most "$(basename "$model"): error of the gradients" "$(error gradients)" \
        "$(awk -v l="$limit" 'BEGIN { print 10 * l }')"
    say "with the compilation of its kernels: $SECONDS_TAKEN s"
done
for precision in bf16 f16; do
    say "cifar10, $batch rows, $precision"
    if check "$device" "$precision" "$WORK/cifar10" "$batch" 10; then
        at_most "cifar10, $precision: error of the output" "$(error output)" 2e-2
    fi
done

# 100 steps of training, on both.
steps=(train digits --steps 100 --preview-every 0 --checkpoint-every 0 --quiet)
for where in cpu "$device"; do
    timed "$ANCESTRAL" "${steps[@]}" --device "$where" -o "$WORK/run-$where"
    say "100 training steps of digits and the samples at their end on $where: $SECONDS_TAKEN s"
done
at_most "100 training steps: difference of the loss, over the loss" \
    "$("$ANCESTRAL_PYTHON" "$TOOLS/devices.py" losses "$WORK/run-cpu" "$WORK/run-$device")" "$loss_limit"

# Images a second from start to exit, the second time, when kernels are kept.
sample=(sample "$WORK/cifar10" -n "$batch" --batch "$batch" --steps 20 --quiet --force -o)
for run in first second; do
    timed "$ANCESTRAL" "${sample[@]}" "$WORK/on-device.npy" --device "$device"
    say "$batch pictures in 20 steps on $device, the $run time: $SECONDS_TAKEN s," \
        "$(awk -v n="$batch" -v s="$SECONDS_TAKEN" 'BEGIN { printf "%.1f", n / s }') images a second"
done

# How the time is spent: the kernels of a few calls, as the library measures them.
profile=$WORK/profile.log
CUBECL_DEBUG_OPTION=profile-medium CUBECL_DEBUG_LOG=$profile \
    "$DEVICE_CHECK" "$device" "$WORK/cifar10" "$batch" 5 >/dev/null 2>&1 || true
if [[ -s $profile ]]; then
    say "kernels of that network:"
    grep -m 40 . "$profile" | cut -c1-120 | sed 's/^/      /'
fi

# PyTorch on the same card.
if [[ $device == cuda* ]] || "$ANCESTRAL_PYTHON" -c 'import torch; exit(not torch.cuda.is_available())'; then
    "$ANCESTRAL_PYTHON" "$bench/gpu.py" --seconds 5 "$digits:64" "$WORK/cifar10:$batch" | sed 's/^/      /'
fi
finish

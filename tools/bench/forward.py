"""How long one forward pass of a UNet2DModel takes on two threads of the CPU: PyTorch, ONNX
Runtime, OpenVINO and, beside them, ours.

    pip install torch==2.15.0 diffusers==0.42.1 onnx==1.23.2 onnxscript==0.7.2 \
        onnxruntime==1.32.0 openvino==2026.4.1
    python tools/bench/forward.py make FOLDER cifar10|grey|digits|fashion
    python tools/bench/forward.py FOLDER [--batch 1 8] [--rounds 7] [--tries 5] \
        [--ours "CMD"] [--only NAME ...]

CMD is target/release/examples/forward, which `cargo build --release -p ancestral-cpu --example
forward` makes, with RAYON_NUM_THREADS=2 in the environment if there are more cores.

`make` writes a folder of the shape a pipeline saves: cifar10 has the architecture of
google/ddpm-cifar10-32 (random weights), grey is a network of 1.6 million weights for grey
pictures of 32 × 32, fashion the one that `train` makes for pictures of 28 × 28, digits is a copy of the
built-in model.

Everything gets the same weights, and every other library the same pictures and the same time steps (and
class label 10, where the network knows classes). All run in turn, round after round, on two threads
kept to two cores: in each round a contender warms up with one pass, then takes the median of a few.
A turn in which other programs had more than a twentieth of the cores is repeated, up to --tries
times; the calmest counts. The table has, over the rounds, the median, the least and the spread
(greatest less least, over the median), how the median compares with that of the fastest other library in
fp32, and the most of the cores that others had in a turn that counts; and how far the output is off
that of PyTorch, over its greatest value: in fp32 at most 1e-4. bf16 is there for information.
Graphs are exported and compiled for one batch size, and torch.compile freezes the weights, as
someone who serves one model would.

On a CPU with AMX tiles ours is run in bf16 as well, as CMD bf16 …; its ratio is the one to OpenVINO in
bf16.

CMD FOLDER BATCH PASSES INPUT OUTPUT is run once a round and prints one number: the median of PASSES
passes, after one for warming up, in milliseconds. It reads the pictures from INPUT and writes what
it computes to OUTPUT, both little-endian f32.
"""

import argparse
import contextlib
import logging
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

THREADS = 2
CORES = sorted(os.sched_getaffinity(0))[:THREADS]
os.sched_setaffinity(0, CORES)
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

ROOT = Path(__file__).parents[2]
KINDS = {
    "cifar10": {
        "sample_size": 32, "block_out_channels": (128, 256, 256, 256), "layers_per_block": 2,
        "norm_num_groups": 32, "norm_eps": 1e-6, "downsample_padding": 0,
        "flip_sin_to_cos": False, "freq_shift": 1, "attention_head_dim": None,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    },
    "grey": {
        "sample_size": 32, "in_channels": 1, "out_channels": 1, "block_out_channels": (32, 64, 64),
        "layers_per_block": 2, "norm_num_groups": 8,
        "down_block_types": ("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    },
    "fashion": {
        "sample_size": 28, "in_channels": 1, "out_channels": 1,
        "block_out_channels": (64, 128, 128), "layers_per_block": 1, "norm_num_groups": 8,
        "num_class_embeds": 11,
        "down_block_types": ("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    },
}
CLASS = 10
TOLERANCE = 1e-4
QUIET = 0.05


def make(folder, kind):
    if kind == "digits":
        shutil.copytree(ROOT / "crates/pipeline/models/digits", folder)
        return
    torch.manual_seed(0)
    network = UNet2DModel(**KINDS[kind]).eval()
    DDPMPipeline(network, DDPMScheduler()).save_pretrained(folder)


class Network(torch.nn.Module):
    """What is exported: tensors in, a tensor out."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, x, t, labels=None):
        return self.unet(x, t, class_labels=labels, return_dict=False)[0]


def load(folder):
    folder = Path(folder)
    folder = folder / "unet" if (folder / "unet").is_dir() else folder
    unet = UNet2DModel.from_pretrained(folder, local_files_only=True, low_cpu_mem_usage=False)
    return Network(unet.eval())


def inputs(network, batch):
    config = network.unet.config
    size = config.sample_size
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, config.in_channels, height, width), np.float32)
    given = [torch.from_numpy(x), torch.full((batch,), 500)]
    if config.num_class_embeds:
        given.append(torch.full((batch,), CLASS))
    return given


def pytorch(folder, batch, channels_last=False, dtype=torch.float32, compiled=False):
    network = load(folder).to(dtype)
    given = inputs(network, batch)
    given[0] = given[0].to(dtype)
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
        given[0] = given[0].to(memory_format=torch.channels_last)
    if compiled:
        torch._dynamo.reset()
        network = torch.compile(network, dynamic=False, options={"freezing": True})

    def run():
        with torch.no_grad():
            return network(*given).float().numpy()

    return run


def onnx(folder, batch):
    import onnxruntime

    network = load(folder)
    given = inputs(network, batch)
    names = ["x", "t", "labels"][: len(given)]
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/network.onnx"
        with contextlib.redirect_stdout(None):
            torch.onnx.export(network, tuple(given), path, input_names=names, dynamo=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {name: value.numpy() for name, value in zip(names, given)}
    return lambda: session.run(None, feed)[0]


def openvino(folder, batch, precision="f32"):
    import openvino as ov

    network = load(folder)
    given = inputs(network, batch)
    with torch.no_grad():
        graph = ov.convert_model(
            network, example_input=tuple(given), input=[list(value.shape) for value in given]
        )
    settings = {
        "INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
    }
    request = ov.Core().compile_model(graph, "CPU", settings).create_infer_request()
    feed = [value.numpy() for value in given]
    return lambda: request.infer(feed, share_inputs=True)[0].astype(np.float32)


FIRST = "PyTorch"
LIBRARIES = {
    FIRST: pytorch,
    "PyTorch channels-last": lambda *at: pytorch(*at, channels_last=True),
    "torch.compile": lambda *at: pytorch(*at, channels_last=True, compiled=True),
    "ONNX Runtime": onnx,
    "OpenVINO": openvino,
    "PyTorch bf16": lambda *at: pytorch(*at, channels_last=True, dtype=torch.bfloat16),
    "OpenVINO bf16": lambda *at: openvino(*at, precision="bf16"),
}


def clock(run, passes):
    run()
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def has_tiles():
    with contextlib.suppress(OSError):
        return {"amx_tile", "amx_bf16"} <= set(Path("/proc/cpuinfo").read_text().split())
    return False


class Ours:
    """The program of ours that is run for each turn, and what it wrote in the first."""

    def __init__(self, command, folder, given, passes):
        self.scratch = tempfile.TemporaryDirectory()
        self.given = given[0].numpy()
        files = [f"{self.scratch.name}/{name}" for name in ["input", "output"]]
        self.given.tofile(files[0])
        self.command = [*shlex.split(command), str(folder), str(len(self.given)), str(passes), *files]

    def time(self):
        told = subprocess.run(self.command, check=True, text=True, stdout=subprocess.PIPE).stdout
        return float(told)

    def output(self):
        return np.fromfile(self.command[-1], "<f4")


def busy():
    """Seconds that anyone has kept our cores busy, and that we have."""
    cores = {f"cpu{core}" for core in CORES}
    rows = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    ticks = [sum(map(int, row[1:9])) - int(row[4]) - int(row[5]) for row in rows if row[0] in cores]
    return sum(ticks) / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])


def turn(measure, most):
    """What `measure` finds, and the share of the cores that others had meanwhile."""
    tries = []
    while True:
        # Threads that spin for a while after their last task would slow down the next.
        time.sleep(0.05)
        start, (all_before, own_before) = time.perf_counter(), busy()
        found = measure()
        took, (all_after, own_after) = time.perf_counter() - start, busy()
        others = (all_after - all_before) - (own_after - own_before)
        tries.append((max(0.0, others / took / len(CORES)), found))
        if tries[-1][0] <= QUIET or len(tries) >= most:
            others, found = min(tries)
            return found, others
        time.sleep(1)


def compare(folder, batch, rounds, tries, ours, only):
    runs, away, ok = {}, {}, True
    for name, build in LIBRARIES.items():
        if name != FIRST and only and name not in only:
            continue
        try:
            run = build(folder, batch)
            got = np.array(run())
        except Exception as error:
            if name == FIRST:
                raise
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            print(f"{name}: left out ({reason[:150]})", flush=True)
            continue
        runs[name] = run
        if name == FIRST:
            wanted = got
        away[name] = float(np.abs(got - wanted).max() / np.abs(wanted).max())
        if not away[name] <= TOLERANCE and "bf16" not in name:
            ok = False

    # About a third of a second a turn.
    first, _ = turn(lambda: clock(runs[FIRST], 2), tries)
    passes = max(2, min(50, round(300 / first)))
    times = {name: [] for name in runs}
    programs = {"ours": ours, "ours bf16": f"{ours} bf16" if has_tiles() else None} if ours else {}
    for name, command in programs.items():
        if not command:
            print(f"{name}: left out (no AMX on this machine)", flush=True)
            continue
        program = Ours(command, folder, inputs(load(folder), batch), passes)
        program.time()
        away[name] = float(np.abs(program.output() - wanted.ravel()).max() / np.abs(wanted).max())
        ok = ok and (away[name] <= TOLERANCE or "bf16" in name)
        times[name], programs[name] = [], program
    disturbed = dict.fromkeys(times, 0.0)
    for _ in range(rounds):
        for name, seen in times.items():
            if name in programs:
                found, others = turn(programs[name].time, tries)
            else:
                found, others = turn(lambda: clock(runs[name], passes), tries)
            seen.append(found)
            disturbed[name] = max(disturbed[name], others)

    middle = {name: statistics.median(seen) for name, seen in times.items()}
    best = min(at for name, at in middle.items() if name not in programs and "bf16" not in name)
    print(f"\nbatch {batch}: {rounds} rounds of {passes} passes\n")
    print(f"{'':22}{'median ms':>11}{'min ms':>10}{'spread':>8}{'ms/image':>10}{'ratio':>7}"
          f"{'others':>8}{'off':>10}")
    for name, seen in times.items():
        spread = (max(seen) - min(seen)) / middle[name]
        over = middle.get("OpenVINO bf16", best) if name == "ours bf16" else best
        print(f"{name:22}{middle[name]:11.2f}{min(seen):10.2f}{spread:8.1%}"
              f"{middle[name] / batch:10.3f}{middle[name] / over:7.2f}"
              f"{disturbed[name]:8.0%}{away[name]:10.1e}", flush=True)
    return ok


def processor():
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown processor"


def versions():
    from importlib.metadata import PackageNotFoundError, version

    for name in ["torch", "diffusers", "onnx", "onnxscript", "onnxruntime", "openvino"]:
        with contextlib.suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"


def main():
    if sys.argv[1:2] == ["make"]:
        make(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tries", type=int, default=5, help="of a turn that others disturb")
    parser.add_argument("--ours", help="run as CMD FOLDER BATCH PASSES INPUT OUTPUT")
    parser.add_argument("--only", nargs="+", choices=LIBRARIES, help="beside PyTorch")
    args = parser.parse_args()

    warnings.filterwarnings("ignore")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.set_num_threads(THREADS)
    weights = sum(p.numel() for p in load(args.folder).parameters())
    print(f"{processor()}, {THREADS} threads; {', '.join(versions())}")
    print(f"{args.folder.name}: {weights} weights")
    agree = [
        compare(args.folder, n, args.rounds, args.tries, args.ours, args.only) for n in args.batch
    ]
    if not all(agree):
        sys.exit(f"outputs in fp32 differ by more than {TOLERANCE} of the greatest")


main()

"""Starts two trainings in one run folder at random moments, and ends the first at a random one.

    python one_run_folder.py PROGRAM RUN PAIRS SEED ARGUMENTS…

Of each pair the first begins a run in RUN (with ARGUMENTS) or resumes it; the second, up to half a
second later, begins, replaces (--force) or resumes a run in the same folder. The first is killed,
interrupted, or its terminal is closed. Prints a line a pair, and exits with 1 if ever

- both wrote: neither was refused with exit code 2, before one of them had ended;
- a refusal did not name the process that held the folder, or something was refused for another
  reason;
- the log is not one of steps 1, 2, 3, … without a gap, or the run could not be resumed.
"""

import json
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

SIGNALS = [signal.SIGKILL, signal.SIGINT, signal.SIGHUP]


def start(program, arguments):
    return subprocess.Popen([program, "train", "--quiet", *arguments], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def wait_until_it_writes(process, run):
    """Until a checkpoint is there: from then on the run can be resumed."""
    while not list(run.glob("checkpoints/step-*")):
        if process.poll() is not None:
            sys.exit(f"ended with {process.returncode}: {process.stderr.read()}")
        time.sleep(0.005)


def steps(run):
    """Of the log, but for a last line that was being written when a process was killed."""
    lines = (run / "log.jsonl").read_text().split("\n")[:-1]
    return [json.loads(line)["step"] for line in lines]


def pair(program, run, begin, rng):
    is_there = bool(list(run.glob("checkpoints/step-*")))
    first = start(program, ["--resume", str(run)] if is_there else begin)
    if not is_there and rng.random() < 0.5:
        wait_until_it_writes(first, run)
    time.sleep(0.5 * rng.random())
    how = rng.choice(["--resume", "begin", "--force"])
    second = start(program, {"--resume": ["--resume", str(run)], "begin": begin,
                             "--force": [*begin, "--force"]}[how])
    # Whichever was there first goes on; the other ends by itself.
    began = time.time()
    while first.poll() is None and second.poll() is None and time.time() - began < 20:
        time.sleep(0.005)
    ended, other = (first, second) if first.poll() is not None else (second, first)
    if ended.poll() is None:
        first.kill(), second.kill()
        sys.exit("both go on in one folder")
    said = ended.stderr.read()
    named = re.search(r"run folder .*: (process (\d+)|another process) is writing to it", said)
    fine = ended.returncode == 2 and (
        named is not None and named[2] in (str(other.pid), None)
        # The second may have come before the first had anything to resume or to replace.
        or "no run folder" in said or "no checkpoint in" in said or "already exists" in said)
    if not fine:
        other.kill()
        sys.exit(f"{how}: one ended with {ended.returncode}: {said}")
    wait_until_it_writes(other, run)
    time.sleep(0.5 * rng.random())
    end = rng.choice(SIGNALS)
    other.send_signal(end)
    other.wait()
    log = steps(run)
    if log != list(range(1, len(log) + 1)):
        sys.exit(f"the log has the steps {log}")
    print(f"{how:9} refused ({'by its lock' if named else 'for what is there'}), "
          f"then {end.name} after step {log[-1] if log else 0}", flush=True)
    return named is not None


def main(program, run, pairs, seed, begin):
    rng, run = random.Random(int(seed)), pathlib.Path(run)
    by_lock = sum(pair(program, run, [*begin, "-o", str(run)], rng) for _ in range(int(pairs)))
    print(f"refused by the lock: {by_lock}")


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    main(*sys.argv[1:5], sys.argv[5:])

"""Reads how much memory a training takes on the way, in kB, and then ends it.

    python memory.py STEPS RUN COMMAND…

STEPS is a list as 40,500; RUN is the run folder, whose log tells the step (it is written out every
20 steps). Prints for each the resident size, the median over the 20 steps from there on: within a
step it moves by more than from step to step. Then the same of what is the process's own, without
pages of files.
"""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path


def main(steps, run, command):
    log, sizes, own = Path(run, "log.jsonl"), [], []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def done():
        if process.poll() is not None:
            sys.exit(f"ended with {process.returncode} before it was measured")
        time.sleep(0.004)
        return log.read_bytes().count(b"\n") if log.exists() else 0

    try:
        for step in map(int, steps.split(",")):
            readings = []
            while (at := done()) < step + 20:
                if at >= step:
                    status = Path("/proc", str(process.pid), "status").read_text()
                    of = lambda name: int(re.search(rf"{name}:\s+(\d+) kB", status)[1])
                    readings.append((of("VmRSS"), of("RssAnon")))
            sizes.append(round(statistics.median(total for total, _ in readings)))
            own.append(round(statistics.median(anonymous for _, anonymous in readings)))
    finally:
        process.kill()
        process.wait()
    print(*sizes, *own)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

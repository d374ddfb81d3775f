"""Reads how much memory a training takes on the way, in kB, and then ends it.

    python memory.py STEPS RUN COMMAND…

STEPS is a list as 40,500; RUN is the run folder, whose log tells the step (it is written out every
20 steps). Prints for each the largest resident size in the 20 steps from there on: within a step,
what it computes with is taken from the system and given back. Then the same of what is the
process's own, without pages of files, as far as it was seen at single moments.
"""

import re
import subprocess
import sys
import time
from pathlib import Path


def main(steps, run, command):
    log, sizes, own = Path(run, "log.jsonl"), [], []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    system = Path("/proc", str(process.pid))

    def done():
        if process.poll() is not None:
            sys.exit(f"ended with {process.returncode} before it was measured")
        time.sleep(0.001)
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def size(name):
        return int(re.search(rf"{name}:\s+(\d+) kB", (system / "status").read_text())[1])

    try:
        for step in map(int, steps.split(",")):
            while done() < step:
                pass
            (system / "clear_refs").write_text("5")  # the largest size is now the present one
            seen = [size("RssAnon")]
            while done() < step + 20:
                seen.append(size("RssAnon"))
            sizes.append(size("VmHWM"))
            own.append(max(seen))
    finally:
        process.kill()
        process.wait()
    print(*sizes, *own)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

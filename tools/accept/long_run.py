"""Watches a training for some minutes, and then ends it as Ctrl-C does.

    python long_run.py MINUTES RUN COMMAND…

RUN is the run folder, whose log tells the step. Each minute it reads how much memory is the process's
own, in kB, how much CPU time it has taken, and how many steps are done. Prints four figures: the
median of the memory over the second quarter of the minutes and over the last, and the CPU time of a
step, in milliseconds, over the same quarters. The first quarter is left out: buffers are taken then.
CPU time is what it has taken, whatever else the machine does.
"""

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def main(minutes, run, command):
    log = Path(run, "log.jsonl")
    readings = []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(minutes):
            time.sleep(60)
            if process.poll() is not None:
                sys.exit(f"ended with {process.returncode} after {len(readings)} minutes")
            status = Path("/proc", str(process.pid), "status").read_text()
            memory = int(re.search(r"RssAnon:\s+(\d+) kB", status)[1])
            fields = Path("/proc", str(process.pid), "stat").read_text().rsplit(")", 1)[1].split()
            seconds = (int(fields[11]) + int(fields[12])) / TICKS
            steps = log.read_bytes().count(b"\n")
            readings.append((memory, seconds, steps))
            print(f"{memory} kB, {seconds:.1f} s, {steps} steps", file=sys.stderr, flush=True)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
    quarter = len(readings) // 4
    parts = readings[quarter : 2 * quarter + 1], readings[-quarter - 1 :]
    memory = [round(statistics.median(reading[0] for reading in part)) for part in parts]
    cost = [(part[-1][1] - part[0][1]) / (part[-1][2] - part[0][2]) * 1e3 for part in parts]
    print(*memory, *(f"{value:.3f}" for value in cost))


main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])

"""Kills a rank of a command under mpirun, and looks at what the others do.

    python cluster.py SECONDS RANK PATTERN COMMAND…

Rank RANK is killed SECONDS after it runs and a file that PATTERN matches is there. Prints how many seconds later all
ranks had ended, the exit code, and yes or no: whether what was printed names the rank. Exits with 1 if the
command ended before.
"""

import glob
import os
import signal
import subprocess
import sys
import time


def ranks(parent):
    """The processes of the ranks, by their numbers."""
    found = {}
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat") as file:
                is_child = int(file.read().rpartition(")")[2].split()[1]) == parent
            with open(f"/proc/{entry}/environ", "rb") as file:
                variables = dict(v.split(b"=", 1) for v in file.read().split(b"\0") if b"=" in v)
        except (OSError, ValueError):
            continue
        number = variables.get(b"OMPI_COMM_WORLD_RANK")
        if is_child and number is not None:
            found[int(number)] = int(entry)
    return found


def runs(process):
    """Whether a process is there, and not only its exit code."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main(seconds, rank, pattern, command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as mpirun:
        while not glob.glob(pattern):
            if mpirun.poll() is not None:
                sys.exit(f"ended with {mpirun.returncode} before {pattern} was there:\n{mpirun.stdout.read()}")
            time.sleep(0.002)
        while rank not in ranks(mpirun.pid) and mpirun.poll() is None:
            time.sleep(0.02)
        time.sleep(float(seconds))
        all_ranks = ranks(mpirun.pid)
        if mpirun.poll() is not None or rank not in all_ranks:
            mpirun.kill()
            sys.exit(f"ended before it was killed:\n{mpirun.communicate()[0]}")
        began = time.monotonic()
        os.kill(all_ranks[rank], signal.SIGKILL)
        try:
            said = mpirun.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            mpirun.kill()
            said = mpirun.communicate()[0]
        while any(runs(process) for process in all_ranks.values()):
            time.sleep(0.005)
            if time.monotonic() - began > 60:
                break
        took = time.monotonic() - began
    names = "yes" if f"rank {rank} " in said else "no"
    print(f"{took:.2f} {mpirun.returncode} {names}")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])

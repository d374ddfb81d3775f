"""Runs a command and ends it with a signal at a given moment.

    python stop.py SIGNAL SECONDS PATTERN COMMAND…

The signal (INT, KILL, …) is sent SECONDS after a file that PATTERN matches is there, however early
the command was through with that. Prints the exit code, 128 and the signal for one that was killed.
Exits with 1 if the command ended before it.
"""

import glob
import signal
import subprocess
import sys
import time


def main(name, seconds, pattern, command):
    process = subprocess.Popen(command)
    while not glob.glob(pattern):
        if process.poll() is not None:
            sys.exit(f"ended with {process.returncode} before {pattern} was there")
        time.sleep(0.005)
    try:
        process.wait(float(seconds))
    except subprocess.TimeoutExpired:
        process.send_signal(getattr(signal, f"SIG{name}"))
    else:
        sys.exit(f"ended with {process.returncode} before the signal")
    code = process.wait()
    print(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:4], sys.argv[4:])

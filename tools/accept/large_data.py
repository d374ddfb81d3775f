"""For 21-large-data.sh.

    large_data.py make FOLDER COUNT     pictures of 32 x 32 in colour, as PNG files
    large_data.py measure COMMAND …     runs it; prints wall seconds, CPU seconds, and the most
                                        memory in MB
"""

import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 32


def some(folder, numbers):
    """Blobs of colour on a gradient: they compress as drawings do."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    for number in numbers:
        random = np.random.default_rng(number)
        picture = random.uniform(0, 255, 3) * x[..., None] + random.uniform(0, 255, 3) * (1 - x[..., None])
        for _ in range(3):
            centre, radius = random.uniform(0, 1, 2), random.uniform(0.05, 0.3)
            inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
            picture[inside] = random.uniform(0, 255, 3)
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"{number:06}.png", compress_level=1)


def make(folder, count):
    folder, count = Path(folder), int(count)
    folder.mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        parts = [range(start, min(start + 5000, count)) for start in range(0, count, 5000)]
        list(pool.map(some, [folder] * len(parts), parts))


def measure(*command):
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ})
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{time.monotonic() - start:.2f} {used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss / 1000:.0f}")


if __name__ == "__main__":
    {"make": make, "measure": measure}[sys.argv[1]](*sys.argv[2:])

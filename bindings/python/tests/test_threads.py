"""Other threads go on, Ctrl-C arrives, and a process can be forked after use."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest


def test_a_second_thread_goes_on(digits):
    counted, over = 0, threading.Event()

    def count():
        nonlocal counted
        while not over.is_set():
            counted += 1
            time.sleep(0.0001)

    thread = threading.Thread(target=count)
    thread.start()
    before = counted
    digits(count=256, batch=256, steps=20)
    during = counted - before
    over.set()
    thread.join()
    # One network call holds this many samples; with the lock held nothing would be counted.
    assert during > 20, during


def test_threads_draw_what_one_draws(digits):
    expected = [digits(count=16, steps=10, seed=seed).x for seed in range(4)]
    found = [None] * 4

    def draw(seed):
        found[seed] = digits(count=16, steps=10, seed=seed).x

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(os.name != "posix", reason="a signal of Unix")
@pytest.mark.parametrize(
    "work",
    [
        "pipeline(count=64, steps=1000)",
        "[step for step in pipeline.steps(count=64, steps=1000)]",
        "pipeline.invert(pipeline(count=64, steps=1).x, class_='3', steps=1000)",
        "ancestral.eval(pipeline, count=900, steps=1000)",
        "ancestral.sample(lambda x, t: x, (64, 3, 64, 64), sampler='ddim', steps=1000, "
        "callback=lambda step: started())",
        "ancestral.train('digits', FOLDER, steps=100000, callback=lambda *_: started())",
    ],
)
def test_ctrl_c_arrives_within_a_step(tmp_path, work):
    program = f"""
import ancestral, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background begin without it
FOLDER = {str(tmp_path / "run")!r}
def started():
    print("started", flush=True)
pipeline = ancestral.Pipeline.from_pretrained("digits")
pipeline(count=1, steps=1)
started()
try:
    {work}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n", process.stderr.read()
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert out.endswith("interrupted\n"), err
    assert process.returncode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("threads", [None, 1, 2])
def test_a_process_can_be_forked_after_use(threads, tmp_path):
    # In a process of its own: pytest's has other threads.
    program = f"""
import os, sys
import numpy as np
import ancestral
pipeline = ancestral.Pipeline.from_pretrained("digits", threads={threads})
expected = pipeline(count=4, steps=5).x
child = os.fork()
if child == 0:
    found = pipeline(count=4, steps=5).x
    os._exit(0 if (found == expected).all() else 1)
_, status = os.waitpid(child, 0)
assert (pipeline(count=4, steps=5).x == expected).all()
sys.exit(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], timeout=120, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

"""Many clients of `ancestral serve` beside one, their bytes, and the server's memory. Python alone.

    python tools/bench/serve.py load ANCESTRAL [MODEL] [--seconds 60] [--clients 32] [--body JSON]
    python tools/bench/serve.py hashes ANCESTRAL [MODEL] [--requests 500] [--most-steps 50]
    python tools/bench/serve.py memory ANCESTRAL [MODEL] [--minutes 10] [--clients 32]
    python tools/bench/serve.py alone ANCESTRAL [MODEL] [--requests 200] [--body JSON]

`load` prints the samples a second of one client whose requests follow one another, of `--clients` at
once, their ratio, and the median and the 99th percentile of the time of a request; then the same of a
server with `--rows 1`, where nothing is shared: the control. `hashes` sends random requests (samplers,
steps, classes, guidance, numbers of samples) at random times and compares the bytes of each with
those that `ancestral sample` writes. `memory` prints the resident memory of the server under load,
each minute. `alone` compares the time of a request with that of the same work inside the command.
Each ends with code 1 if a promise is broken: 2.5 times (1.5 with --least 1.5), other bytes, more than
5 % of growth from minute 1 on.
"""

import argparse
import hashlib
import json
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

BODY = '{"count": 1, "steps": 50, "sampler": "ddim"}'


class Server:
    """A server of a model on a free port."""

    def __init__(self, program, model, *flags):
        command = [program, "serve", *model, "--port", "0", "--quiet", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.address = ("127.0.0.1", int(re.search(r":(\d+)/", line)[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def memory(self):
        text = Path("/proc", str(self.process.pid), "status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1])


class Client:
    """One connection, whose requests follow one another."""

    def __init__(self, server, accept="application/x-npy"):
        self.socket = socket.create_connection(server.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accept = accept

    def post(self, body):
        head = (
            "POST /v1/samples HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Accept: {self.accept}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall((head + body).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.more()
        head, _, answer = answer.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])
        while len(answer) < length:
            answer += self.more()
        if b" 200 " not in head[:20]:
            raise RuntimeError(answer.decode())
        return answer

    def more(self):
        data = self.socket.recv(1 << 20)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def drawn(server, clients, seconds, body):
    """Samples a second, and the time of each request."""
    times, failed, end = [], [], time.monotonic() + seconds
    count = json.loads(body)["count"]

    def work(number):
        try:
            client, seed = Client(server), number << 32
            while time.monotonic() < end:
                began = time.monotonic()
                client.post(json.dumps(json.loads(body) | {"seed": seed}))
                times.append(time.monotonic() - began)
                seed += 1
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"FAIL  a request failed: {failed[0]}")
    return len(times) * count / (time.monotonic() - began), times


def load(args):
    is_kept = True
    for rows in ["64", "1"]:
        with Server(args.program, args.model, "--rows", rows) as server:
            drawn(server, 1, 1, args.body)
            alone, of_one = drawn(server, 1, args.seconds, args.body)
            shared, of_all = drawn(server, args.clients, args.seconds, args.body)
        print(f"--rows {rows}: one client {alone:.1f} samples/s, {args.clients} clients {shared:.1f}: {shared / alone:.2f} times")
        for name, times in [("one", of_one), (str(args.clients), of_all)]:
            median, late = statistics.median(times), percentile(times, 0.99)
            print(f"  {name}: p50 {1e3 * median:.1f} ms, p99 {1e3 * late:.1f} ms, {len(times)} requests")
        if rows == "64":
            is_kept = shared >= args.least * alone
    return is_kept


def random_request(chance, samplers, most_steps):
    request = {
        "seed": chance.randrange(1 << 64),
        "count": chance.randint(1, 6),
        "steps": chance.randint(2, most_steps),
        "sampler": chance.choice(samplers),
        "first": chance.choice([0, 0, chance.randrange(1000)]),
    }
    kind = chance.randrange(4)
    if kind == 0:
        request["class"] = str(chance.randrange(10))
    elif kind == 1:
        request["class"] = "none"
    elif kind == 2:
        request |= {"class": str(chance.randrange(10)), "guidance": chance.choice([0.5, 2, 3.5])}
    return request


def flags(request):
    names = {"count": "-n"}
    for name, value in request.items():
        yield from [names.get(name, f"--{name}"), str(value)]


def hashes(args):
    chance = random.Random(7)
    with Server(args.program, args.model) as server:
        text = subprocess.run([args.program, "sample", "--help"], capture_output=True, text=True).stdout
        samplers = re.findall(r"^ +- ([a-z0-9-]+) \(", text, re.M)
        has_classes = not args.model or args.model == ["digits"]
        requests = [random_request(chance, samplers, args.most_steps) for _ in range(args.requests)]
        if not has_classes:
            requests = [{k: v for k, v in r.items() if k not in ("class", "guidance")} for r in requests]
        found, turn = {}, threading.Lock()
        waiting = list(enumerate(requests))

        def work():
            client = Client(server)
            while True:
                with turn:
                    if not waiting:
                        return
                    number, request = waiting.pop()
                    pause = chance.random() * 0.05
                time.sleep(pause)
                found[number] = hashlib.sha256(client.post(json.dumps(request))).hexdigest()

        threads = [threading.Thread(target=work) for _ in range(args.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal = 0
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "x.npy")
        for number, request in enumerate(requests):
            command = [args.program, "sample", *args.model, "--quiet", "--force", "-o", out, *flags(request)]
            subprocess.run(command, check=True)
            if hashlib.sha256(out.read_bytes()).hexdigest() == found.get(number):
                equal += 1
            else:
                print("other bytes:", json.dumps(request))
    print(f"{equal} of {len(requests)} requests, with {len(samplers)} samplers, have the bytes of the command line")
    return equal == len(requests)


def memory(args):
    sizes = []
    with Server(args.program, args.model) as server:
        for minute in range(1, args.minutes + 1):
            drawn(server, args.clients, 60, args.body)
            sizes.append(server.memory())
            print(f"minute {minute}: {sizes[-1]} kB", flush=True)
    growth = 100 * (sizes[-1] / sizes[0] - 1)
    print(f"growth from minute 1 to {args.minutes}: {growth:.1f} %")
    return growth <= 5


# Pairs of a command and of requests.
ROUNDS = 7


def alone(args):
    """What a request takes more than its network calls and steps, which the server says itself."""
    settings, rounds, over = json.loads(args.body), [], []
    with Server(args.program, args.model) as server:
        client = Client(server, "application/json")
        for seed in range(args.requests):
            began = time.monotonic()
            answer = json.loads(client.post(json.dumps(settings | {"seed": seed})))
            over.append(1e3 * (time.monotonic() - began) - answer["milliseconds"])
    with tempfile.TemporaryDirectory() as folder, Server(args.program, args.model) as server:
        command = [args.program, "sample", *args.model, "--quiet", "--force", "-o", Path(folder, "x.npy")]
        client = Client(server)
        # In neighbouring pairs, as the machine's own pace changes by more than what is measured.
        for _ in range(ROUNDS):
            times = []
            # Two lengths of the same run: their difference is free of the start of the program.
            for count in [1, 201]:
                began = time.monotonic()
                subprocess.run([*command, *flags(settings | {"count": count, "batch": 1})], check=True)
                times.append(time.monotonic() - began)
            inside, took = 1e3 * (times[1] - times[0]) / 200, []
            for seed in range(args.requests):
                began = time.monotonic()
                client.post(json.dumps(settings | {"seed": seed}))
                took.append(1e3 * (time.monotonic() - began))
            rounds.append([statistics.median(took), inside])
    whole, inside = (statistics.median(column) for column in zip(*rounds))
    more = statistics.median(whole - inside for whole, inside in rounds)
    print(f"one request: {whole:.2f} ms; inside the command: {inside:.2f} ms; more: {more:.2f} ms")
    print("in each round:", *(f"{whole - inside:.2f}" for whole, inside in rounds))
    print(f"of that outside of the job: {statistics.median(over):.2f} ms")
    return more <= 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["load", "hashes", "memory", "alone"])
    parser.add_argument("program")
    parser.add_argument("model", nargs="*")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--requests", type=int, default=None)
    parser.add_argument("--most-steps", type=int, default=50)
    parser.add_argument("--least", type=float, default=2.5)
    parser.add_argument("--body", default=BODY)
    args = parser.parse_args()
    args.requests = args.requests or {"hashes": 500}.get(args.what, 200)
    if not globals()[args.what](args):
        sys.exit("FAIL")


main()

"""Clients that mean ill, against a server of the digits; others have to be served all the while.

    python hostile.py URL

Opens 10 000 connections and leaves them, sends headers and bodies byte by byte, vanishes in the middle of
streams, reads nothing of them. A probe draws a sample each second and prints the longest time that one took.
"""

import resource
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

CONNECTIONS, SECONDS = 10_000, 20

url = urlsplit(sys.argv[1])
address = (url.hostname, url.port)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 1000), hard))
end = time.monotonic() + SECONDS
took, failed = [], []


def head(method, path, length=0, accept="*/*"):
    return (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Accept: {accept}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    ).encode()


def whole(connection):
    data = b""
    while more := connection.recv(1 << 16):
        data += more
    return data


def probe():
    body = b'{"count": 1, "steps": 5}'
    while time.monotonic() < end + 2:
        began = time.monotonic()
        try:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(head("POST", "/v1/samples", len(body), "image/png") + body)
                answer = whole(connection)
            if not answer.startswith(b"HTTP/1.1 200"):
                failed.append(answer[:200])
        except OSError as error:
            failed.append(error)
        took.append(time.monotonic() - began)
        time.sleep(max(0, 1 - took[-1]))


def flood():
    open_ = []
    for _ in range(CONNECTIONS):
        try:
            open_.append(socket.create_connection(address, timeout=10))
        except OSError as error:
            failed.append(error)
            return
    time.sleep(max(0, end - time.monotonic()))


def drip(start):
    while time.monotonic() < end:
        try:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(start)
                while time.monotonic() < end:
                    connection.sendall(b"x")
                    time.sleep(0.2)
        except OSError:
            pass  # dropped, as it should be


def stream(is_read):
    body = b'{"count": 4, "steps": 20, "previews": 20}'
    while time.monotonic() < end:
        try:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(head("POST", "/v1/samples", len(body), "text/event-stream") + body)
                if is_read:
                    connection.recv(200)
                else:
                    time.sleep(1)
        except OSError:
            pass


works = [threading.Thread(target=probe), threading.Thread(target=flood)]
slow_header = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: "
slow_body = head("POST", "/v1/samples", 100_000)
for target, arguments in [(drip, [slow_header]), (drip, [slow_body]), (stream, [True]), (stream, [False])]:
    works += [threading.Thread(target=target, args=arguments) for _ in range(5)]
for work in works:
    work.start()
for work in works:
    work.join()
print(f"{len(took)} probes, the longest took {1e3 * max(took):.0f} ms, {len(failed)} failed {failed[:3]}")
sys.exit(bool(failed) or max(took) > 5)

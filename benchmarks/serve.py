"""Does `why128 serve` hold up?  10,000 requests at 50 connections on loopback: errors, times, memory.

    python -m benchmarks.serve MODEL [--requests N] [--connections N] [--record]

Each connection sends one picture (a PNG of the network's own size) after the other and waits for each answer, as patient
clients do.  Counted are answers that are not 200, or not the first one's; timed is every request, from its first byte
sent to its last byte read; memory is the server's resident set before and after a first thousand, and at the end.  How busy
the machine was with other things, and what a request costs the server of a core, are noted too: times say something of a
quiet machine only.
"""

import argparse
import asyncio
import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks import record
from PIL import Image

SLOWEST = 0.05  # seconds that 99 of 100 requests must stay under
WARM = 1000  # requests before memory is compared
GROWTH = 8_000_000  # bytes that are still called flat


async def client(port: int, request: bytes, count: int, found: list) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length, head
        body = await reader.readexactly(int(length[1]))
        found.append((time.perf_counter() - began, head[9:12], body))
    writer.close()


async def load(port: int, request: bytes, requests: int, connections: int) -> list:
    found: list = []
    await asyncio.gather(*(client(port, request, requests // connections, found) for _ in range(connections)))
    return found


def resident(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found, "the server has ended"
    return 1024 * int(found[1])


def worked(pid: int) -> float:
    """Seconds of a core that a process has taken."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    command = [sys.executable, "-m", "why128", "serve", given.model, "--port", "0", "--json"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        port = int(json.loads(server.stdout.readline())["address"].rsplit(":", 1)[1])
        picture = io.BytesIO()
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)).save(picture, "PNG")
        raw = picture.getvalue()
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: image/png\r\nContent-Length: {len(raw)}\r\n\r\n"
        request, before = head.encode() + raw, resident(server.pid)
        asyncio.run(load(port, request, WARM, given.connections))
        warm, core, busy = resident(server.pid), worked(server.pid), os.getloadavg()[0]
        began = time.perf_counter()
        found = asyncio.run(load(port, request, given.requests, given.connections))
        seconds, after, core = time.perf_counter() - began, resident(server.pid), worked(server.pid) - core
    finally:
        server.terminate()
        status = server.wait()
    times = np.array([taken for taken, _, _ in found])
    wrong = sum(code != b"200" or body != found[0][2] for _, code, body in found)
    quantiles = dict(zip(("p50", "p90", "p99", "max"), np.quantile(times, [0.5, 0.9, 0.99, 1]).tolist(), strict=True))
    figures = {
        "requests": len(found), "connections": given.connections, "wrong": wrong, "seconds": quantiles,
        "requests_per_second": len(found) / seconds, "status": status, "load_before": busy, "core_seconds_a_request": core / len(found),
        "resident": {"before": before, "after_1000": warm, "at_the_end": after},
    }  # fmt: skip
    print(json.dumps(figures))
    if given.record:
        record.write("serve", figures, ("starlette", "uvicorn", "numpy", "pillow"))
    assert not wrong
    assert status == 143
    assert quantiles["p99"] < SLOWEST
    assert after - warm < GROWTH


if __name__ == "__main__":
    main()

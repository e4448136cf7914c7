"""A server of its own process, and requests to it as bytes on a socket: nothing between the test and what is sent."""

import json
import re
import socket
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from why128.formats import keras_file
from why128.layers import Dense, Flatten, Input
from why128.network import Network

CLASSES = ("cat", "dog", "emu")
PATIENCE = 30


@pytest.fixture(scope="session")
def network():
    rng = np.random.default_rng(1)
    weights = [rng.normal(0, 0.1, shape).astype(np.float32) for shape in ((64, 5), (5,), (5, 3), (3,))]
    return Network((Input((8, 8)), Flatten(), Dense(5, "relu"), Dense(3, "softmax")), tuple(weights), CLASSES)


@pytest.fixture(scope="session")
def file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "net.keras"
    keras_file.save(network, path)
    return path


@dataclass(frozen=True)
class Heard:
    status: int
    headers: dict
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)


def read(connection):
    """One answer, as the server sent it."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return None
        got += more
    head, body = got.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return Heard(int(re.match(r"HTTP/1.1 (\d+)", lines[0])[1]), headers, body)


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen
    port: int
    token: str | None

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, raw):
        with self.connect() as connection:
            connection.sendall(raw)
            return read(connection)

    def ask(self, path="/predict", body=b"", method="POST", **headers):
        """A request as a client of ours would send it, but for these headers (None: without it)."""
        due = {"host": f"127.0.0.1:{self.port}", "content-length": str(len(body)), "content-type": "image/png"}
        due |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in due.items() if value is not None)
        return self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)


def start(file, *options, **environment):
    import os

    process = subprocess.Popen(
        [sys.executable, "-m", "why128", "serve", str(file), "--port", "0", "--json", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment,
    )  # fmt: skip
    said = json.loads(process.stdout.readline())
    return Server(process, int(said["address"].rsplit(":", 1)[1]), said["token"])


def stop(server):
    server.process.terminate()
    out, err = server.process.communicate(timeout=PATIENCE)
    return server.process.returncode, out, err


@pytest.fixture(scope="session")
def server(file):
    running = start(file)
    yield running
    status, out, err = stop(running)
    assert (status, out) == (143, ""), err
    assert "Traceback" not in err

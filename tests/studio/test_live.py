"""The studio's own process, asked over a socket: the same guard as `why128 serve`, and an end that loses nothing."""

import os
import signal
import socket

import pytest

from tests.browser.studios import Studio, pictures, waited
from tests.serve.conftest import read
from why128.studies.progress import standing


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    found = Studio(tmp_path_factory.mktemp("live"))
    yield found
    status, out, _ = found.stop()
    assert (status, out) == (143, "")


def sent(studio, raw):
    with socket.create_connection(("127.0.0.1", studio.port), timeout=30) as connection:
        connection.sendall(raw)
        return read(connection)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n", 200),
        ("GET /page/../app.py HTTP/1.1\r\nhost: {host}\r\ncookie: {key}\r\n\r\n", 404),
        ("GET /page/%2e%2e/app.py HTTP/1.1\r\nhost: {host}\r\ncookie: {key}\r\n\r\n", 404),
        ("GET /etc/passwd HTTP/1.1\r\nhost: {host}\r\ncookie: {key}\r\n\r\n", 404),
        ("GET /api/state HTTP/1.1\r\nhost: {host}\r\n\r\n", 401),
        (
            "POST /api/plan HTTP/1.1\r\nhost: {host}\r\ncookie: {key}\r\norigin: http://evil.example\r\ncontent-length: 2\r\n\r\n{{}}",
            403,
        ),
        ("POST /api/plan HTTP/1.1\r\nhost: {host}\r\ncookie: {key}\r\ncontent-length: 99999999\r\n\r\n", 413),
        (
            "POST /api/plan HTTP/1.1\r\nhost: {host}\r\ncookie: {key}\r\ncookie: {key}\r\ncontent-length: 2\r\n\r\n{{}}",
            400,
        ),
        ("POST /api/plan HTTP/1.1\r\nhost: {host}\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{{}}", 400),
        ("nonsense\r\n\r\n", 400),
        ("GET /{long} HTTP/1.1\r\nhost: {host}\r\n\r\n", 431),
    ],
)
def test_it_is_guarded_as_the_server_is(studio, raw, status):
    key = f"why128-{studio.port}={studio.open.split('key=')[1]}"
    text = raw.format(host=f"127.0.0.1:{studio.port}", key=key, long="x" * 20_000)
    assert sent(studio, text.encode()).status == status


def test_it_listens_on_this_machine_alone(studio):
    listening = [line.split()[1] for line in open_lines("/proc/net/tcp") if line.split()[3] == "0A"]
    assert f"0100007F:{studio.port:04X}" in listening


def open_lines(path):
    with open(path) as file:
        return file.readlines()[1:]


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_in_words_and_pauses_what_it_started(how, status, tmp_path):
    pictures(tmp_path / "stripes")
    studio = Studio(tmp_path)
    key = f"cookie: why128-{studio.port}={studio.open.split('key=')[1]}"
    body = f'{{"source": {{"data": "{tmp_path / "stripes"}"}}, "fields": {{"widths": "0,512", "epochs": "3000"}}}}'
    head = f"POST /api/studies/begin HTTP/1.1\r\nhost: 127.0.0.1:{studio.port}\r\n{key}\r\ncontent-length: {len(body)}\r\n\r\n"
    name = sent(studio, f"{head}{body}".encode()).document["study"]
    folder = tmp_path / "why128-studies" / name
    waited(lambda: (now := standing(folder)) is not None and now.share > 0)
    number = int((folder / "lock").read_text())
    ended, _, err = studio.stop(how)
    assert ended == status, err
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert list((folder / "checkpoints").glob("*.npz")), "where it stood"


def test_a_port_that_is_taken_is_said(studio, tmp_path):
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "why128", "studio", "--port", str(studio.port), "--no-browser"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 4
    assert (
        done.stderr.splitlines()[0]
        == f"why128: error: 127.0.0.1:{studio.port}: cannot listen here (Address already in use)"
    )

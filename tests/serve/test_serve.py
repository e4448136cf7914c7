"""`why128 serve`: what it answers, whom it refuses and with which words, and that it goes on answering."""

import base64
import io
import json
import os
import signal
import socket
import time

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import why128
from tests.serve.conftest import CLASSES, PATIENCE, read, start, stop
from why128.data.source import open_data
from why128.errors import InputRefused, SurroundingsError, UsageError, Why128Error
from why128.prediction import predict
from why128.serve import server as servers
from why128.serve.asked import _of_json
from why128.serve.guard import Door, is_loopback
from why128.serve.limits import Limits
from why128.serve.refusals import RequestRefused, refusal

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
SEE = "see /openapi.json"


def png(pixels=PIXELS):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def form(*files):
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n' % name + raw + b"\r\n"
        for name, raw in files
    ]
    return b"".join(parts) + b"--b--\r\n"


FORM = "multipart/form-data; boundary=b"
JSON = "application/json"


# ---------------------------------------------------------------- what it answers


def due(network, tmp_path):
    (tmp_path / "x.png").write_bytes(png())
    return dict(predict(network, tmp_path / "x.png").probabilities)


def test_every_way_of_asking_gets_the_answer_of_predict(server, network, tmp_path):
    expected = due(network, tmp_path)
    rows, coded = PIXELS.tolist(), base64.b64encode(png()).decode()
    asked = [
        server.ask(body=png()),
        server.ask(body=png(), content_type="application/octet-stream"),
        server.ask(body=png(), content_type="application/x-www-form-urlencoded"),
        server.ask(body=png(), content_type=None),
        server.ask(body=form((b"a.png", png()), (b"b.png", png())), content_type=FORM),
        server.ask(body=json.dumps({"image": rows}).encode(), content_type=JSON),
        server.ask(body=json.dumps({"images": [rows, coded]}).encode(), content_type=JSON),
    ]
    for heard in asked:
        assert heard.status == 200
        for each in heard.document["predictions"]:
            assert each["probabilities"] == expected
            assert each["label"] == max(expected, key=expected.get)
        assert heard.document["warnings"] == []
    assert [len(heard.document["predictions"]) for heard in asked] == [1, 1, 1, 1, 2, 1, 2]
    assert [each["file"] for each in asked[4].document["predictions"]] == ["a.png", "b.png"]


def test_what_a_person_should_know_is_in_the_answer(server):
    heard = server.ask(body=png(np.zeros((40, 8), np.uint8)))
    assert heard.status == 200
    assert "distorted" in heard.document["warnings"][0]


def test_a_large_picture_is_answered_too(server):
    assert server.ask(body=png(np.zeros((900, 900), np.uint8))).status == 200


def test_the_other_places(server):
    assert server.ask("/", method="GET").document["ask"] == "POST /predict"
    assert (
        server.ask("/health", method="GET").document == server.ask("/ready", method="GET").document == {"status": "ok"}
    )
    model = server.ask("/model", method="GET").document
    assert (model["classes"], model["image_shape"], model["parameters"]) == (list(CLASSES), [8, 8, 1], 343)
    text = server.ask("/metrics", method="GET").body.decode()
    assert 'why128_requests_total{status="200"}' in text
    assert "why128_request_seconds_count" in text
    described = server.ask("/openapi.json", method="GET").document
    own = {"/predict", "/", "/health", "/ready", "/model", "/metrics", "/openapi.json"}
    assert own <= set(described["paths"])
    assert all(path.startswith("/v2") for path in set(described["paths"]) - own)
    responses = described["paths"]["/predict"]["post"]["responses"]
    assert set(responses) == {str(code) for code in (200, 400, 401, 403, 408, 413, 415, 421, 422, 431, 500, 503)}
    assert set(responses) - set(described["paths"]["/health"]["get"]["responses"]) == {"415", "422"}
    assert described["paths"]["/predict"]["post"]["responses"]["200"]["content"][JSON]["schema"]["properties"][
        "predictions"
    ]


def test_training_s_evaluation_predict_and_the_server_agree_on_a_thousand_pictures(tmp_path):
    """The built-in sample's test pictures, as files: one label and the same probabilities by every door."""
    trained = why128(
        "train", "sample", "--epochs", "1", "--batch-size", "128", "--save", tmp_path / "net.keras", "--json"
    )
    assert trained.status == 0
    from why128.formats import keras_file

    network, images = keras_file.load(tmp_path / "net.keras"), open_data("sample").test.take(np.arange(1000))
    probabilities = network.probabilities(network.preparation.to_input(images.pixels))
    files = [png(picture[..., 0]) for picture in images.pixels]
    running = start(tmp_path / "net.keras")
    try:
        body = form(*((b"%d.png" % i, raw) for i, raw in enumerate(files)))
        heard = running.ask(body=body, content_type=FORM)
    finally:
        stop(running)
    served = np.array([list(each["probabilities"].values()) for each in heard.document["predictions"]], np.float32)
    assert served.shape == (1000, 10)
    assert np.abs(served - probabilities).max() < 2e-6, "one at a time, or all at once: the sums' last bits"
    for i in (0, 1, 500, 999):
        (tmp_path / "x.png").write_bytes(files[i])
        assert list(predict(network, tmp_path / "x.png").probabilities.values()) == served[i].tolist()
    assert (probabilities.argmax(1) == served.argmax(1)).all()


# ---------------------------------------------------------------- whom it refuses


def said(heard):
    return heard.status, heard.document["error"], heard.document["hint"]


def test_another_host_s_name_is_no_name_of_ours(server):
    mine = f"127.0.0.1:{server.port}"
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", f"127.0.0.1:{server.port + 1}", ""):
        heard = server.ask(host=host, body=png())
        assert said(heard) == (421, f"Host: expected {mine}, got '{host}'", "ask by the address that was printed")
        assert heard.headers["connection"] == "close"
    for name in ("localhost", "LOCALHOST", "[::1]"):
        assert server.ask(host=f"{name}:{server.port}", body=png()).status == 200


def test_what_decides_is_said_once(server):
    mine = f"127.0.0.1:{server.port}"
    for name, first, second in (("host", "evil.example", mine), ("origin", "http://evil.example", f"http://{mine}")):
        head = f"POST /predict HTTP/1.1\r\n{name}: {first}\r\n{name}: {second}\r\ncontent-length: 0\r\n\r\n"
        assert said(server.send(head.encode())) == (400, f"{name}: expected once, got it 2 times", None)
    assert server.ask("/health", method="GET", accept="a\r\naccept: b").status == 200, "what does not decide may be"


def test_what_comes_after_a_body_is_no_header(server):
    head = "POST /predict HTTP/1.1\r\nhost: evil.example\r\ntransfer-encoding: chunked\r\n\r\n"
    heard = server.send(f"{head}1\r\nx\r\n0\r\nhost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    assert heard.status == 421


def test_another_site_s_page_may_not_ask(server):
    mine = f"127.0.0.1:{server.port}"
    for origin in ("http://evil.example", "null", f"https://{mine}", "http://127.0.0.1:1", mine):
        expected = f"Origin: expected none, or http://{mine}, got '{origin}'"
        assert said(server.ask(origin=origin, body=png())) == (403, expected, None)
    heard = server.ask(sec_fetch_site="cross-site", body=png())
    assert said(heard) == (403, "Sec-Fetch-Site: expected same-origin or none, got 'cross-site'", None)
    assert server.ask(origin=f"http://{mine}", sec_fetch_site="same-origin", body=png()).status == 200
    assert "access-control-allow-origin" not in server.ask(body=png()).headers


@pytest.fixture(scope="module")
def far(file):
    """One that listens beyond loopback, with a token of its own."""
    running = start(file, "--host", "0.0.0.0", "--name", "box.local")
    yield running
    stop(running)


def test_beyond_loopback_a_token_is_needed(far):
    assert len(far.token) >= 24
    for given in (None, "Bearer wrong", far.token, f"Basic {far.token}", "Bearer \xff"):
        heard = far.ask(body=png(), authorization=given)
        assert said(heard) == (401, "Authorization: expected Bearer and the token that was printed", None)
        assert heard.headers["www-authenticate"] == "Bearer"
    assert far.ask(body=png(), authorization=f"Bearer {far.token}").status == 200
    assert far.ask(body=png(), authorization=f"Bearer {far.token}", host=f"box.local:{far.port}").status == 200
    proxied = {"host": "box.local", "origin": "https://box.local"}  # as a proxy with TLS passes them on
    assert far.ask(body=png(), authorization=f"Bearer {far.token}", **proxied).status == 200
    assert far.ask(body=png(), authorization=f"Bearer {far.token}", host="0.0.0.0").status == 421
    assert far.ask("/openapi.json", method="GET", authorization=f"Bearer {far.token}").document["security"]


def test_a_token_of_one_s_own(file):
    running = start(file, WHY128_TOKEN="0123456789abcdef")
    assert running.ask(body=png()).status == 401, "on loopback too, where one is asked for"
    assert running.ask(body=png(), authorization="Bearer 0123456789abcdef").status == 200
    stop(running)


def test_what_is_loopback():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.2", "example.org")))
    assert Door(("localhost",), 80).hosts == {"localhost", "localhost:80"}


# ---------------------------------------------------------------- what it refuses


ROWS = "image: expected 8 x 8 numbers (rows of pixels), got "
MANY = "images: expected at most 1,000 in a request, got more"
KEY = "body: expected one key, 'image', or 'images' with a list, got "
REFUSED = [
    (b"", {}, 400, "body: expected a picture, got 0 bytes", None),
    (b"hello", {}, 422, "body: not an image in one of the formats PNG, JPEG, WEBP, BMP, TIFF, GIF", None),
    (png()[:60], {}, 422, "body: corrupt or truncated: ", None),
    (b"x", {"content_type": "text/html"}, 415,
     "Content-Type: expected image/*, application/octet-stream, multipart/form-data or application/json, got 'text/html'", None),
    (b"{", {"content_type": JSON}, 400, "body: is not JSON: ", None),
    (b"[" * 100_000, {"content_type": JSON}, 400, "body: the JSON is nested too deep", None),
    (b'{"image": [[1e999]]}', {"content_type": JSON}, 400, "body: expected finite numbers, got 1e999", None),
    (b'{"image": [[NaN]]}', {"content_type": JSON}, 400, "body: expected finite numbers, got NaN", None),
    (b'{"image": -Infinity}', {"content_type": JSON}, 400, "body: expected finite numbers, got -Infinity", None),
    (b"null", {"content_type": JSON}, 422, "body: expected a JSON object, got null", None),
    (b'{"picture": 1}', {"content_type": JSON}, 422, f"{KEY}'picture'", None),
    (b"{}", {"content_type": JSON}, 422, f"{KEY}nothing", None),
    (b'{"images": []}', {"content_type": JSON}, 422, f"{KEY}'images'", None),
    (b'{"image": "/etc/passwd"}', {"content_type": JSON}, 422,
     "image: expected rows of numbers, or a picture file in base64, got another text", None),
    (b'{"image": [' + b",".join([b"[1, 2, 3, 4, 5, 6, 7, 8]"] * 7 + [b"[1]"]) + b"]}", {"content_type": JSON}, 422,
     f"{ROWS}rows of unequal lengths, or with other things among the numbers", None),
    (json.dumps({"image": [[1] * 8] * 7 + [[10**400] * 8]}).encode(), {"content_type": JSON}, 400,
     "image: expected numbers from 0 on, got one of hundreds of digits", None),
    (json.dumps({"image": base64.b64encode(b"hello").decode()}).encode(), {"content_type": JSON}, 422,
     "image: not an image in one of the formats PNG, JPEG, WEBP, BMP, TIFF, GIF", None),
    (b'{"image": "' + b"A" * 4_000_000 + b'"}', {"content_type": JSON}, 413,
     "body: expected at most 4,000,000 bytes of JSON, got more", "send pictures as files, or fewer"),
    (b'{"image": [["0"]]}', {"content_type": JSON}, 422, f"{ROWS}a list of other things", None),
    (b'{"image": [[0, 1]]}', {"content_type": JSON}, 422, f"{ROWS}1 x 2", None),
    (b'{"image": 3}', {"content_type": JSON}, 422, f"{ROWS}one number", None),
    (json.dumps({"image": (PIXELS.astype(float) - 300.0).tolist()}).encode(), {"content_type": JSON}, 422,
     f"image: expected whole numbers from 0 to 255, got from {int(PIXELS.min()) - 300:g} to {int(PIXELS.max()) - 300:g}", None),
    (json.dumps({"image": (PIXELS / 255).tolist()}).encode(), {"content_type": JSON}, 422,
     f"image: expected whole numbers from 0 to 255, got from {PIXELS.min() / 255:g} to {PIXELS.max() / 255:g}", None),
    (json.dumps({"images": [0, 1]}).encode(), {"content_type": JSON}, 422, "images[0]: expected 8 x 8 numbers", None),
    (json.dumps({"images": [0] * 1001}).encode(), {"content_type": JSON}, 413, MANY, "send several"),
    (form(), {"content_type": FORM}, 422, "form: expected at least one file, got none", None),
    (b"--b\r\nno", {"content_type": "multipart/form-data"}, 400, "form: Missing boundary in multipart.", None),
    (form((b"a.png", png())), {"content_type": f"{FORM}; charset=undefined"}, 400, "form: decoding with 'undefined' codec failed", None),
    (form((b"a.png", b"")), {"content_type": FORM}, 400, "a.png: expected a picture, got 0 bytes", None),
    (b"", {"path": "/nowhere"}, 404, "/nowhere: nothing is here", SEE),
    (b"", {"method": "GET"}, 405, "GET: expected POST at /predict", SEE),
    (b"", {"path": "/health"}, 405, "POST: expected GET at /health", SEE),
    (b"x" * 16_000_001, {}, 413, "body: expected at most 16,000,000 bytes, got more", "send fewer or smaller pictures"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "how", "status", "text", "hint"), REFUSED, ids=lambda v: str(v)[:30])
def test_a_request_that_cannot_be_answered(server, body, how, status, text, hint):
    try:
        heard = server.ask(body=body, **how)
    except (ConnectionResetError, BrokenPipeError):  # it did not wait for the rest
        assert status == 413
        return
    assert (heard.status, heard.document["hint"]) == (status, hint)
    assert heard.document["error"].startswith(text)
    assert server.ask(body=png()).status == 200, "and it goes on answering"


def test_too_many_pictures_in_a_request(server):
    for count in (1001, 1500):
        heard = server.ask(body=form(*[(b"a.png", png())] * count), content_type=FORM)
        assert said(heard) == (413, MANY, "send several")
    heard = server.ask(body=form(*[(b"a.png", png(np.zeros((4000, 4000), np.uint8)))] * 5), content_type=FORM)
    assert said(heard) == (413, "images: expected at most 64,000,000 pixels in a request, got more", "send several")


def test_a_bomb_is_too_large(server):
    bomb = png(np.zeros((1, 1), np.uint8)).replace(b"\0\0\0\1\0\0\0\1", b"\0\1\0\0\0\1\0\0", 1)
    heard = server.ask(body=bomb)
    assert heard.status in (413, 422)
    assert "65536 x 65536" in heard.document["error"] or "corrupt" in heard.document["error"]


def test_a_body_in_chunks_is_counted_too(server):
    head = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(300):
                connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
        except OSError:
            pass  # it is not waited for
        else:
            assert read(connection).status == 413
    assert server.ask(body=png()).status == 200


def test_a_client_that_leaves_in_the_middle_of_a_body():
    import asyncio

    from why128.serve.guard import Guard
    from why128.serve.metrics import Metrics

    sent, metrics = [], Metrics()

    async def left():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [(b"host", b"localhost:1")]}
    asyncio.run(Guard({}, Door(("localhost",), 1), Limits(), metrics)(scope, left, send))
    assert json.loads(sent[1]["body"])["error"] == "body: the connection was closed in the middle of it"
    assert metrics.statuses == {400: 1}


# ---------------------------------------------------------------- malformed, slow, too many


@pytest.mark.parametrize(
    "raw",
    [
        b"GET http://127.0.0.1/ HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\ncontent-length: 9\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n",
        b"BLAH\r\n\r\n",
        b"\0\1\2\3\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ],
)
def test_what_is_no_http(server, raw):
    heard = server.send(raw)
    assert said(heard) == (400, "request: expected HTTP/1.1, got something else", None)
    assert server.ask(body=png()).status == 200


def test_a_head_that_is_too_large(server):
    heard = server.send(b"GET / HTTP/1.1\r\nx: " + b"y" * 40_000)
    assert said(heard) == (431, "head: expected at most 16,384 bytes, got more", None)


@pytest.mark.parametrize("more", [b"5;x=" + b"y" * 40_000, b"0\r\nx: " + b"y" * 40_000], ids=["chunk", "trailer"])
def test_what_is_around_a_body_counts_as_its_head(server, more):
    head = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ntransfer-encoding: chunked\r\n\r\n"
    assert server.send(head.encode() + more).status == 431


def test_requests_may_come_before_the_answer_of_the_last(server):
    get = f"GET /health HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    body = png(np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8))
    head = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ncontent-length: {len(body)}\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(get + head.encode() + body[:99])
        assert read(connection).document == {"status": "ok"}
        connection.sendall(body[99:])
        assert read(connection).status == 200


@pytest.fixture
def impatient(file, monkeypatch):
    """A server whose patience ends at once, in a thread of this process."""
    import threading

    from why128.formats import keras_file

    made, real = [], servers.Server
    monkeypatch.setattr(servers, "Server", lambda *given: made.append(real(*given)) or made[0])
    told = []
    limits = Limits(
        header_seconds=0.3, body_seconds=0.3, idle_seconds=0.3, answer_seconds=2, connections=3, held=1_000_000
    )
    arguments = (keras_file.load(file), servers.Address(port=0), lambda *it: told.append(it), limits)
    thread = threading.Thread(target=servers.serve, args=arguments)
    thread.start()
    end = time.monotonic() + PATIENCE
    while not (made and made[0].started) and time.monotonic() < end:
        time.sleep(0.01)
    yield int(told[0][0].rsplit(":", 1)[1])
    made[0].should_exit = True
    thread.join(PATIENCE)


def test_slow_ones_are_given_up(impatient):
    head = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{impatient}\r\ncontent-length: 9\r\n"
    for raw, status, text in (
        (head, 408, "head: expected it within 0.3 s"),
        (f"{head}\r\n", 408, "body: expected it within 0.3 s"),
    ):
        with socket.create_connection(("127.0.0.1", impatient), timeout=PATIENCE) as connection:
            connection.sendall(raw.encode())
            assert said(read(connection)) == (status, text, None)
    with socket.create_connection(("127.0.0.1", impatient), timeout=PATIENCE) as connection:
        assert connection.recv(10) == b"", "who says nothing is left in silence"


def ask_and_never_listen(port):
    get = f"GET /openapi.json HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        for _ in range(10_000):
            connection.sendall(get * 20)
            time.sleep(0.001)


def test_who_does_not_take_the_answer_is_left(impatient):
    with pytest.raises(ConnectionError):  # and no time-out: the server would wait as long as we do
        ask_and_never_listen(impatient)


def test_bodies_are_bounded_together_too(impatient):
    head = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{impatient}\r\ncontent-length: 700000\r\n\r\n".encode()
    due = (503, "bodies: expected at most 1,000,000 bytes of all requests together, got more", "ask again")
    for _ in range(2):  # what was held is given back
        first, second = (socket.create_connection(("127.0.0.1", impatient), timeout=PATIENCE) for _ in range(2))
        with first, second:
            first.sendall(head + bytes(600_000))
            time.sleep(0.1)
            second.sendall(head + bytes(450_000))
            assert said(read(second)) == due
            assert read(first).status == 408


def test_too_many_at_once(impatient):
    held = [socket.create_connection(("127.0.0.1", impatient), timeout=PATIENCE) for _ in range(6)]
    get = f"GET /health HTTP/1.1\r\nhost: 127.0.0.1:{impatient}\r\n\r\n".encode()
    held[-1].sendall(get)
    heard = read(held[-1])
    assert said(heard) == (503, "connections: expected at most 3 at once, got more", "ask again")
    assert heard.headers["retry-after"] == "1"
    held[0].sendall(get)
    assert read(held[0]).status == 200, "who was there first is answered"
    more = [socket.create_connection(("127.0.0.1", impatient), timeout=PATIENCE) for _ in range(6)]
    try:
        more[-1].sendall(get)
        assert more[-1].recv(1) == b"", "still more are left without a word"
    except ConnectionError:
        pass
    for connection in held + more:
        connection.close()
    time.sleep(0.5)
    with socket.create_connection(("127.0.0.1", impatient), timeout=PATIENCE) as connection:
        connection.sendall(f"GET /health HTTP/1.1\r\nhost: 127.0.0.1:{impatient}\r\n\r\n".encode())
        assert read(connection).status == 200


# ---------------------------------------------------------------- beginning and end


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_soon_also_with_a_connection_open(file, number, status):
    running = start(file)
    with running.connect() as idle:
        idle.sendall(b"GET / HT")
        began = time.monotonic()
        running.process.send_signal(number)
        _, err = running.process.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < 5
    assert running.process.returncode == status
    assert "Traceback" not in err


def test_a_port_that_is_taken(file, server):
    found = why128("serve", file, "--port", server.port)
    assert found.status == SurroundingsError.status
    assert found.err.splitlines() == [
        f"why128: error: 127.0.0.1:{server.port}: cannot listen here (Address already in use)",
        "why128: hint: choose another port with --port, or 0 for any that is free",
    ]


def test_an_address_that_is_none(file):
    found = why128("serve", file, "--host", "no such host")
    assert found.status == UsageError.status
    assert found.err.startswith(
        "why128: error: --host: expected an address of this machine such as 127.0.0.1, got 'no such host' ("
    )


def test_a_port_that_is_none(file):
    assert why128("serve", file, "--port", "70000").err == "why128: error: --port: expected 0 to 65535, got 70000\n"


def test_a_token_that_can_be_guessed(file, monkeypatch):
    monkeypatch.setenv("WHY128_TOKEN", "secret")
    assert (
        why128("serve", file).err
        == "why128: error: WHY128_TOKEN: expected at least 16 plain characters, got 6, or others\n"
    )


def test_a_model_that_is_none(tmp_path):
    (tmp_path / "x.keras").write_text("mine")
    assert why128("serve", tmp_path / "x.keras").status == InputRefused.status


def test_it_says_where_it_serves(file):
    import subprocess
    import sys

    command = [sys.executable, "-m", "why128", "serve", str(file), "--port", "0", "--host", "0.0.0.0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "WHY128_TOKEN": ""})
    first, second = process.stderr.readline(), process.stderr.readline()
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert first.startswith(f"why128: serving {file} at http://0.0.0.0:")
    assert second.startswith("why128: token: ")


def test_faults_keep_their_inside_to_themselves():
    heard = refusal(ZeroDivisionError("secret"))
    assert (heard.status_code, json.loads(heard.body)["error"]) == (
        500,
        "a fault of ours; the server's own output says more",
    )
    assert refusal(SurroundingsError("no memory")).status_code == 503
    assert refusal(Why128Error("x")).status_code == 500


def test_networks_that_learned_shares_take_shares(network):
    from dataclasses import replace

    from why128.network import Preparation

    shares = replace(network, preparation=Preparation("gray", (0.0, 1.0)))
    (asked,) = _of_json(json.dumps({"image": (PIXELS / 255).tolist()}).encode(), shares, Limits())
    assert asked.answered().label in CLASSES
    with pytest.raises(RequestRefused, match="image: expected shares from 0 to 1, got from "):
        _of_json(json.dumps({"image": PIXELS.tolist()}).encode(), shares, Limits())


# ---------------------------------------------------------------- bombs, and the end while one is at work


def test_a_text_among_numbers_takes_no_room(server):
    """NumPy would make every number as long as the longest text: here 190 GB."""
    rows = [[0] * 8] * 7 + [["x" * 3_000_000] + [0] * 7]
    heard = server.ask(body=json.dumps({"image": rows}).encode(), content_type=JSON)
    assert heard.status == 422


def test_a_key_that_is_there_twice_is_found_at_once(server):
    body = "{" + ",".join(f'"{i}": 0' for i in range(100_000)) + ', "99999": 0}'
    began = time.monotonic()
    heard = server.ask(body=body.encode(), content_type=JSON)
    assert said(heard) == (400, "body: the JSON cannot be taken: the key '99999' is there twice", None)
    assert time.monotonic() - began < 20, "it was minutes"


def test_a_large_picture_keeps_no_other_waiting():
    from why128.data.pictures import PictureBytes, pillow_quiet

    with pillow_quiet:  # as while another thread decodes
        import threading

        read = threading.Thread(target=lambda: PictureBytes.of(png(), "x"), daemon=True)
        read.start()
        read.join(PATIENCE)
        assert not read.is_alive()


def test_workers_give_what_work_gives_or_raises():
    import asyncio

    from why128.serve.workers import Workers

    async def two():
        workers = Workers(1)
        assert await workers.do(lambda: 128) == 128
        with pytest.raises(ZeroDivisionError):
            await workers.do(lambda: 1 // 0)

    asyncio.run(two())


def test_the_end_does_not_wait_for_a_decoder(file, tmp_path):
    """Work that lasts a minute is answered 503, and the process is gone within 5 seconds."""
    import subprocess
    import sys

    script = tmp_path / "slow.py"
    script.write_text(
        "import time\n"
        "from why128.serve import asked\n"
        "asked.answer = lambda *_: (print('at work', flush=True), time.sleep(60))\n"
        "asked.LIGHT = 0\n"
        "from why128.serve import app\n"
        "app.LIGHT = 0\n"
        "from why128.cli.main import main\n"
        f"main(['serve', {str(file)!r}, '--port', '0', '--json'])\n"
    )
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    port = int(json.loads(process.stdout.readline())["address"].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        head = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {len(png())}\r\n\r\n"
        connection.sendall(head.encode() + png())
        assert process.stdout.readline() == "at work\n"
        began = time.monotonic()
        process.terminate()
        assert said(read(connection)) == (503, "stopped: the server has ended", None)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, time.monotonic() - began < 5) == (143, True)
    assert "Traceback" not in err

"""Downloads from a server on this machine: what was published is kept; anything else is refused, and nothing of it stays."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.data import making
from tests.data.making import X, Y
from why128.data import download
from why128.data.catalogue import Download, KnownSet
from why128.data.download import download_all, fetch
from why128.errors import SurroundingsError

HINT = "try again with a network, or put its files into {}; the built-in sample needs neither"


class Publisher(BaseHTTPRequestHandler):
    """Gives `body` as any file; or leads on to `to`, when it is given."""

    body, to, asked = b"", "", 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(302 if self.to else 200)
        if self.to:
            self.send_header("Location", self.to)
        self.end_headers()  # no length: one that is said may lie, so that only what arrives is counted
        if not self.to:
            self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[type[Publisher], KnownSet]]:
    """A server, and the set `mnist` as if it were published there."""
    body = making.npz_file(tmp_path / "made.npz", x_train=X, y_train=Y).read_bytes()
    handler = type("Handler", (Publisher,), {"body": body, "to": "", "asked": 0})
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}/"
        files = {"mnist.npz": hashlib.sha256(body).hexdigest()}
        one = KnownSet("mnist", "", tuple("0123456789"), (), Download(base, files))
        monkeypatch.setattr("why128.data.download.known", lambda: (one,))
        yield handler, one
        server.shutdown()


def left(tmp_path: Path) -> list[str]:
    """The files in the cache."""
    return [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def refused(chosen: KnownSet, tmp_path: Path) -> str:
    """Why the set is refused; nothing may be left of it."""
    with pytest.raises(SurroundingsError) as caught:
        fetch("mnist")
    folder = tmp_path / "cache" / "why128" / "mnist"
    assert caught.value.hint == HINT.format(folder)
    assert left(tmp_path) == []
    assert chosen.download is not None
    start = f"mnist: it is not on this machine, and from {chosen.download.base}mnist.npz "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


def test_what_was_published_is_kept_and_asked_for_once(publisher, tmp_path: Path) -> None:
    handler, _ = publisher
    for _ in range(2):
        assert fetch("mnist").read_bytes() == handler.body
    assert handler.asked == 1
    assert left(tmp_path) == ["mnist.npz"]


@pytest.mark.parametrize(
    "change", [lambda body: body[:-1], lambda body: body + b"\0", lambda body: b"\0" + body[1:], lambda _: b""]
)
def test_another_body_is_refused(change, publisher, tmp_path: Path) -> None:
    handler, chosen = publisher
    handler.body = change(handler.body)
    assert refused(chosen, tmp_path) == "what arrived is not what was published (its SHA-256 differs)"


def test_a_body_without_end_is_refused(publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, chosen = publisher
    monkeypatch.setattr(download, "MOST", len(handler.body))
    assert fetch("mnist").exists()
    (tmp_path / "cache" / "why128" / "mnist" / "mnist.npz").unlink()
    monkeypatch.setattr(download, "MOST", len(handler.body) - 1)
    words = f"nothing is taken: more than {len(handler.body) - 1:,} bytes arrive, the limit for one file"
    assert refused(chosen, tmp_path) == words


def test_only_https_is_followed(publisher, tmp_path: Path) -> None:
    handler, chosen = publisher
    handler.to = "http://127.0.0.1:9/elsewhere"
    words = "nothing is taken: it leads on to http://127.0.0.1:9/elsewhere, expected HTTPS"
    assert refused(chosen, tmp_path) == words
    handler.to = chosen.download.base.replace("http:", "https:") + "mnist.npz"  # there nobody speaks TLS
    assert refused(chosen, tmp_path).startswith("it cannot be downloaded: SSLError: ")


def test_a_place_that_leads_on_for_ever(publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, chosen = publisher
    handler.to = "/again"
    monkeypatch.setattr(download, "SECURE", "http://")
    assert refused(chosen, tmp_path) == "nothing is taken: it leads on more than 3 times"
    assert handler.asked == 4


def test_a_place_without_the_file(publisher, tmp_path: Path) -> None:
    handler, chosen = publisher
    handler.do_GET = lambda self: self.send_error(404)
    assert refused(chosen, tmp_path).startswith("it cannot be downloaded: HTTPError: 404 ")


def test_a_second_file_that_is_refused_leaves_the_first(publisher, tmp_path: Path) -> None:
    """Each file is checked by itself, so that what was kept is as it was published."""
    handler, chosen = publisher
    good = hashlib.sha256(handler.body).hexdigest()
    two = KnownSet("two", "", (), (), Download(chosen.download.base, {"a": good, "b": "0" * 64}))
    with pytest.raises(SurroundingsError, match="its SHA-256 differs"):
        download_all(two, tmp_path / "cache" / "two")
    assert left(tmp_path) == ["a"]

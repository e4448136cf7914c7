"""What `why128 studio` says when it listens, and when it opens a browser."""

import webbrowser

import pytest

from tests.cli.conftest import why128
from why128.cli import studio

WITH_KEY = "http://127.0.0.1:8129/?key=k"


@pytest.fixture
def opened(monkeypatch):
    """Addresses that a browser was opened with, at once and in this thread."""

    class Now:
        def __init__(self, target, args, daemon):
            self.start = lambda: target(*args)

    found = []
    monkeypatch.setattr(studio.threading, "Thread", Now)
    monkeypatch.setattr(webbrowser, "open", found.append)
    monkeypatch.setattr("why128.studio.running.run", lambda named, port, tell: tell("http://127.0.0.1:8129/", WITH_KEY))
    return found


def test_it_says_where_it_is_and_opens_the_page(opened, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    said = why128("studio")
    assert said.err == f"why128: the studio is at {WITH_KEY}   (stop with Ctrl-C)\n"
    assert opened == [WITH_KEY]


def test_no_browser_is_opened_where_none_is_wanted_or_can_be_seen(opened, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    why128("studio", "--no-browser")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(studio.sys, "platform", "linux")
    why128("studio")
    assert opened == []


def test_the_studies_of_the_studio_have_every_core(opened, monkeypatch):
    monkeypatch.delenv(studio.THREADS, raising=False)
    why128("studio", "--no-browser")
    assert studio.THREADS not in studio.os.environ

"""`why128 studio`: the local web page."""

from __future__ import annotations

import os
import sys
import threading

import click

from why128.cli.output import document, json_option, say
from why128.cli.serve import MOST_PORT
from why128.errors import UsageError

PORT = 8129
THREADS = "OPENBLAS_NUM_THREADS"


@click.command(epilog="Example: why128 studio   or   why128 studio why128-studies/sample-1")
@click.argument("named", metavar="[STUDY_OR_MODEL]", required=False, type=click.Path())
@click.option("--port", type=int, default=PORT, show_default=True, help="Port to listen on; 0 is any that is free.")
@click.option("--no-browser", is_flag=True, help="Do not open the page; say where it is.")
@json_option
def command(named, port, no_browser, as_json):
    """A web page on this machine: drop pictures on it, watch a study, look at its neurons, try the network, take it along.

    It shows the studies in why128-studies/ and works without a network.  Only who has the key in its address can use it; stop it
    with Ctrl-C: what runs is paused, and nothing is lost.
    """
    if not 0 <= port <= MOST_PORT:
        raise UsageError(f"--port: expected 0 to {MOST_PORT}, got {port}")
    _import_for_one_core()
    from why128.studio.running import run

    def tell(address: str, with_key: str) -> None:
        if as_json:
            document({"address": address, "open": with_key, "studies": os.path.join(os.getcwd(), "why128-studies")})
        else:
            say(f"why128: the studio is at {with_key}   (stop with Ctrl-C)")
        if not no_browser and _has_screen():
            threading.Thread(target=_open, args=(with_key,), daemon=True).start()

    run(named, port, tell)


def _import_for_one_core():
    """NumPy, for a server that answers one picture at a time; what the studio starts has all cores, as it would have alone."""
    before = os.environ.get(THREADS)
    os.environ.setdefault(THREADS, "1")
    import numpy  # noqa: F401

    if before is None:
        del os.environ[THREADS]


def _has_screen():
    """Whether a browser would have a window: on Linux without one, Python would start a browser in this terminal."""
    return not sys.platform.startswith("linux") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _open(address):
    import webbrowser

    webbrowser.open(address)

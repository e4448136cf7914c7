"""What SIGINT and SIGTERM become: exceptions of our own, which end a command with its state saved and a status."""

from __future__ import annotations

import signal
from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143


class Terminated(BaseException):
    """SIGTERM arrived."""


class Interrupted(KeyboardInterrupt):
    """SIGINT arrived: Ctrl-C.

    Not a plain KeyboardInterrupt: where Python meets one while it executes a text, as it does to make a dataclass, `python
    -m` ends itself by the signal, whatever exit status it is given.
    """


def listen() -> None:
    """From now on signals are raised; but a job in the background, which is deaf to Ctrl-C, stays so."""
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def ignore() -> None:
    """On the way out: a second Ctrl-C changes nothing of that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _terminate(*_: object) -> NoReturn:
    raise Terminated


def _interrupt(*_: object) -> NoReturn:
    raise Interrupted

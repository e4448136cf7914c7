"""What can be refused, and with which exit status.

Every mistake that a user can make raises one of these four; a face (command line, web page) shows
`str(error)` and `error.hint` and needs to know nothing else.  A message has four parts: what happened, what was
expected, what was given, and (the hint) what to do next.  `assert` elsewhere is for our own invariants only.
"""

from __future__ import annotations

SHOWN = 160  # characters of outside text that a message quotes: enough to recognise it, too few to flood a terminal


class Why128Error(Exception):
    """The root of all refusals; raised itself only for a fault of ours (exit status 1)."""

    status = 1

    def __init__(self, message: str, *, hint: str | None = None):
        super().__init__(message)
        self.hint = hint


class UsageError(Why128Error, ValueError):
    """Wrong usage: an argument, an option or an order of calls that cannot mean anything (exit status 2)."""

    status = 2


class InputRefused(Why128Error, ValueError):
    """The input is refused: data, picture, network or study (exit status 3).  Nothing was changed."""

    status = 3


class SurroundingsError(Why128Error, OSError):
    """The surroundings refuse: disk, permission, lock, memory, network (exit status 4)."""

    status = 4

    def __str__(self) -> str:  # OSError would show its arguments in its own way
        return str(self.args[0])


class DataWarning(UserWarning):
    """Data that was accepted, but read in a way that a person should know about."""


def shown(outside: object, limit: int = SHOWN) -> str:
    """Text from outside, made safe to print on one line: control characters escaped, the middle of a long one cut.

    >>> shown("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    text = str(outside)
    if len(text) > limit:
        text = text[:limit] + text[-limit:]  # the rest is not shown, and may be megabytes
    raw = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)
    if len(raw) <= limit:
        return raw
    return f"{raw[: limit // 2]}…{raw[-(limit // 2) :]}"

"""What a server bears: every number that bounds a request, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most that one request, or all of them together, may take."""

    body: int = 16_000_000  # bytes: a large photograph, or a thousand small pictures
    images: int = 1000  # in a request: more are better sent in several, which others can come between
    header_seconds: float = 10.0  # for a request's head, from the connection's beginning or the last answer
    body_seconds: float = 20.0  # for its body: 16 MB over a slow line
    connections: int = 256  # at once: each costs a few kB, and a file number
    head: int = 16_384  # bytes of a request's head
    idle_seconds: float = 15.0  # that a connection may wait for its next request

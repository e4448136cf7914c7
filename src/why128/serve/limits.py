"""What a server bears: every number that bounds a request, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most that one request, or all of them together, may take."""

    body: int = 16_000_000  # bytes: a large photograph, or a thousand small pictures
    json: int = 4_000_000  # bytes of it as JSON: reading them takes half a second, in which nobody else is answered
    held: int = 256_000_000  # bytes of all bodies together: what a small machine can spare
    pixels: int = 64_000_000  # in a request: as much as in one picture, a second or two of decoding
    images: int = 1000  # in a request: more are better sent in several, which others can come between
    header_seconds: float = 10.0  # for a request's head, from the connection's beginning or the last answer
    body_seconds: float = 20.0  # for its body: 16 MB over a slow line
    answer_seconds: float = 60.0  # for its answer to be found and taken: a client that does not read is left
    connections: int = 256  # at once: each costs a few kB, and a file number; as many more are told that it is full
    head: int = 16_384  # bytes of a request's head
    idle_seconds: float = 15.0  # that a connection may wait for its next request

"""Listening: uvicorn on a socket of ours, with patience that ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from why128.errors import SurroundingsError, UsageError, shown
from why128.network import Network
from why128.serve.app import MODEL, application
from why128.serve.guard import LOCAL, Door, Guard, is_loopback
from why128.serve.limits import Limits

WAITING = 128  # connections that the system holds before they are accepted
FINISHING = 3  # seconds that requests under way get at the end
TOKEN = 24  # bytes of chance


class Patient(HttpToolsProtocol):
    """HTTP, in which a request's head must be small, and all must come, and be taken, in time.

    A timer runs at every moment of a connection: for the head, the body, the answer, and until the next request.
    """

    guard: Guard
    _late: asyncio.TimerHandle | None = None
    _head = 0  # bytes since the last answer that are no body (heads, frames of chunks, trailers), less as many as are

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        self.limits = self.guard.limits
        if len(self.connections) > 2 * self.limits.connections:
            transport.abort()
        elif len(self.connections) > self.limits.connections:
            self.app = self.guard.crowded
        self._wait(self.limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._head > self.limits.head:
            self._say(431, f"head: expected at most {self.limits.head:,} bytes, got more")

    def on_headers_complete(self) -> None:
        if not self.url.startswith(b"/"):
            raise ValueError  # it is for a proxy
        if self.parser.should_upgrade() and {b"content-length", b"transfer-encoding"} & dict(self.headers).keys():
            raise ValueError  # its body would be left to another protocol by the parser
        super().on_headers_complete()
        self.headers = []  # what comes after a body (trailers) are no headers
        if not self.pipeline:
            self._wait(self.limits.body_seconds)

    def on_body(self, body: bytes) -> None:
        self._head -= 2 * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if not self.pipeline:
            self._wait(self.limits.answer_seconds)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._head = 0
        if self.cycle.response_complete:
            self._wait(self.limits.idle_seconds)
        else:  # the next one is here already, or in part
            self._wait(self.limits.body_seconds if self.cycle.more_body else self.limits.answer_seconds)

    def send_400_response(self, msg: str) -> None:
        """As the rest of the server refuses: in JSON."""
        self._say(400, "request: expected HTTP/1.1, got something else")

    def _wait(self, seconds: float | None) -> None:
        """What is awaited must come within this time; None: nothing is."""
        if self._late is not None:
            self._late.cancel()
        self._late = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        asked = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing() or (asked and not self.cycle.more_body):
            self.transport.abort()  # the answer is not taken, or not found
        elif asked:
            self._say(408, f"body: expected it within {self.limits.body_seconds:g} s")
        elif self._head:
            self._say(408, f"head: expected it within {self.limits.header_seconds:g} s")
        else:
            self.transport.close()  # it has nothing to ask

    def _say(self, status: int, text: str) -> None:
        if self.transport.is_closing():
            return
        body = f'{{"error":"{text}","hint":null}}'
        phrase = HTTPStatus(status).phrase
        head = f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.guard.metrics.statuses[status] += 1
        self.transport.write(f"{head}{body}".encode())
        self.transport.close()
        self._wait(self.limits.idle_seconds)


@dataclass(frozen=True)
class Address:
    """Where to listen, and by which other names one may ask."""

    host: str = "127.0.0.1"
    port: int = 8128
    names: tuple[str, ...] = ()
    token: str | None = None
    model: str = MODEL  # its name, to clients of the Open Inference Protocol


def serve(
    network: Network, address: Address, tell: Callable[[str, str | None], None], limits: Limits | None = None
) -> None:
    """Answer for a network until a signal comes; `tell` hears the address and the token, once it listens.

    Beyond loopback a token is needed: where none is given, one is made.  Raises SurroundingsError where the port is
    taken or not allowed, UsageError for an address that is none.
    """
    limits = limits or Limits()
    with bound(address) as listening:
        door = _door(address, listening.getsockname()[1])
        guard = application(network, door, limits, address.model)
        tell(f"http://{_name(address.host)}:{door.port}", door.token)
        listen(guard, listening, limits)


def _door(address: Address, port: int) -> Door:
    token = address.token or (None if is_loopback(address.host) else secrets.token_urlsafe(TOKEN))
    names = (*LOCAL, _name(address.host), *address.names) if address.host else LOCAL
    proxied = tuple(name.lower() for name in address.names)
    return Door(tuple(dict.fromkeys(name.lower() for name in names)), port, token, proxied=proxied)


def listen(guard: Guard, listening: socket.socket, limits: Limits, stopping: Callable[[], None] | None = None) -> None:
    """Answer on a socket until a signal comes; then `stopping` is called, before requests under way are waited for."""
    protocol = type("Patient", (Patient,), {"guard": guard})
    config = uvicorn.Config(
        guard, http=protocol, loop="uvloop", ws="none", lifespan="off", log_config=None, access_log=False,
        timeout_keep_alive=int(limits.idle_seconds) + 1, backlog=WAITING, timeout_graceful_shutdown=FINISHING,
        server_header=False, proxy_headers=False,
    )  # fmt: skip
    for library in ("uvicorn.error", "python_multipart"):
        logging.getLogger(library).setLevel(logging.ERROR)  # what is refused is said to who asked
    gc.collect()
    gc.freeze()  # what is loaded stays: looking through it again and again would be a pause of many requests
    Server(config, stopping).run(sockets=[listening])


class Server(uvicorn.Server):
    """uvicorn's, which says when it begins to stop."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None] | None = None):
        super().__init__(config)
        self.stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.stopping is not None:
            self.stopping()
        await super().shutdown(sockets)


def _name(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def bound(address: Address) -> socket.socket:
    """A socket that listens there; raises UsageError for an address that is none, SurroundingsError where it is taken."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as fault:
        raise UsageError(
            f"--host: expected an address of this machine such as 127.0.0.1, got '{shown(address.host)}' ({shown(fault)})"
        ) from None
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(WAITING)
    except OSError as fault:
        listening.close()
        raise SurroundingsError(
            f"{shown(address.host)}:{address.port}: cannot listen here ({fault.strerror or shown(fault)})",
            hint="choose another port with --port, or 0 for any that is free",
        ) from None
    return listening

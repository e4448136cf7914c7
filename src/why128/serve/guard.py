"""Who may ask, and how much: everything that is decided about a request before it is read.

A page that a person happens to visit can send requests to this machine; what stops it is the Host (a name that was
rebound to 127.0.0.1 is not ours), the Origin, and, beyond loopback, the token.  A body is counted while it comes in, and
what is too large is never held.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from why128.errors import Why128Error, shown
from why128.serve.limits import Limits
from why128.serve.metrics import Metrics
from why128.serve.refusals import RequestRefused, refusal

ONCE = (
    b"host",
    b"origin",
    b"sec-fetch-site",
    b"authorization",
    b"content-type",
    b"cookie",
)  # two would be two readings
LOCAL = ("localhost", "127.0.0.1", "[::1]")
AGAIN = {"retry-after": "1"}  # seconds: what is in the way is done by then, or given up
OURS = ("same-origin", "none")  # what a browser says of requests that our own page, or a person, has made


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Door:
    """Where the server can be asked for, and by whom."""

    names: tuple[str, ...]  # hosts by which it may be called, without the port
    port: int
    token: str | None = None  # none is needed on loopback
    public: frozenset[str] = frozenset()  # paths that need no token: they tell nothing of anyone
    cookie: str | None = None  # by which name a browser may bring it; and, once, in an address, as `key`
    proxied: tuple[str, ...] = ()  # hosts, as a proxy before it may name them: of any port, and perhaps over TLS

    @cached_property
    def hosts(self) -> set[str]:
        """What a Host may be."""
        return (
            {f"{name}:{self.port}" for name in self.names}
            | set(self.proxied)
            | (set(self.names) if self.port == 80 else set())
        )


@dataclass(frozen=True)
class Call:
    """A request that may be answered, read whole."""

    method: str
    path: str
    headers: Mapping[str, str]  # lower case
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Call], Awaitable[Response]]


def always(document: dict[str, Any]) -> Answer:
    """Answers with this, whatever is asked."""

    async def answer(call: Call) -> Response:
        return JSONResponse(document)

    return answer


Routes = Mapping[str, tuple[str, Answer]]  # by path: the one method, and what answers


class Guard:
    """The application: answers what it should, refuses the rest, and counts both."""

    def __init__(self, routes: Routes, door: Door, limits: Limits, metrics: Metrics, hint: str = "see /openapi.json"):
        self.routes, self.door, self.limits, self.metrics = routes, door, limits, metrics
        self.hint = hint  # for who asks what is not here
        self.held = 0  # bytes of bodies, of all requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, body = time.perf_counter(), None
        try:
            headers = _headers(scope)
            query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
            self._check(scope["method"], headers)
            if self.door.token is not None and scope["path"] not in self.door.public:
                self._check_token(headers, query, self.door.token)
            body = await self._body(headers, receive)
            response = await self._answer(Call(scope["method"], scope["path"], headers, body, query))
        except asyncio.CancelledError:  # the server ends, and has waited long enough
            response = refusal(
                RequestRefused(503, "stopped: the server has ended", headers=AGAIN | {"connection": "close"})
            )
        except Exception as fault:
            if not isinstance(fault, RequestRefused | Why128Error):
                traceback.print_exc(file=sys.stderr)
            response = refusal(fault)
            if body is None:
                response.headers["connection"] = "close"  # what is left of its body is not waited for
        finally:
            self.held -= len(body or b"")
        self.metrics.count(response.status_code, time.perf_counter() - began)
        await response(scope, receive, send)

    async def crowded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is answered on a connection that is one too many."""
        text = f"connections: expected at most {self.limits.connections} at once, got more"
        response = refusal(RequestRefused(503, text, "ask again", AGAIN | {"connection": "close"}))
        self.metrics.count(response.status_code, 0.0)
        await response(scope, receive, send)

    async def _answer(self, call: Call) -> Response:
        due, answer = self.routes.get(call.path, ("", None))
        if answer is None:
            raise RequestRefused(404, f"{shown(call.path)}: nothing is here", self.hint)
        if call.method != due and (call.method, due) != ("HEAD", "GET"):
            refused = f"{shown(call.method)}: expected {due} at {call.path}"
            raise RequestRefused(405, refused, self.hint, {"allow": due})
        return await answer(call)

    def _check(self, method: str, headers: Mapping[str, str]) -> None:
        """Raises RequestRefused for who may not ask."""
        host = headers.get("host", "").lower()
        if host not in self.door.hosts:
            due = sorted(self.door.hosts)[0]
            raise RequestRefused(
                421, f"Host: expected {due}, got '{shown(host)}'", "ask by the address that was printed"
            )
        origin = headers.get("origin")
        ours = {f"http://{host}"} | ({f"https://{host}"} if host in self.door.proxied else set())
        if origin is not None and origin not in ours:
            raise RequestRefused(403, f"Origin: expected none, or http://{host}, got '{shown(origin)}'")
        site = headers.get("sec-fetch-site", "none")
        if site not in OURS and method not in ("GET", "HEAD"):
            raise RequestRefused(403, f"Sec-Fetch-Site: expected same-origin or none, got '{shown(site)}'")

    def _check_token(self, headers: Mapping[str, str], query: Mapping[str, str], token: str) -> None:
        """Raises RequestRefused for who has not got it."""
        due, given = "Authorization: expected Bearer and the token that was printed", [headers.get("authorization", "")]
        if self.door.cookie is not None:
            due = "key: expected the address with the key that was printed"
            pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
            cookies = [value for name, _, value in pairs if name == self.door.cookie]
            given += [f"Bearer {one}" for one in (*cookies, query.get("key", ""))]
        if not any(hmac.compare_digest(one.encode("utf-8", "replace"), f"Bearer {token}".encode()) for one in given):
            raise RequestRefused(401, due, headers={"www-authenticate": "Bearer"})

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        """The whole body; raises RequestRefused where it is too large.  (How long it may take, server.py sees to.)"""
        announced, most = headers.get("content-length"), self.limits.body
        too_large = f"body: expected at most {most:,} bytes, got more"
        if announced is not None and int(announced) > most:  # that it is a number, the parser has seen to
            raise RequestRefused(413, too_large, "send fewer or smaller pictures")
        body, more = bytearray(), True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestRefused(400, "body: the connection was closed in the middle of it")
                part, more = message.get("body", b""), message.get("more_body", False)
                body += part
                self.held += len(part)
                if len(body) > most:
                    raise RequestRefused(413, too_large, "send fewer or smaller pictures")
                if self.held > self.limits.held:
                    text = f"bodies: expected at most {self.limits.held:,} bytes of all requests together, got more"
                    raise RequestRefused(503, text, "ask again", AGAIN)
        except BaseException:
            self.held -= len(body)
            raise
        return bytes(body)


def _headers(scope: Scope) -> dict[str, str]:
    """What was said, by name; raises RequestRefused where what decides was said twice."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if len(headers) < len(scope["headers"]):
        names = [name for name, _ in scope["headers"]]
        for name in ONCE:
            if names.count(name) > 1:
                raise RequestRefused(400, f"{name.decode()}: expected once, got it {names.count(name)} times")
    return headers

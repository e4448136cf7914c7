"""Reading what the page sends: JSON objects, checked before anything is done with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from why128.errors import InputRefused, UsageError, shown
from why128.formats import strict_json
from why128.serve.asked import finite
from why128.serve.guard import Call
from why128.serve.refusals import RequestRefused

MOST = 1_000_000  # bytes of a document that the page sends


def document(call: Call) -> dict[str, Any]:
    """The object in a request's body.  Raises RequestRefused."""
    if len(call.body) > MOST:
        raise RequestRefused(413, f"body: expected at most {MOST:,} bytes of JSON, got more")
    try:
        return strict_json.parse(call.body, "body", finite)
    except InputRefused as refused:
        raise RequestRefused(400, str(refused)) from None


def text(given: Mapping[str, Any], name: str, most: int = 4096) -> str:
    """A text by its name.  Raises UsageError where there is none."""
    found = given.get(name)
    if not isinstance(found, str) or not found or len(found) > most or "\0" in found:
        raise UsageError(f"{name}: expected a text, got {shown(repr(found), 40)}")
    return found


def number(given: Mapping[str, Any], name: str) -> int:
    """A whole number from 0 on by its name, also as a text.  Raises UsageError."""
    found = given.get(name)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 16:
        return int(found)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise UsageError(f"{name}: expected a whole number, got {shown(repr(found), 40)}")
    return found


def texts(given: object, name: str) -> tuple[str, ...]:
    """A list of texts.  Raises UsageError."""
    if not isinstance(given, Iterable) or isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise UsageError(f"{name}: expected a list of texts, got {shown(repr(given), 40)}")
    return tuple(given)


def listed(text: str) -> object:
    """A list as JSON in an address.  Raises UsageError for what is none."""
    try:
        return json.loads(text) if len(text) < 20_000 else None
    except (ValueError, RecursionError):
        raise UsageError(f"expected a list, got {shown(text, 40)}") from None

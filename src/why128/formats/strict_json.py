"""JSON from outside: one object, UTF-8, no key twice, and no fault but a refusal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from why128.errors import InputRefused, shown


def parse(data: bytes, name: str, number: Callable[[str], float] = float) -> dict[str, Any]:
    """The object in the member `name`; raises InputRefused, naming the member, for anything else.

    `number` reads what has a point or an exponent, and NaN and Infinity, which Python and Keras write though JSON has
    them not.

    >>> parse(b'{"a": 1}', "config.json")
    {'a': 1}
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_float=number, parse_constant=number)
        if b"\\u" in data:  # half a character can be there only as an escape
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as fault:
        raise InputRefused(f"{name}: is not UTF-8: byte {fault.start} is 0x{data[fault.start]:02x}") from None
    except UnicodeEncodeError:
        raise InputRefused(
            f"{name}: a text has half a character in it (a lone surrogate, \\ud800 to \\udfff)"
        ) from None
    except json.JSONDecodeError as fault:
        raise InputRefused(f"{name}: is not JSON: {shown(fault)}") from None
    except RecursionError:
        raise InputRefused(f"{name}: the JSON is nested too deep") from None
    except ValueError as fault:  # a key twice, or a number of thousands of digits
        raise InputRefused(f"{name}: the JSON cannot be taken: {shown(fault)}") from None
    if not isinstance(value, dict):
        raise InputRefused(f"{name}: expected a JSON object, got {kind(value)}")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key '{shown(twice)}' is there twice")
    return found


def kind(value: object) -> str:
    """What JSON calls a value's kind, for messages."""
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")

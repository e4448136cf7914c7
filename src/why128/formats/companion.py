"""`why128.json`: what a network knows and Keras has no place for.  Keras leaves the member alone."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from why128.errors import InputRefused, UsageError, shown
from why128.formats.strict_json import kind
from why128.layers import Dense, Input, Layer, Rescaling
from why128.network import Network, Preparation

NAME = "why128.json"
FORMAT = 1
MODES = ("gray", "rgb")
BYTE_SCALES = (1 / 255, 1 / 127.5)  # of a Rescaling that takes bytes: to 0..1, or to -1..1
CLOSE = 1e-3  # relative; a scale of 1/256, which some write instead, is 4e-3 away and another thing


@dataclass(frozen=True)
class Companion:
    """The names of the classes, how a picture is prepared, where the network comes from."""

    classes: tuple[str, ...] = ()
    preparation: Preparation = field(default_factory=Preparation)
    about: Mapping[str, Any] = field(default_factory=dict)


def written(network: Network) -> bytes:
    """The member's bytes; raises UsageError where `about` holds what JSON cannot say."""
    preparation = {"mode": network.preparation.mode, "scale": list(network.preparation.scale)}
    document = {
        "format": FORMAT,
        "classes": list(network.classes),
        "preparation": preparation,
        "about": dict(network.about),
    }
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as fault:
        raise UsageError(
            f"the network's classes, preparation and about cannot be written as JSON: {shown(fault)}",
            hint="use plain texts, numbers and lists",
        ) from None


def read(document: Mapping[str, Any]) -> Companion:
    """What a parsed member says; raises InputRefused where it is not as `written` leaves it."""
    if document.get("format") != FORMAT:
        raise InputRefused(
            f"{NAME}: the format is {shown(document.get('format'))}; expected {FORMAT}",
            hint="it may be of a newer why128: update this one",
        )
    classes, preparation, about = (document.get(key) for key in ("classes", "preparation", "about"))
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise InputRefused(f"{NAME}: expected the classes to be a list of texts, got {shown(classes)}")
    if not isinstance(about, dict):
        raise InputRefused(f"{NAME}: expected about to be an object, got {kind(about)}")
    return Companion(tuple(classes), _preparation(preparation), about)


def _preparation(value: object) -> Preparation:
    mode, scale = (value.get("mode"), value.get("scale")) if isinstance(value, dict) else (None, None)
    good = (
        isinstance(scale, list) and len(scale) == 2 and all(type(s) in (int, float) and abs(s) <= 1e30 for s in scale)
    )
    if not good or mode not in MODES or not isinstance(scale, list):
        raise InputRefused(
            f"{NAME}: expected a preparation with mode gray or rgb and scale [black, white], got {shown(value)}"
        )
    return Preparation(mode, (float(scale[0]), float(scale[1])))


def assumed(layers: tuple[Layer, ...]) -> Companion:
    """What a file of Keras's own leaves unsaid, from its layers: bytes where it begins by scaling them down, else 0 to 1."""
    first = next((layer for layer in layers if isinstance(layer, (Rescaling, Dense))), None)
    takes_bytes = isinstance(first, Rescaling) and any(
        math.isclose(first.scale, scale, rel_tol=CLOSE) for scale in BYTE_SCALES
    )
    shape = layers[0].shape if isinstance(layers[0], Input) else ()
    mode = "rgb" if len(shape) == 3 and shape[-1] == 3 else "gray"
    return Companion((), Preparation(mode, (0.0, 255.0 if takes_bytes else 1.0)), {"preparation": {"assumed": True}})

"""One picture tried on a network: what it says, what it saw, which neurons fired, and why."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from why128.atlas import why
from why128.data.images import as_bytes
from why128.data.pictures import PictureBytes
from why128.errors import InputRefused
from why128.network import Network
from why128.neurons.explaining import explained
from why128.neurons.pictures import coloured
from why128.prediction import answer
from why128.studio.networks import Off, without

MOST = 12  # neurons named that moved the answer most


def tried(network: Network, raw: bytes, gone: Off) -> dict[str, Any]:
    """A picture file's answer, without the neurons that are switched off.  Raises InputRefused where it is no picture."""
    if not network.finite:
        raise InputRefused("network: it has weights that are not finite numbers: its training diverged")
    own = without(network, gone) if gone else network
    pixels, warnings = PictureBytes.of(raw, "picture").read(own.preparation.mode, own.image_shape[:2])
    found = answer(own, pixels, "picture", warnings)
    image = own.preparation.to_input(pixels[None])[0].reshape(own.input_shape)
    seen = explained(own, image)
    classes = tuple(found.probabilities)
    return {
        "label": found.label,
        "probabilities": [{"name": name, "share": share} for name, share in found.probabilities.items()],
        "warnings": list(warnings),
        "seen": _uri(as_bytes(pixels)),
        "evidence": None if seen.pixels is None else _uri(_evidence(seen.pixels)),
        "why": why.lines(seen, classes),
        "fired": _numbers(own, gone, seen.fired),
        "moved": _moved(own, gone, seen.parts, seen.answer, seen.runner_up),
    }


def _numbers(network: Network, gone: Off, places: np.ndarray) -> list[int]:
    """Places in the last hidden layer that is left, as the numbers of the network's own neurons."""
    own = _left(network, gone)
    return [own[place] for place in places.tolist()]


def _left(network: Network, gone: Off) -> list[int]:
    last = len(network.width)
    out = {number for layer, number in gone if layer == last}
    whole = (network.width[-1] if network.width else 0) + len(out)
    return [number for number in range(whole) if number not in out]


def _moved(network: Network, gone: Off, parts: np.ndarray, best: int, second: int | None) -> list[dict[str, Any]]:
    """The neurons that moved the answer against the runner-up most, either way."""
    if second is None or not len(parts):
        return []
    margin = parts[:, best] - parts[:, second]
    order = np.argsort(-np.abs(margin), kind="stable")[:MOST]
    return [{"number": _left(network, gone)[j], "by": float(margin[j])} for j in order.tolist() if margin[j]]


def _evidence(values: np.ndarray) -> np.ndarray:
    flat = values.mean(-1)
    return coloured(flat / (np.abs(flat).max() or 1.0))


def _uri(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"

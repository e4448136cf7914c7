"""The Open Inference Protocol, version 2 (REST), beside our own: what KServe, Triton and their clients speak.

Images enter as one tensor, "images", of numbers on the network's own scale; "probabilities" and "labels" leave.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from starlette.responses import JSONResponse, Response

from why128 import __version__
from why128.errors import InputRefused, shown
from why128.formats import strict_json
from why128.network import Network
from why128.serve.asked import finite
from why128.serve.guard import Answer, Call, always
from why128.serve.limits import Limits
from why128.serve.metrics import Metrics
from why128.serve.refusals import RequestRefused
from why128.serve.workers import Workers

VERSION = "1"  # of the model: a file has one
IMAGES, PROBABILITIES, LABELS = "images", "probabilities", "labels"
DATATYPES = {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64"}
DEEPEST = 8  # of lists within lists
Made = Callable[[], dict[str, Any]]


def routes(
    network: Network, name: str, limits: Limits, metrics: Metrics, workers: Workers
) -> dict[str, tuple[str, Answer]]:
    """What is answered below /v2, for a model of this name."""
    model = f"/v2/models/{name}"
    fixed: dict[str, Any] = {
        "/v2": {"name": "why128", "version": __version__, "extensions": []},
        "/v2/health/live": {"live": True},
        "/v2/health/ready": {"ready": True},
    }

    async def infer(call: Call) -> Response:
        if len(call.body) > limits.json:
            raise RequestRefused(
                413, f"body: expected at most {limits.json:,} bytes of JSON, got more", "send fewer images at a time"
            )
        answer, count = await workers.do(lambda: _inferred(call.body, network, name, limits))
        metrics.pictures += count
        return JSONResponse(answer)

    found: dict[str, tuple[str, Answer]] = {}
    for path in (model, f"{model}/versions/{VERSION}"):
        fixed |= {path: metadata(network, name), f"{path}/ready": {"name": name, "ready": True}}
        found[f"{path}/infer"] = ("POST", infer)
    return found | {path: ("GET", always(document)) for path, document in fixed.items()}


def metadata(network: Network, name: str) -> dict[str, Any]:
    """What the model takes and gives; -1 is any number of images."""
    height, width, channels = network.image_shape
    shape = [-1, height, width] if channels == 1 else [-1, height, width, channels]
    kind = "UINT8" if network.preparation.scale == (0.0, 255.0) else "FP32"
    return {
        "name": name,
        "versions": [VERSION],
        "platform": "why128",
        "inputs": [{"name": IMAGES, "datatype": kind, "shape": shape}],
        "outputs": [
            {"name": PROBABILITIES, "datatype": "FP32", "shape": [-1, len(_classes(network))]},
            {"name": LABELS, "datatype": "BYTES", "shape": [-1]},
        ],
    }


def _inferred(raw: bytes, network: Network, name: str, limits: Limits) -> tuple[dict[str, Any], int]:
    try:
        asked = strict_json.parse(raw, "body", finite)
    except InputRefused as refused:
        raise RequestRefused(400, str(refused)) from None
    images = _images(asked, network, limits)
    wanted = _wanted(asked)
    found = network.probabilities(images)  # (N, C)
    classes = _classes(network)
    if found.shape[1] == 1:  # one answer: how likely the second class is
        found = np.column_stack([1 - found[:, 0], found[:, 0]])
    outputs: dict[str, Made] = {
        PROBABILITIES: lambda: _tensor(PROBABILITIES, "FP32", list(found.shape), found.ravel().tolist()),
        LABELS: lambda: _tensor(LABELS, "BYTES", [len(found)], [classes[k] for k in found.argmax(1)]),
    }
    answer: dict[str, Any] = {
        "model_name": name,
        "model_version": VERSION,
        "outputs": [outputs[one]() for one in wanted],
    }
    if isinstance(asked.get("id"), str):
        answer["id"] = asked["id"]
    return answer, len(images)


def _tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def _classes(network: Network) -> tuple[str, ...]:
    return network.classes or tuple(map(str, range(max(2, network.ladder.classes))))


def _wanted(asked: dict[str, Any]) -> list[str]:
    """The outputs that are asked for; all where none is named."""
    given = asked.get("outputs")
    if given in (None, []):
        return [PROBABILITIES, LABELS]
    named = [one.get("name") if isinstance(one, dict) else None for one in given] if isinstance(given, list) else [None]
    if not all(isinstance(name, str) and name in (PROBABILITIES, LABELS) for name in named):
        raise RequestRefused(
            400, f"outputs: expected '{PROBABILITIES}' or '{LABELS}', got {shown(json.dumps(given), 80)}"
        )
    return [str(name) for name in named]


def _images(asked: dict[str, Any], network: Network, limits: Limits) -> np.ndarray:
    """The one tensor that is due, as images (N, D) on the network's own scale."""
    given = asked.get("inputs")
    one = given[0] if isinstance(given, list) and len(given) == 1 else None
    if not isinstance(one, dict) or one.get("name") != IMAGES:
        raise RequestRefused(
            400, f"inputs: expected one tensor, '{IMAGES}'", "GET the model's own path says what it takes"
        )
    if not isinstance(one.get("datatype"), str) or one["datatype"] not in DATATYPES:
        kind = shown(one.get("datatype"))
        raise RequestRefused(400, f"inputs: expected numbers, such as UINT8 or FP32, got the datatype {kind}")
    size = math.prod(network.input_shape)
    count = _count(one.get("shape"), network)
    if count > limits.images:
        raise RequestRefused(413, f"images: expected at most {limits.images:,} in a request, got more", "send several")
    values = list(_flat(one.get("data"), DEEPEST))
    if len(values) != count * size:
        raise RequestRefused(422, f"inputs: expected {count * size:,} numbers for this shape, got {len(values):,}")
    images = np.array(values, np.float64)
    black, white = network.preparation.scale
    if images.min() < min(black, white) or images.max() > max(black, white):
        got = f"from {images.min():g} to {images.max():g}"
        raise RequestRefused(422, f"inputs: expected numbers from {black:g} to {white:g}, got {got}")
    return images.astype(np.float32).reshape(count, size)


def _count(shape: Any, network: Network) -> int:
    """How many images a tensor of this shape has; rows may be given, and a channel axis of one may be there or not."""
    due = list(network.input_shape)
    sides = shape if isinstance(shape, list) and all(type(side) is int and side > 0 for side in shape) else []
    wide = [side for side in sides[1:] if side != 1]
    if len(sides) < 2 or wide not in ([math.prod(due)], [side for side in due if side != 1]):
        raise RequestRefused(422, f"inputs: expected the shape [N, {', '.join(map(str, due))}], got {shown(shape, 80)}")
    return int(sides[0])


def _flat(data: Any, deep: int) -> Iterator[float]:
    """The numbers of lists within lists."""
    if not isinstance(data, list) or not deep:
        raise RequestRefused(422, f"inputs: expected lists of numbers, got {strict_json.kind(data)}")
    for value in data:
        if isinstance(value, bool):
            yield int(value)
        elif isinstance(value, (int, float)):
            yield _small(value)
        else:
            yield from _flat(value, deep - 1)


def _small(value: float) -> float:
    if abs(value) > 1e300:
        raise RequestRefused(422, "inputs: expected numbers of the network's scale, got one of hundreds of digits")
    return value

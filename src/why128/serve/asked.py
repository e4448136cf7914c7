"""The pictures in a request, whichever way they were sent: as a file, as several, or as JSON."""

from __future__ import annotations

import base64
import math
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from why128.data.pictures import PictureBytes
from why128.errors import InputRefused, shown
from why128.formats import strict_json
from why128.network import Network
from why128.prediction import Prediction, answer
from why128.serve.guard import Call
from why128.serve.limits import Limits
from why128.serve.refusals import RequestRefused
from why128.serve.workers import Workers

LIGHT = 64_000  # bytes of a body, or pixels, that are read in less than a millisecond


@dataclass(frozen=True)
class Asked:
    """A picture that is still to be decoded and answered."""

    answered: Callable[[], Prediction]
    count: int  # pixels to decode


PLAIN = ("application/octet-stream", "application/x-www-form-urlencoded")  # curl's name for any bytes is the second
WAYS = "image/*, application/octet-stream, multipart/form-data or application/json"
BRIGHTEST = 255


async def asked(call: Call, network: Network, limits: Limits, workers: Workers) -> list[Asked]:
    """What is asked of the network, in order.  Raises RequestRefused or InputRefused."""
    kind = call.headers.get("content-type", "application/octet-stream").split(";")[0].strip().lower()
    if kind == "application/json":
        if len(call.body) > limits.json:
            text = f"body: expected at most {limits.json:,} bytes of JSON, got more"
            raise RequestRefused(413, text, "send pictures as files, or fewer")
        found = await _read(call, workers, lambda: _of_json(call.body, network, limits))
    elif kind == "multipart/form-data":
        files = await _files(call, limits)
        found = await _read(call, workers, lambda: [_file(raw, name, network) for name, raw in files])
    elif kind.startswith("image/") or kind in PLAIN:
        found = [_file(call.body, "body", network)]
    else:
        raise RequestRefused(415, f"Content-Type: expected {WAYS}, got '{shown(kind)}'")
    if sum(picture.count for picture in found) > limits.pixels:
        raise _too_many(f"{limits.pixels:,} pixels")
    return found


async def _read(call: Call, workers: Workers, reading: Callable[[], list[Asked]]) -> list[Asked]:
    return reading() if len(call.body) <= LIGHT else await workers.do(reading)


def _too_many(most: str) -> RequestRefused:
    return RequestRefused(413, f"images: expected at most {most} in a request, got more", "send several")


def _file(raw: bytes, name: str, network: Network) -> Asked:
    """A picture file."""
    if not raw:
        raise RequestRefused(400, f"{name}: expected a picture, got 0 bytes")

    picture = PictureBytes.of(raw, name)

    def answered() -> Prediction:
        pixels, warnings = picture.read(network.preparation.mode, network.image_shape[:2])
        return answer(network, pixels, name, warnings)

    return Asked(answered, picture.count)


async def _files(call: Call, limits: Limits) -> list[tuple[str, bytes]]:
    """Every file of a form, under whatever field: its name, and what is in it."""

    async def whole() -> AsyncGenerator[bytes, None]:
        yield call.body

    parser = MultiPartParser(Headers(call.headers), whole(), max_files=limits.images, max_fields=0)
    parser.spool_max_size = 0  # never a file on the disk: the body is in memory already
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError) as bad:  # the second of odd character sets
        if "Too many files" in str(bad):
            raise _too_many(f"{limits.images:,}") from None
        raise RequestRefused(400, f"form: {shown(bad)}") from None
    parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    if not parts:
        raise RequestRefused(422, "form: expected at least one file, got none")
    return [(shown(part.filename or "file", 80), await part.read()) for part in parts]


def _of_json(raw: bytes, network: Network, limits: Limits) -> list[Asked]:
    """{"image": ...} or {"images": [...]}, each as rows of numbers or as a picture file in base64."""
    try:
        document = strict_json.parse(raw, "body", finite)
    except InputRefused as refused:
        status = 422 if "expected a JSON object" in str(refused) else 400
        raise RequestRefused(status, str(refused)) from None
    if set(document) == {"image"}:
        return [_picture(document["image"], "image", network)]
    if set(document) == {"images"} and isinstance(document["images"], list) and document["images"]:
        if len(document["images"]) > limits.images:
            raise _too_many(f"{limits.images:,}")
        return [_picture(each, f"images[{i}]", network) for i, each in enumerate(document["images"])]
    given = ", ".join(f"'{key}'" for key in document) or "nothing"
    raise RequestRefused(422, f"body: expected one key, 'image', or 'images' with a list, got {shown(given)}")


def finite(text: str) -> float:
    """A number of a body, as JSON writes it; raises RequestRefused for infinity and NaN."""
    value = float(text)
    if not math.isfinite(value):
        raise RequestRefused(400, f"body: expected finite numbers, got {shown(text)}")
    return value


def _picture(value: Any, name: str, network: Network) -> Asked:
    if isinstance(value, str):
        try:
            raw = base64.b64decode(value, validate=True)
        except ValueError:
            raise RequestRefused(
                422, f"{name}: expected rows of numbers, or a picture file in base64, got another text"
            ) from None
        return _file(raw, name, network)
    pixels = _pixels(value, name, network)
    return Asked(lambda: answer(network, pixels, name), pixels.size)


def _pixels(value: Any, name: str, network: Network) -> np.ndarray:
    """Rows of numbers as (height, width, channels): whole ones from 0 to 255, or, of networks that learned from them,
    shares of 1."""
    shape = network.image_shape
    due = shape[:2] if shape[2] == 1 else shape
    if not _fits(value, due) and not _fits(value, shape):
        wanted = f"{' x '.join(map(str, due))} numbers (rows of pixels)"
        raise RequestRefused(422, f"{name}: expected {wanted}, got {_described(value, (due, shape))}")
    try:
        array = np.array(value, float)
    except OverflowError:
        raise RequestRefused(400, f"{name}: expected numbers from 0 on, got one of hundreds of digits") from None
    shares = network.preparation.scale != (0.0, float(BRIGHTEST))
    most = 1 if shares else BRIGHTEST
    if array.min() < 0 or array.max() > most or not (shares or (array == array.astype(int)).all()):
        wanted = "shares from 0 to 1" if shares else "whole numbers from 0 to 255"
        raise RequestRefused(422, f"{name}: expected {wanted}, got from {array.min():g} to {array.max():g}")
    return array.reshape(shape).astype(np.float32 if shares else np.uint8)


def _fits(value: Any, shape: tuple[int, ...]) -> bool:
    """Whether these are numbers in rows of this shape; NumPy is asked only then, which would make room for any text."""
    if not isinstance(value, list) or len(value) != shape[0]:
        return False
    if len(shape) == 1:
        return set(map(type, value)) <= {int, float}
    return all(_fits(each, shape[1:]) for each in value)


def _described(value: Any, due: tuple[tuple[int, ...], ...]) -> str:
    """What is there in place of numbers in rows, by the first of everything."""
    sizes, first = [], value
    while isinstance(first, list) and first:
        sizes.append(len(first))
        first = first[0]
    if type(first) not in (int, float):
        return f"{strict_json.kind(value)} of other things"
    if tuple(sizes) in due:
        return "rows of unequal lengths, or with other things among the numbers"
    return shown(" x ".join(map(str, sizes)) or "one number")

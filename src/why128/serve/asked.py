"""The pictures in a request, whichever way they were sent: as a file, as several, or as JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette._utils import AwaitableOrContextManager
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from why128.data import PictureBytes
from why128.errors import InputRefused, shown
from why128.formats import strict_json
from why128.network import Network
from why128.prediction import Prediction, answer
from why128.serve.guard import Call
from why128.serve.limits import Limits
from why128.serve.refusals import RequestRefused

LIGHT_BYTES, LIGHT_PIXELS = 64_000, 100_000  # of a picture that is decoded in less than a millisecond


@dataclass(frozen=True)
class Asked:
    """A picture that is still to be decoded and answered."""

    answered: Callable[[], Prediction]
    light: bool  # whether that takes no time to speak of


PLAIN = ("application/octet-stream", "application/x-www-form-urlencoded")  # curl's name for any bytes is the second
WAYS = "image/*, application/octet-stream, multipart/form-data or application/json"
BRIGHTEST = 255


async def asked(call: Call, network: Network, limits: Limits) -> list[Asked]:
    """What is asked of the network, in order.  Raises RequestRefused or InputRefused."""
    kind = call.headers.get("content-type", "application/octet-stream").split(";")[0].strip().lower()
    if kind == "application/json":
        found = _of_json(call.body, network)
    elif kind == "multipart/form-data":
        found = await _of_form(call, network, limits)
    elif kind.startswith("image/") or kind in PLAIN:
        found = [_file(call.body, "body", network)]
    else:
        raise RequestRefused(415, f"Content-Type: expected {WAYS}, got '{shown(kind)}'")
    if len(found) > limits.images:
        raise RequestRefused(
            413, f"images: expected at most {limits.images:,} in a request, got {len(found):,}", "send several"
        )
    return found


def _file(raw: bytes, name: str, network: Network) -> Asked:
    """A picture file."""
    if not raw:
        raise RequestRefused(400, f"{name}: expected a picture, got 0 bytes")

    picture = PictureBytes.of(raw, name)

    def answered() -> Prediction:
        pixels, warnings = picture.read(network.preparation.mode, network.image_shape[:2])
        return answer(network, pixels, name, warnings)

    return Asked(answered, len(raw) <= LIGHT_BYTES and picture.count <= LIGHT_PIXELS)


async def _of_form(call: Call, network: Network, limits: Limits) -> list[Asked]:
    """Every file of a form, under whatever name."""
    try:
        async with _form(call, limits) as form:
            files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
            found = [_file(await part.read(), shown(part.filename or "file", 80), network) for part in files]
    except MultiPartException as bad:
        raise RequestRefused(400, f"form: {shown(bad.message)}") from None
    if not found:
        raise RequestRefused(422, "form: expected at least one file, got none")
    return found


def _form(call: Call, limits: Limits) -> AwaitableOrContextManager[FormData]:
    async def once() -> Message:
        return {"type": "http.request", "body": call.body, "more_body": False}

    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in call.headers.items()]
    request = Request({"type": "http", "method": call.method, "headers": headers}, once)
    return request.form(max_files=limits.images + 1, max_fields=0, max_part_size=limits.body)


def _of_json(raw: bytes, network: Network) -> list[Asked]:
    """{"image": ...} or {"images": [...]}, each as rows of numbers or as a picture file in base64."""
    try:
        document = strict_json.parse(raw, "body")
    except InputRefused as refused:
        status = 422 if "expected a JSON object" in str(refused) else 400
        raise RequestRefused(status, str(refused)) from None
    if set(document) == {"image"}:
        return [_picture(document["image"], "image", network)]
    if set(document) == {"images"} and isinstance(document["images"], list) and document["images"]:
        return [_picture(each, f"images[{i}]", network) for i, each in enumerate(document["images"])]
    given = ", ".join(f"'{key}'" for key in document) or "nothing"
    raise RequestRefused(422, f"body: expected one key, 'image', or 'images' with a list, got {shown(given)}")


def _picture(value: Any, name: str, network: Network) -> Asked:
    if isinstance(value, str):
        try:
            return _file(base64.b64decode(value, validate=True), name, network)
        except (binascii.Error, ValueError):
            raise RequestRefused(
                422, f"{name}: expected rows of numbers, or a picture file in base64, got another text"
            ) from None
    pixels = _pixels(value, name, network)
    return Asked(lambda: answer(network, pixels, name), light=True)


def _pixels(value: Any, name: str, network: Network) -> np.ndarray:
    """Rows of numbers as (height, width, channels): whole ones from 0 to 255, or, of networks that learned from them,
    shares of 1."""
    shape = network.image_shape
    due = f"{' x '.join(map(str, shape[:2] if shape[2] == 1 else shape))} numbers (rows of pixels)"
    try:
        array = np.array(value)
    except ValueError:
        raise RequestRefused(422, f"{name}: expected {due}, got rows of unequal lengths") from None
    if array.dtype.kind not in "iuf" or array.dtype == object:
        raise RequestRefused(422, f"{name}: expected {due}, got {strict_json.kind(value)} of other things")
    if not np.isfinite(array).all():
        raise RequestRefused(400, f"{name}: expected numbers, got one that is none, or is infinite")
    if array.shape not in (shape, shape[:2] if shape[2] == 1 else shape):
        got = " x ".join(map(str, array.shape)) or "one number"
        raise RequestRefused(422, f"{name}: expected {due}, got {got}")
    shares = network.preparation.scale != (0.0, float(BRIGHTEST))
    most = 1 if shares else BRIGHTEST
    if array.min() < 0 or array.max() > most or not (shares or (array == array.astype(int)).all()):
        wanted = "shares from 0 to 1" if shares else "whole numbers from 0 to 255"
        raise RequestRefused(422, f"{name}: expected {wanted}, got from {array.min():g} to {array.max():g}")
    return array.reshape(shape).astype(np.float32 if shares else np.uint8)

"""The description of the server (OpenAPI 3.1), of this network: true to what is there."""

from __future__ import annotations

import math
from typing import Any

from why128 import __version__
from why128.network import Network
from why128.serve.guard import Door
from why128.serve.inference import DATATYPES, IMAGES, LABELS, PROBABILITIES, VERSION
from why128.serve.limits import Limits

ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "hint": {"type": ["string", "null"]}},
    "required": ["error", "hint"],
}
BYTES = {"schema": {"type": "string", "format": "binary"}}
MEANING = {
    400: "the request cannot be read",
    401: "the token is missing",
    403: "asked by another site's page",
    408: "its body came too slowly",
    413: "too large, or too many pictures",
    415: "another Content-Type is due",
    421: "asked by another host's name",
    422: "a picture, or its numbers, are refused",
    431: "its head is too large",
    500: "a fault of ours",
    503: "too many at once, or the server ends",
}
ANYWHERE = [code for code in MEANING if code not in (415, 422)]  # the two are about pictures


def description(network: Network, door: Door, limits: Limits, name: str) -> dict[str, Any]:
    """Paths, what they take, and every status that they answer with."""
    paths: dict[str, Any] = {"/predict": {"post": _predict(network, limits)}}
    texts = {
        "/": "what this is", "/health": "whether it answers", "/ready": "whether it can predict",
        "/model": "the network: classes, shapes, parameters", "/v2": "what this is, to Open Inference clients",
        "/v2/health/live": "whether it answers", "/v2/health/ready": "whether it can predict",
        "/metrics": "counts, for Prometheus", "/openapi.json": "this description",
    }  # fmt: skip
    for path, text in texts.items():
        kind = "text/plain" if path == "/metrics" else "application/json"
        paths[path] = {
            "get": {
                "summary": text,
                "responses": {"200": {"description": text, "content": {kind: {}}}, **_errors(*ANYWHERE)},
            }
        }
    paths |= _inference(network, name, limits)
    document: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "why128", "version": __version__}, "paths": paths}
    if door.token is not None:
        document["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        document["security"] = [{"token": []}]
    return document


def _predict(network: Network, limits: Limits) -> dict[str, Any]:
    image: dict[str, Any] = {"oneOf": [{"type": "array"}, {"type": "string", "contentEncoding": "base64"}]}
    one = {"type": "object", "properties": {"image": image}, "required": ["image"], "additionalProperties": False}
    several = {
        "type": "object",
        "properties": {"images": {"type": "array", "items": image, "minItems": 1, "maxItems": limits.images}},
        "required": ["images"],
        "additionalProperties": False,
    }
    form = {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}}
    content = {
        "image/*": BYTES,
        "application/octet-stream": BYTES,
        "application/x-www-form-urlencoded": BYTES,
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": {"oneOf": [one, several]}},
    }
    return {
        "summary": "labels and probabilities of pictures",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "one answer a picture",
                "content": {"application/json": {"schema": _answer(network)}},
            },
            **_errors(*MEANING),
        },
    }


def _inference(network: Network, name: str, limits: Limits) -> dict[str, Any]:
    """The model's own paths in the Open Inference Protocol."""
    found: dict[str, Any] = {}
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{VERSION}"):
        for end, text in (("", "what the model takes and gives"), ("/ready", "whether the model can predict")):
            responses = {"200": {"description": text, "content": {"application/json": {}}}, **_errors(*ANYWHERE)}
            found[path + end] = {"get": {"summary": text, "responses": responses}}
        found[f"{path}/infer"] = {"post": _infer(network, limits)}
    return found


def _infer(network: Network, limits: Limits) -> dict[str, Any]:
    names = {"type": "object", "properties": {"name": {"enum": [PROBABILITIES, LABELS]}}, "required": ["name"]}
    own = {"id": {"type": "string"}, "parameters": {"type": "object"}}
    body = _object(
        ("inputs",),
        {
            "inputs": {"type": "array", "items": _entering(network, limits), "minItems": 1, "maxItems": 1},
            "outputs": {"type": "array", "items": names},
        }
        | own,
    )
    texts = {key: {"type": "string"} for key in ("model_name", "model_version", "id")}
    answer = _object(
        ("model_name", "model_version", "outputs"), texts | {"outputs": {"type": "array", "items": _leaving()}}
    )
    return {
        "summary": f"probabilities and labels of at most {limits.images:,} images",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "the tensors that were asked for",
                "content": {"application/json": {"schema": answer}},
            },
            **_errors(*(code for code in MEANING if code != 415)),
        },
    }


def _entering(network: Network, limits: Limits) -> dict[str, Any]:
    """The tensor of images; that there are as many numbers as its shape says cannot be said here."""
    count, due = {"type": "integer", "minimum": 1, "maximum": limits.images}, network.input_shape
    shapes = [_sides(count, sides) for sides in dict.fromkeys((due, (math.prod(due),)))]
    properties = {
        "name": {"const": IMAGES},
        "shape": {"anyOf": shapes},
        "datatype": {"type": "string", "enum": sorted(DATATYPES)},
        "parameters": {"type": "object"},
        "data": {"type": "array"},
    }
    return _object(("name", "shape", "datatype", "data"), properties)


def _sides(count: dict[str, Any], due: tuple[int, ...]) -> dict[str, Any]:
    """A shape of exactly these sides."""
    sides = [count, *({"const": side} for side in due)]
    return {"type": "array", "prefixItems": sides, "minItems": len(sides), "maxItems": len(sides)}


def _leaving() -> dict[str, Any]:
    sides = {"type": "array", "items": {"type": "integer"}}
    properties = {"name": {"type": "string"}, "shape": sides, "datatype": {"type": "string"}, "data": {"type": "array"}}
    return _object(("name", "shape", "datatype", "data"), properties)


def _object(required: tuple[str, ...], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _answer(network: Network) -> dict[str, Any]:
    classes = list(network.classes or map(str, range(network.ladder.classes)))
    each = {
        "type": "object",
        "properties": {
            "file": {"type": "string"},
            "label": {"type": "string", "enum": classes},
            "probabilities": {
                "type": "object",
                "properties": {name: {"type": "number"} for name in classes},
                "required": classes,
            },
        },
        "required": ["file", "label", "probabilities"],
    }
    texts = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": each}, "warnings": texts},
        "required": ["predictions", "warnings"],
    }


def _errors(*codes: int) -> dict[str, Any]:
    return {
        str(code): {"description": MEANING[code], "content": {"application/json": {"schema": ERROR}}} for code in codes
    }

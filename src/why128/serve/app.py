"""The application: what is answered where."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from why128 import __version__
from why128.network import Network
from why128.prediction import documents
from why128.serve import inference
from why128.serve.asked import LIGHT, asked
from why128.serve.guard import Answer, Call, Door, Guard, always
from why128.serve.limits import Limits
from why128.serve.metrics import Metrics
from why128.serve.openapi import description
from why128.serve.workers import Workers

MODEL = "model"  # its name, where its file has none that an address can hold
EXPOSITION = "text/plain; version=0.0.4"  # Prometheus


def application(network: Network, door: Door, limits: Limits | None = None, name: str = MODEL) -> Guard:
    """The server of one network, behind its guard; `name` is the model's in the Open Inference Protocol."""
    limits, metrics, workers = limits or Limits(), Metrics(), Workers()
    fixed = {
        "/": {"why128": __version__, "ask": "POST /predict", "described": "/openapi.json"},
        "/health": {"status": "ok"},
        "/ready": {"status": "ok"},
        "/model": _about(network),
        "/openapi.json": description(network, door, limits, name),
    }

    async def predict(call: Call) -> Response:
        pictures = await asked(call, network, limits, workers)
        if len(pictures) == 1 and max(pictures[0].count, len(call.body)) <= LIGHT:
            answers = [pictures[0].answered()]  # another thread would take longer to wake
        else:
            answers = await workers.do(lambda: [picture.answered() for picture in pictures])
        metrics.pictures += len(answers)
        warnings = [warning for each in answers for warning in each.warnings]
        return JSONResponse({"predictions": documents(answers), "warnings": warnings})

    async def measured(call: Call) -> Response:
        return PlainTextResponse(metrics.text(), media_type=EXPOSITION)

    gets = {path: always(document) for path, document in fixed.items()} | {"/metrics": measured}
    routes: dict[str, tuple[str, Answer]] = {
        "/predict": ("POST", predict),
        **{path: ("GET", answer) for path, answer in gets.items()},
        **inference.routes(network, name, limits, metrics, workers),
    }
    return Guard(routes, door, limits, metrics)


def _about(network: Network) -> dict[str, Any]:
    """What the network is, without its weights."""
    return {
        "classes": list(network.classes or map(str, range(network.ladder.classes))),
        "image_shape": list(network.image_shape),
        "width": list(network.width),
        "parameters": network.parameters,
        "about": json.loads(json.dumps(dict(network.about), default=str)),
    }

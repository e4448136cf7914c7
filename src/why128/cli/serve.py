"""`why128 serve MODEL`: predictions over HTTP."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from why128.cli.output import document, json_option, say
from why128.errors import UsageError

MOST_PORT = 65_535
SHORTEST = 16  # characters of a token: shorter ones can be guessed
TOKEN = "WHY128_TOKEN"
NAME = "[A-Za-z0-9._-]{1,64}"  # of a model, in an address


@click.command(
    epilog="Example: why128 serve enough.keras   then: curl --data-binary @shoe.png http://127.0.0.1:8128/predict"
)
@click.argument("model", type=click.Path())
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; beyond this machine a token is needed.",
)
@click.option("--port", type=int, default=8128, show_default=True, help="Port to listen on; 0 is any that is free.")
@click.option(
    "--name", "names", multiple=True, help="Another host name by which it may be asked, such as one behind a proxy."
)
@json_option
def command(model, host, port, names, as_json):
    """Answer with labels and probabilities over HTTP, on this machine alone unless told otherwise.

    Pictures are sent to /predict, as files or as JSON; /v2 speaks the Open Inference Protocol; /openapi.json describes both.

    A token is taken from the environment,
    WHY128_TOKEN; beyond this machine one is made where none is there.
    """
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # one picture's product is too small to share; before NumPy is imported
    token = os.environ.get(TOKEN) or None
    if not 0 <= port <= MOST_PORT:
        raise UsageError(f"--port: expected 0 to {MOST_PORT}, got {port}")
    if token is not None and (len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token):
        raise UsageError(f"{TOKEN}: expected at least {SHORTEST} plain characters, got {len(token)}, or others")
    from why128.formats import keras_file
    from why128.serve.app import MODEL
    from why128.serve.server import Address, serve

    def tell(address: str, needed: str | None) -> None:
        if as_json:
            document({"model": model, "address": address, "token": needed})
        else:
            say(f"why128: serving {model} at {address}   (POST /predict; stop with Ctrl-C)")
            if needed is not None and token is None:
                say(f"why128: token: {needed}   (send it as Authorization: Bearer)")

    stem = Path(model).stem
    called = stem if re.fullmatch(NAME, stem) else MODEL
    serve(keras_file.load(model), Address(host, port, names, token, called), tell)

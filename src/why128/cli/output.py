"""What every command prints, and where: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import click

from why128.errors import Why128Error

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else on standard output."
)


def document(value: dict | list) -> None:
    """One JSON document on one line; what JSON cannot say (NaN, infinity) is null."""
    click.echo(json.dumps(_sayable(value)))


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _sayable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sayable(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def complain(refusal: Why128Error) -> int:
    """A refusal on standard error, in one line and at most one hint; returns its exit status."""
    say(f"why128: error: {refusal}")
    if refusal.hint:
        say(f"why128: hint: {refusal.hint}")
    return refusal.status


def warn(warnings: Iterable[str]) -> None:
    """Warnings on standard error, a line each."""
    for warning in warnings:
        say(f"why128: warning: {warning}")


def say(text: str) -> None:
    """A line on standard error.  Where nobody hears it (its reader has left, its disk is full), the work goes on."""
    try:
        click.echo(text, err=True)
    except OSError:
        close(sys.stderr)


def close(stream: TextIO) -> None:
    """Say no more there, not even when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

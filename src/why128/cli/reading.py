"""The options of every command that reads data, and the reading itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from why128.cli.output import warn
from why128.errors import UsageError, shown

if TYPE_CHECKING:
    from why128.data.images import Dataset
    from why128.network import Network


def reading_options(command: Callable) -> Callable:
    """--size and --skip-bad."""
    command = click.option(
        "--skip-bad", is_flag=True, help="Leave out pictures that cannot be read instead of refusing the folder."
    )(command)
    return click.option("--size", metavar="HxW", help="Resize pictures to this height and width, such as 28x28.")(
        command
    )


def open_source(source: str, size: str | None, skip_bad: bool) -> Dataset:
    """The data set, with its warnings said."""
    from why128.data.found import Reading
    from why128.data.source import open_data

    data = open_data(source, Reading(None if size is None else parse_size(size), skip_bad))
    warn(data.warnings)
    return data


def open_like(network: Network, source: str, size: str | None, skip_bad: bool) -> Dataset:
    """The data set in the size that a network takes; that it was resized for it is said."""
    from why128.data.found import Reading
    from why128.data.source import open_data

    data = open_data(source, Reading(None if size is None else parse_size(size), skip_bad))
    height, width, _ = network.image_shape
    found = data.image_shape[:2]
    if size is None and found != (height, width):
        data = open_data(source, Reading((height, width), skip_bad))
        warn([f"{shown(source)}: resized from {found[0]} x {found[1]} to {height} x {width}, which the network takes"])
    warn(data.warnings)
    return data


def beside(model: str, out: str | None, ending: str) -> Path:
    """The file that --out names, else one beside a network's own, with this after its name."""
    return Path(out) if out is not None else Path(model).with_name(Path(model).stem + ending)


def images_for(network: Network, model: str | Path, given: tuple[str | None, str | None, bool], whose: str) -> Dataset:
    """The images that --data names (`given`: it, --size and --skip-bad), else those that a network learned from, where they are found."""
    from why128.exporting import own_data

    source, size, skip_bad = given
    images = own_data(network, model) if source is None else open_like(network, source, size, skip_bad)
    if images is None:
        raise UsageError(
            f"{whose}: expected images; those that it learned from were not found", hint="give some with --data"
        )
    return images


def parse_size(text: str) -> tuple[int, int]:
    """(height, width) from "28x28" or "28"; raises UsageError."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(p.isascii() and p.isdigit() and 0 < int(p[:6]) <= 1024 and len(p) <= 4 for p in parts):
        raise UsageError(f"--size: expected a height and a width from 1 to 1024, such as 28x28, got '{shown(text)}'")
    return int(parts[0]), int(parts[-1])

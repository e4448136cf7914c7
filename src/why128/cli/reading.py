"""The options of every command that reads data, and the reading itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from why128.cli.output import warn
from why128.errors import UsageError, shown

if TYPE_CHECKING:
    from why128.data.found import Reading
    from why128.data.images import Dataset
    from why128.network import Network


@dataclass(frozen=True)
class Asked:
    """How data is to be read, as it was typed."""

    size: str | None = None
    skip_bad: bool = False
    drop: tuple[str, ...] = ()

    def reading(self) -> Reading:
        """Raises UsageError where the size is none."""
        from why128.data.found import Reading

        return Reading.typed(self.size, self.skip_bad, self.drop)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Asked:
        """From what a study noted of its source."""
        return cls(document["size"], document["skip_bad"], tuple(document.get("drop", ())))


def reading_options(command: Callable) -> Callable:
    """--size, --skip-bad and --drop, as the command's `reading`."""

    @functools.wraps(command)
    def called(*args: Any, size: str | None, skip_bad: bool, drop: tuple[str, ...], **rest: Any) -> Any:
        return command(*args, reading=Asked(size, skip_bad, drop), **rest)

    called = click.option(
        "--drop", metavar="CLASS", multiple=True, help="Leave out a class of the data; may be repeated."
    )(called)
    called = click.option(
        "--skip-bad", is_flag=True, help="Leave out pictures that cannot be read instead of refusing the folder."
    )(called)
    return click.option("--size", metavar="HxW", help="Resize pictures to this height and width, such as 28x28.")(
        called
    )


def open_source(source: str, reading: Asked) -> Dataset:
    """The data set, with its warnings said."""
    from why128.data.source import open_data

    data = open_data(source, reading.reading())
    warn(data.warnings)
    return data


def open_like(network: Network, source: str, reading: Asked) -> Dataset:
    """The data set in the size that a network takes; that it was resized for it is said."""
    from why128.data.source import open_data

    data = open_data(source, reading.reading())
    height, width, _ = network.image_shape
    found = data.image_shape[:2]
    if reading.size is None and found != (height, width):
        data = open_data(source, replace(reading.reading(), size=(height, width)))
        warn([f"{shown(source)}: resized from {found[0]} x {found[1]} to {height} x {width}, which the network takes"])
    warn(data.warnings)
    return data


def beside(model: str, out: str | None, ending: str) -> Path:
    """The file that --out names, else one beside a network's own, with this after its name."""
    return Path(out) if out is not None else Path(model).with_name(Path(model).stem + ending)


def images_for(network: Network, model: str | Path, source: str | None, reading: Asked, whose: str) -> Dataset:
    """The images that --data names, else those that a network learned from, where they are found."""
    from why128.exporting import own_data

    images = own_data(network, model) if source is None else open_like(network, source, reading)
    if images is None:
        raise UsageError(
            f"{whose}: expected images; those that it learned from were not found", hint="give some with --data"
        )
    return images

"""A network as Keras's own file, `.keras`: what Keras opens as it is, and what Keras wrote, read without Keras.

The file is a zip of config.json (keras_config.py), model.weights.h5 (weights.py), and our own why128.json
(companion.py), beside Keras's metadata.json, of which the version is looked at.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from typing import Any, BinaryIO

from why128 import activations
from why128.errors import DataWarning, InputRefused, UsageError, Why128Error, shown
from why128.formats import aside, companion, foreign, keras_config, weights
from why128.formats.archive import Archive, opened, packed
from why128.formats.strict_json import parse
from why128.layers import Dense
from why128.network import Network

ENDING = ".keras"
WHAT_NEXT = "copy it again, or save it again with model.save('NAME.keras')"
MOST_CONFIG = 4 << 20  # bytes; a thousand layers are half a megabyte
METADATA_NAME = "metadata.json"
NEWEST_KERAS = 3  # its files' words were read in its source; in another Keras the same words may mean another network
# The Keras whose files were looked at, and a date that is always the same: the same network gives the same bytes.
METADATA = {"keras_version": "3.15.1", "date_saved": "1980-01-01@00:00:00"}


def save(network: Network, path: str | os.PathLike) -> None:
    """Writes `network` as a `.keras` file, whole or not at all; the same network gives the same bytes.

    Raises UsageError where the path ends otherwise or an activation has no name, SurroundingsError where the disk or
    a permission refuses.
    """
    check_ending(path)
    try:
        data = written(network)
    except UsageError as fault:
        raise UsageError(f"{shown(path)}: {fault}", hint=fault.hint) from None
    aside.write(path, data)


def written(network: Network) -> bytes:
    """The file's bytes; raises UsageError where an activation has no name, and warns where Keras cannot read it."""
    if any(layer.outputs != layer.units for layer in network.layers[:-1] if isinstance(layer, Dense)):
        # Keras builds the next layer for all units, then feeds it half of them: so fails its own network, too
        warnings.warn(
            "a .keras file of this network can be read here, but not by Keras 3.15, which cannot put a layer after the activation 'glu'",
            DataWarning,
            stacklevel=3,
        )
    return packed(_members(network))


def check_ending(path: str | os.PathLike) -> None:
    """Raises UsageError where `path` does not end in .keras: asked before a long training, not after it."""
    if not os.fspath(path).lower().endswith(ENDING):
        raise UsageError(
            f"{shown(path)}: expected a path that ends in {ENDING}",
            hint=f"for example {shown(os.path.splitext(os.fspath(path))[0])}{ENDING}",
        )


def check_target(path: str | os.PathLike) -> None:
    """Raises what `save` would raise for this path: UsageError for its ending, SurroundingsError where nothing can be written."""
    check_ending(path)
    aside.check(path)


def _members(network: Network) -> dict[str, bytes]:
    config = keras_config.document_of(network.layers)
    return {
        METADATA_NAME: json.dumps(METADATA).encode(),
        keras_config.NAME: json.dumps(config).encode(),
        weights.NAME: weights.written(network.layers, network.weights),
        companion.NAME: companion.written(network),
    }


def load(path: str | os.PathLike) -> Network:
    """The network in a `.keras` file, of this tool or of Keras 3; no code of the file is run and nothing is unpacked.

    Raises InputRefused for what is no such file, or holds more than the layers of why128.layers in a row;
    SurroundingsError where it may not be read.
    """
    try:
        with opened(path) as file:
            return _network(file, os.fspath(path))
    except Why128Error as fault:  # UsageError: a layer that makes no sense was refused by its own constructor
        refusal = InputRefused if isinstance(fault, UsageError) else type(fault)
        raise refusal(f"{shown(path)}: {fault}", hint=fault.hint or WHAT_NEXT) from fault.__cause__


def read(data: bytes) -> Network:
    """The network in a file's bytes; raises InputRefused as `load`."""
    return _network(io.BytesIO(data), ENDING)


def _network(file: BinaryIO, path: str) -> Network:
    foreign.check(file, path)
    archive = Archive(file)
    _check_members(archive.names)
    _check_version(archive)
    layers = keras_config.layers_of(parse(archive.read(keras_config.NAME, MOST_CONFIG), keras_config.NAME))
    if companion.NAME in archive.names:
        beside = companion.read(parse(archive.read(companion.NAME, MOST_CONFIG), companion.NAME))
    else:
        beside = companion.assumed(layers)
    data = archive.read(weights.NAME, weights.limit(layers))
    try:
        layers, numbers = weights.read(data, layers)
    except InputRefused as fault:
        raise InputRefused(f"{weights.NAME}: {fault}", hint=fault.hint) from None
    return Network(layers, numbers, beside.classes, beside.preparation, beside.about)


def _check_members(names: tuple[str, ...]) -> None:
    for name in (keras_config.NAME, weights.NAME):
        if name not in names:
            held = shown(", ".join(names[:5]) or "nothing")
            message = f"not a Keras file: {name} is missing from the archive, which holds {held}"
            raise InputRefused(message, hint="save the model with model.save('NAME.keras')")


def _check_version(archive: Archive) -> None:
    """Raises InputRefused for a file of a newer Keras; one that names no version is judged by its layers alone."""
    if METADATA_NAME not in archive.names:
        return
    found = parse(archive.read(METADATA_NAME, MOST_CONFIG), METADATA_NAME).get("keras_version")
    major = found.partition(".")[0] if isinstance(found, str) else ""
    if major.isascii() and major.isdigit() and (len(major) > 1 or int(major) > NEWEST_KERAS):
        raise InputRefused(
            f"{METADATA_NAME}: written by Keras {shown(found, 40)}; expected Keras {NEWEST_KERAS} or older",
            hint="update why128, or save it again with Keras 3",
        )


def is_network_file(path: str | os.PathLike) -> bool:
    """Whether `path` is to be read as a network rather than as data, by its ending or what it holds; true also for
    networks of other tools, which `load` refuses saying what they are."""
    return foreign.is_network(path)


def summary(network: Network, path: str | os.PathLike) -> dict[str, Any]:
    """What `why128 inspect MODEL --json` prints: sizes, parameters, bytes of the file, classes, and how a picture is prepared."""
    return {
        "input": list(network.image_shape),
        "layers": list(network.sizes),
        "parameters": network.parameters,
        "bytes": os.path.getsize(path),
        "classes": list(network.classes),
        "activations": [
            activations.label(layer.activation or "linear") for layer in network.layers if isinstance(layer, Dense)
        ],
        "preparation": {"mode": network.preparation.mode, "scale": list(network.preparation.scale)},
        "about": dict(network.about),
    }

"""`config.json`: a whole network in Keras's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from why128.errors import InputRefused, UsageError, Why128Error, shown
from why128.formats.keras_layer import FLOAT32, item_of, layer_of, shape_of
from why128.formats.keras_named import of_keras
from why128.formats.strict_json import kind
from why128.ladder import parted
from why128.layers import Input, Layer, output_shape

NAME = "config.json"
LONGEST_NAME = 200  # characters; Keras's own have about ten
MOST_LAYERS = 1000  # deeper stacks of Dense do not learn; and each costs time before its weights are looked at


def layers_of(document: dict[str, Any]) -> tuple[Layer, ...]:
    """The layers of Keras's document, an Input first; raises InputRefused, naming the layer, for what cannot be taken."""
    if document.get("class_name") != "Sequential" or not of_keras(document):
        raise InputRefused(
            f"{NAME}: the model is a {shown(document.get('class_name'))} of module '{shown(document.get('module'))}'; expected a Sequential of keras",
            hint="in Keras, put its layers into keras.Sequential and save that",
        )
    config = document.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise InputRefused(
            f"{NAME}: expected a list of layers in its config, got {kind(config.get('layers') if isinstance(config, dict) else config)}"
        )
    items = config["layers"]
    if not 0 < len(items) <= MOST_LAYERS:
        raise InputRefused(
            f"{NAME}: {'too many layers: ' if items else ''}{len(items):,} layers; expected 1 to {MOST_LAYERS:,}"
        )
    layers = [_layer(number, item) for number, item in enumerate(items, 1)]
    if not isinstance(layers[0], Input):
        built = document.get("build_config")
        shape = config.get("build_input_shape", built.get("input_shape") if isinstance(built, dict) else None)
        layers.insert(0, Input(shape_of(shape, f"{NAME}: build_input_shape")))
    return _checked(tuple(layers))


def _layer(number: int, item: object) -> Layer:
    try:
        layer = layer_of(item)
        if isinstance(layer, Input) and number > 1:
            raise InputRefused("InputLayer must be the first layer")
        return layer
    except (UsageError, InputRefused) as fault:
        raise InputRefused(f"{NAME}: layer {number}{_called(item)}: {fault}", hint=fault.hint) from None


def _called(item: object) -> str:
    config = item.get("config") if isinstance(item, dict) else None
    name = config.get("name") if isinstance(config, dict) else None
    return f" '{shown(name, 40)}'" if isinstance(name, str) else ""


def _checked(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The layers, where one follows from the other and their names are different."""
    try:
        parted(layers)
        names_of(layers)
    except Why128Error as fault:
        raise InputRefused(f"{NAME}: {fault}", hint=fault.hint) from None
    return layers


def names_of(layers: Sequence[Layer]) -> tuple[str, ...]:
    """A name for each layer: its own, or Keras's automatic one (`dense`, `dense_1`).

    Raises UsageError for names that Keras would refuse: one twice, or one with a slash.
    """
    given = [layer.name for layer in layers if layer.name is not None]
    for name in given:
        if given.count(name) > 1:
            raise UsageError(
                f"two layers are named '{shown(name)}'; expected each name once",
                hint="rename one of them, or leave the name out",
            )
        if not name.isprintable() or "/" in name or not 0 < len(name) <= LONGEST_NAME:
            raise UsageError(
                f"a layer is named '{shown(name)}'; expected 1 to {LONGEST_NAME} printable characters without a slash",
                hint="rename it, or leave the name out",
            )
    seen = Counter[str]()
    return tuple(_automatic(layer, seen, given) if layer.name is None else layer.name for layer in layers)


def _automatic(layer: Layer, seen: Counter[str], given: Sequence[str]) -> str:
    """The next of `dense`, `dense_1`, ... that was not given to another layer; `seen` counts on."""
    base = "input_layer" if isinstance(layer, Input) else snake_case(type(layer).__name__)
    while True:
        name = f"{base}_{seen[base]}" if seen[base] else base
        seen[base] += 1
        if name not in given:
            return name


def snake_case(name: str) -> str:
    """A class's name as Keras writes it in names and paths: `re_lu`, `batch_normalization`."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)).lower()


def document_of(layers: Sequence[Layer]) -> dict[str, Any]:
    """What Keras 3 would write as config.json; raises UsageError where a layer cannot be said in it."""
    items, shape = [], layers[0].shape if isinstance(layers[0], Input) else ()
    batch_shape = [None, *shape]
    for layer, name in zip(layers, names_of(layers), strict=True):
        items.append(item_of(layer, name, shape))
        shape = output_shape(layer, shape)
    config = {
        "name": "sequential",
        "trainable": True,
        "dtype": FLOAT32,
        "layers": items,
        "build_input_shape": batch_shape,
    }
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": config,
        "registered_name": None,
        "build_config": {"input_shape": batch_shape},
    }

"""What all layers share: how a frozen value that says what a layer is is made, and the shape of one image."""

from __future__ import annotations

import operator
from typing import Any, dataclass_transform

from why128 import constraints, regularizers
from why128.arguments import Kind, frozen
from why128.errors import UsageError, shown

Shape = tuple[int, ...]

# What Keras takes and this package does not, and what to do instead.
ABSENT = {
    "dtype": "everything is float32; recipe.precision chooses another for products while learning",
    "trainable": "every layer learns; to keep weights as they are, train a network without the layer",
    "activity_regularizer": "kernel_regularizer holds weights down; activity has none here",
    "autocast": "everything is float32",
    "lora_rank": "networks of this size are trained whole",
    "lora_alpha": "networks of this size are trained whole",
    "quantization_config": "train in float32, then `why128 export --int8`",
    "data_format": "images are channels_last",
    "renorm": "BatchNormalization is the plain one of Ioffe and Szegedy 2015",
    "renorm_clipping": "BatchNormalization is the plain one of Ioffe and Szegedy 2015",
    "renorm_momentum": "BatchNormalization is the plain one of Ioffe and Szegedy 2015",
    "synchronized": "a batch is never spread over devices",
    "noise_shape": "each number is dropped by itself",
    "seed": "luck has an address: Sequential(layers, seed=...) decides all of it",
    "batch_size": "give it to fit",
    "batch_shape": "shape=(28, 28), without the number of images",
    "batch_input_shape": "input_shape=(28, 28), without the number of images",
    "sparse": "images are dense arrays",
    "ragged": "images are all of one shape",
    "tensor": "there is no functional API: layers stand in a row, in Sequential",
    "shared_axes": "every neuron has its own slope",
}  # fmt: skip


def _dimension(named: dict[str, Any]) -> None:
    if "input_dim" in named:  # Keras's older word for the shape of a flat image
        named["input_shape"] = (named.pop("input_dim"),)


@dataclass_transform(frozen_default=True)
def layer(kind: Kind) -> Kind:
    """A frozen value that says what a layer is."""
    return frozen(ABSENT, _dimension)(kind)


def whole(value: object) -> int | None:
    """A whole number, Python's or NumPy's, as Python's; None for anything else, and for True and False."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    return operator.index(value)


def checked_shape(shape: object, whose: str) -> Shape:
    """`shape` as a tuple of positive whole numbers; raises UsageError naming `whose` otherwise."""
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    numbers = tuple(whole(size) for size in sizes)
    if not numbers or not all(number is not None and number > 0 for number in numbers):
        raise UsageError(
            f"{whose}: expected the shape of one image, got {shown(repr(shape))}",
            hint="for example (28, 28), without the number of images",
        )
    return tuple(number for number in numbers if number is not None)


def plain(value: Any) -> Any:
    """A number of NumPy's as Python's; whatever else as it is."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def put(made: Any, **values: Any) -> None:
    """Set fields of a frozen value while it is made."""
    for name, value in values.items():
        object.__setattr__(made, name, value)


def entering(made: Any) -> None:
    """Check a layer's `input_shape`."""
    if made.input_shape is not None:
        put(made, input_shape=checked_shape(made.input_shape, type(made).__name__))


def held(made: Any, *weights: str) -> None:
    """Check by what regulariser and constraint each of these weights of a layer is held."""
    for weight in weights:
        for how, resolve in (("regularizer", regularizers.resolve), ("constraint", constraints.resolve)):
            name = f"{weight}_{how}"
            put(made, **{name: resolve(getattr(made, name), f"{type(made).__name__}: {name}")})

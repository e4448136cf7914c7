"""One layer in Keras's words: its config read by an allow-list, and written as Keras 3 writes it.

A key decides over what a layer computes (`units`), or cannot (`trainable`), or is not here: then a value other than
Keras's own "none of it" is refused, since guessing would change the answers in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from why128.errors import InputRefused, shown
from why128.formats.keras_named import (
    activation_item,
    activation_of,
    held_item,
    held_of,
    initializer_item,
    initializer_of,
    of_keras,
)
from why128.formats.strict_json import kind
from why128.layers import (
    ELU,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Input,
    Layer,
    LayerNormalization,
    LeakyReLU,
    Normalization,
    PReLU,
    ReLU,
    Rescaling,
    Reshape,
    Shape,
    Softmax,
)

Config = dict[str, Any]

FLOAT32: Config = {
    "module": "keras",
    "class_name": "DTypePolicy",
    "config": {"name": "float32"},
    "registered_name": None,
}
# Precisions of computing that lead to the same answers but for rounding; quantised ones do not.
POLICIES = {"float16", "float32", "float64", "bfloat16", "mixed_float16", "mixed_bfloat16"}
MOST_FACTOR = 1e30  # of a Rescaling: bytes times it are still finite in float32
LEAST_DIMENSION, MOST_DIMENSION = 1, 1 << 24  # a larger image side is a slip or an attack

# Keys that say nothing about what a trained layer computes: of training, of bookkeeping.
SILENT = {"name", "trainable", "dtype", "seed", "activity_regularizer"}


def shape_of(batch_shape: object, whose: str) -> Shape:
    """One image's shape from Keras's [None, height, ...]; raises InputRefused where a size is not known or makes no sense."""
    good = isinstance(batch_shape, list) and len(batch_shape) >= 2
    sizes = batch_shape[1:] if good and isinstance(batch_shape, list) else []
    if not good or not all(type(s) is int and LEAST_DIMENSION <= s <= MOST_DIMENSION for s in sizes):
        raise InputRefused(
            f"{whose}: the input shape is {shown(batch_shape)}; expected a batch axis and then known sizes",
            hint="for example [null, 28, 28]: in Keras, build the model with keras.Input((28, 28)) and save it again",
        )
    return tuple(sizes)


# -------------------------------------------------------------------- reading


def layer_of(item: object) -> Layer:
    """The layer that one entry of Keras's `layers` describes.

    Raises InputRefused or UsageError where it is none of the known ones, or has what they cannot have.
    """
    if not isinstance(item, dict):
        raise InputRefused(f"expected an object with class_name and config, got {kind(item)}")
    known, config = item.get("class_name"), item.get("config")
    if not isinstance(known, str) or known not in READERS or not of_keras(item):
        raise InputRefused(
            f"{shown(known)} of module '{shown(item.get('module'))}' cannot be taken; expected one of the layers {', '.join(READERS)}",
            hint="nothing of the file was run; in Keras, build a Sequential of these layers and save that",
        )
    if not isinstance(config, dict):
        raise InputRefused(f"{known}: expected its config to be an object, got {kind(config)}")
    name = config.get("name")
    if name is not None and not isinstance(name, str):
        raise InputRefused(f"{known}: expected its name to be a text, got {kind(name)}")
    if known != "InputLayer":  # whose dtype is that of the images
        _check_policy(config.get("dtype"))
    return READERS[known](config)


def _check_policy(dtype: object) -> None:
    name = dtype
    if isinstance(dtype, dict):
        config = dtype.get("config")
        name = (
            config.get("name")
            if dtype.get("class_name") == "DTypePolicy" and isinstance(config, dict)
            else dtype.get("class_name")
        )
    if name is not None and (not isinstance(name, str) or name not in POLICIES):
        raise InputRefused(
            f"dtype {shown(name)} cannot be taken; expected float32",
            hint="quantised layers are not read: save the model before quantising it",
        )


def _check_rest(config: Config, meant: set[str]) -> None:
    """Refuses a key that might change what is computed: an unknown one, unless its value says "none"."""
    for key, value in config.items():
        if key not in meant | SILENT and value not in (None, False):
            raise InputRefused(
                f"the key '{shown(key)}' with {shown(value)} is not known; expected only {', '.join(sorted(meant))}"
            )


def _required(config: Config, key: str) -> Any:
    if key not in config:
        raise InputRefused(f"the key '{key}' is missing from its config")
    return config[key]


def _input(config: Config) -> Input:
    dtype = config.get("dtype")
    if dtype is not None and not str(dtype).startswith(("float", "bfloat", "uint", "int")):
        raise InputRefused(f"InputLayer: dtype {shown(dtype)}; expected numbers, such as float32")
    _check_rest(config, {"batch_shape", "batch_input_shape"})
    return Input(shape_of(config.get("batch_shape", config.get("batch_input_shape")), "InputLayer"), config.get("name"))


def _flatten(config: Config) -> Flatten:
    if config.get("data_format") not in (None, "channels_last"):
        raise InputRefused(
            f"Flatten: data_format {shown(config['data_format'])}; expected channels_last",
            hint="the other order would mix up the pixels",
        )
    _check_rest(config, {"data_format"})
    return Flatten(name=config.get("name"))


def _rescaling(config: Config) -> Rescaling:
    _check_rest(config, {"scale", "offset"})
    factors = (_required(config, "scale"), config.get("offset", 0.0))
    for key, value in zip(("scale", "offset"), factors, strict=True):
        if type(value) not in (int, float) or not abs(value) <= MOST_FACTOR:
            raise InputRefused(f"Rescaling: {key} must be one number of at most {MOST_FACTOR:g}, got {shown(value)}")
    return Rescaling(*factors, name=config.get("name"))


def _held(*weights: str) -> tuple[str, ...]:
    return tuple(f"{weight}_{how}" for how in ("regularizer", "constraint") for weight in weights)


HELD = _held("kernel", "bias", "beta", "gamma", "alpha")
AFFINE = "center", "scale", "beta_initializer", "gamma_initializer", *_held("beta", "gamma")
# The keys of a layer that decide over what it computes, as Keras names its arguments; the first of those NEEDED must be there.
KEYS: dict[type, tuple[str, ...]] = {
    Dense: ("units", "activation", "use_bias", "kernel_initializer", "bias_initializer", *_held("kernel", "bias")),
    Dropout: ("rate",),
    GaussianNoise: ("stddev",),
    Reshape: ("target_shape",),
    Activation: ("activation",),
    ReLU: ("max_value", "negative_slope", "threshold"),
    LeakyReLU: ("negative_slope",),
    ELU: ("alpha",),
    Softmax: ("axis",),
    PReLU: ("alpha_initializer", *_held("alpha")),
    Normalization: ("axis", "mean", "variance", "invert"),
    BatchNormalization: (
        "axis",
        "momentum",
        "epsilon",
        *AFFINE,
        "moving_mean_initializer",
        "moving_variance_initializer",
    ),
    LayerNormalization: ("axis", "epsilon", *AFFINE),
}
NEEDED = {Dense, Dropout, GaussianNoise, Reshape, Activation}
TRUTHS = {"use_bias", "center", "scale", "invert"}


def _layer(made: type, config: Config) -> Layer:
    """A layer from those of its keys that are there."""
    silent = (
        {"renorm_momentum"} if made is BatchNormalization else set()
    )  # of a renorm that is refused where it is true
    _check_rest({key: value for key, value in config.items() if key not in silent}, set(KEYS[made]))
    if made in NEEDED:
        _required(config, KEYS[made][0])
    values = {key: _value(made, key, config[key]) for key in KEYS[made] if key in config}
    return made(**values, name=config.get("name"))


def _value(made: type, key: str, value: Any) -> Any:
    if key in TRUTHS and made is not Rescaling and not isinstance(value, bool):
        raise InputRefused(f"{made.__name__}: {key} must be true or false, got {shown(value)}")
    if key == "activation":
        return activation_of(value)
    if key.endswith("_initializer"):
        return initializer_of(value, key, DEFAULTS[key])
    if key in HELD:
        return held_of(value, key)
    if key == "axis":
        return value if not isinstance(value, list) else value[0] if len(value) == 1 else tuple(value) or None
    if key in ("mean", "variance") and value is not None and not _numbers(value):
        raise InputRefused(f"{made.__name__}: {key} must be numbers, got {shown(value)}")
    return tuple(value) if key == "target_shape" and isinstance(value, list) else value


def _numbers(value: Any) -> bool:
    """Whether it is a number, or lists of numbers, of as many as a picture may have."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > MOST_DIMENSION or not (isinstance(one, list) or type(one) in (int, float)):
            return False
        waiting += one if isinstance(one, list) else []
    return True


DEFAULTS = {
    "kernel_initializer": "glorot_uniform",
    "bias_initializer": "zeros",
    "alpha_initializer": "zeros",
    "beta_initializer": "zeros",
    "gamma_initializer": "ones",
    "moving_mean_initializer": "zeros",
    "moving_variance_initializer": "ones",
}
READERS: dict[str, Callable[[Config], Layer]] = {
    "InputLayer": _input,
    "Flatten": _flatten,
    "Rescaling": _rescaling,
    **{made.__name__: partial(_layer, made) for made in KEYS},
}


# -------------------------------------------------------------------- writing


def item_of(layer: Layer, name: str, entering: Shape) -> Config:
    """One entry of Keras's `layers`, for images or activity of shape `entering`.

    Keys that came after Keras 3.0 and hold their defaults (`quantization_config`, `optional`) are left out: an older
    Keras would refuse them.  Raises UsageError for an activation without a name.
    """
    if isinstance(layer, Input):
        config: Config = {"batch_shape": [None, *layer.shape], "dtype": "float32", "sparse": False, "name": name}
        return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": None}
    config = {"name": name, "trainable": True, "dtype": FLOAT32, **_own_config(layer, name)}
    built = {"input_shape": [None, *entering]}
    return {
        "module": "keras.layers",
        "class_name": type(layer).__name__,
        "config": config,
        "registered_name": None,
        "build_config": built,
    }


# What Keras writes beside what decides: none of it is here.
NONE = {
    Dropout: ("seed", "noise_shape"),
    GaussianNoise: ("seed",),
    PReLU: ("shared_axes",),
}


def _own_config(layer: Layer, name: str) -> Config:
    if isinstance(layer, Flatten):
        return {"data_format": "channels_last"}
    if isinstance(layer, Rescaling):
        return {"scale": layer.scale, "offset": layer.offset}
    values = {key: _written(key, getattr(layer, key), name) for key in KEYS[type(layer)]}
    return values | dict.fromkeys(NONE.get(type(layer), ()))


def _written(key: str, value: Any, name: str) -> Any:
    if key == "activation":
        return activation_item(value, name)
    if key.endswith("_initializer"):
        return initializer_item(value)
    if key in HELD:
        return held_item(value, key)
    return list(value) if isinstance(value, tuple) else value

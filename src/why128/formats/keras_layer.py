"""One layer in Keras's words: its config read by an allow-list, and written as Keras 3 writes it.

A key decides over what a layer computes (`units`), or cannot (`trainable`), or is not here: then a value other than
Keras's own "none of it" is refused, since guessing would change the answers in silence.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from why128 import activations, initializers
from why128.errors import DataWarning, InputRefused, UsageError, shown
from why128.formats.strict_json import kind
from why128.layers import Dense, Dropout, Flatten, Input, Layer, Rescaling, Shape

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
SILENT = {"name", "trainable", "dtype", "kernel_regularizer", "bias_regularizer", "activity_regularizer"} | {
    "kernel_constraint",
    "bias_constraint",
    "seed",
}
# Keras's default parameters of its initialisers; another value has no name here.
INITIALIZER_DEFAULTS = {"seed": None, "input_axes": None, "output_axes": None, "mean": 0.0, "gain": 1.0}
STDDEV, LIMITS = {"stddev": 0.05}, {"minval": -0.05, "maxval": 0.05}


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


def of_keras(item: Mapping[str, Any]) -> bool:
    """Whether a serialised object claims to be Keras's own, not a registered or foreign one."""
    module, registered = str(item.get("module")), item.get("registered_name")
    return (module == "keras" or module.startswith("keras.")) and registered in (
        None,
        item.get("class_name"),
        item.get("config"),
    )


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
                f"the key '{shown(key)}' with {shown(value)} is not known; expected only {', '.join(sorted(meant | SILENT))}"
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


def _dense(config: Config) -> Dense:
    _check_rest(config, {"units", "activation", "use_bias", "kernel_initializer", "bias_initializer"})
    use_bias = config.get("use_bias", True)
    if not isinstance(use_bias, bool):
        raise InputRefused(f"Dense: use_bias must be true or false, got {shown(use_bias)}")
    return Dense(
        _required(config, "units"),
        _activation(config.get("activation")),
        use_bias,
        _initializer(config.get("kernel_initializer", "glorot_uniform"), "kernel_initializer", "glorot_uniform"),
        _initializer(config.get("bias_initializer", "zeros"), "bias_initializer", "zeros"),
        name=config.get("name"),
    )


def _dropout(config: Config) -> Dropout:
    _check_rest(config, {"rate"})
    return Dropout(_required(config, "rate"), config.get("name"))


READERS: dict[str, Callable[[Config], Layer]] = {
    "InputLayer": _input,
    "Flatten": _flatten,
    "Rescaling": _rescaling,
    "Dense": _dense,
    "Dropout": _dropout,
}


def _activation(value: object) -> str:
    """The name of an activation, given by name or as Keras serialises its own functions; code is never looked up."""
    name = value
    if isinstance(value, dict):
        name = value.get("config")
        if value.get("class_name") != "function" or not of_keras(value) or not isinstance(name, str):
            given = f"{shown(value.get('class_name'))} {shown(name)} of module '{shown(value.get('module'))}'"
            raise InputRefused(
                f"activation {given} cannot be taken; expected one by Keras's name",
                hint="for example activation='relu'; nothing of the file was run",
            )
    if name is not None and not isinstance(name, str):
        raise InputRefused(f"activation: expected a name, got {kind(name)}")
    resolved = activations.resolve(name)
    assert isinstance(resolved, str)  # a name resolves to a name
    return resolved


def _initializer(value: object, key: str, default: str) -> str:
    """The name of an initialiser.  One that has none here is read as Keras's default, with a DataWarning: it has done its work."""
    if value is None or isinstance(value, str):
        return initializers.resolve(value)
    if not isinstance(value, dict) or not of_keras(value):
        given = f"{value.get('class_name')} of module '{value.get('module')}'" if isinstance(value, dict) else value
        raise InputRefused(f"{key}: {shown(given)} cannot be taken; expected an initializer of Keras")
    config = value.get("config")
    try:
        name = initializers.resolve(str(value.get("class_name")))
    except UsageError:
        name = ""
    if name and (not isinstance(config, dict) or _plain(name, config)):
        return name
    warnings.warn(
        f"{key}: {shown(value.get('class_name'))} {shown(config)} has no name here; read as '{default}'; the weights are as stored",
        DataWarning,
        stacklevel=2,
    )
    return default


def _plain(name: str, config: Config) -> bool:
    """Whether an initialiser's parameters are Keras's defaults."""
    defaults = INITIALIZER_DEFAULTS | (LIMITS if name == "random_uniform" else STDDEV)
    return all(value is None or value == defaults.get(key) for key, value in config.items() if key != "seed")


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


def _own_config(layer: Layer, name: str) -> Config:
    if isinstance(layer, Rescaling):
        return {"scale": layer.scale, "offset": layer.offset}
    if isinstance(layer, Dropout):
        return {"rate": layer.rate, "seed": None, "noise_shape": None}
    if isinstance(layer, Dense):
        return _dense_config(layer, name)
    return {"data_format": "channels_last"}


def _dense_config(layer: Dense, name: str) -> Config:
    if not isinstance(layer.activation, str):
        function = shown(activations.label(layer.activation))
        raise UsageError(
            f"layer '{shown(name)}': its activation, {function}, is a function without a Keras name and cannot be written",
            hint="a file holds no code: use an activation by name, for example 'relu'",
        )
    absent = dict.fromkeys(("kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint"))
    drawn = {
        "kernel_initializer": _written(layer.kernel_initializer),
        "bias_initializer": _written(layer.bias_initializer),
    }
    return {"units": layer.units, "activation": layer.activation, "use_bias": layer.use_bias, **drawn, **absent}


def _written(initializer: str) -> Config:
    name = "".join(part.capitalize() for part in initializer.split("_"))
    config = {} if initializer in ("zeros", "ones", "identity") else {"seed": None}
    return {"module": "keras.initializers", "class_name": name, "config": config, "registered_name": None}

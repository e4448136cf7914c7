"""What Keras writes inside a layer: activations, initialisers, by an allow-list; code is never looked up."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from why128 import activations, initializers
from why128.activations import Activation, Parametric
from why128.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from why128.errors import DataWarning, InputRefused, UsageError, shown
from why128.formats.strict_json import kind
from why128.initializers import (
    Constant,
    Identity,
    Initializer,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)  # fmt: skip
from why128.layers import ELU, LeakyReLU, ReLU
from why128.regularizers import L1, L1L2, L2

Config = dict[str, Any]

# Keras's initialisers with something to choose.
CHOOSING: dict[str, type] = {
    kind.__name__: kind
    for kind in (VarianceScaling, RandomUniform, RandomNormal, TruncatedNormal, Orthogonal, Identity, Constant)
}
CHOOSING |= {"OrthogonalInitializer": Orthogonal, "IdentityInitializer": Identity}

# Layers that stand as a Dense's activation, each with its parameters.
BENDING = {
    "ReLU": (ReLU, ("max_value", "negative_slope", "threshold")),
    "LeakyReLU": (LeakyReLU, ("negative_slope",)),
    "ELU": (ELU, ("alpha",)),
}
CLASSES = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU"}


HELD: dict[str, tuple[dict[str, type], str]] = {
    "regularizer": ({kind.__name__: kind for kind in (L1, L2, L1L2)}, "keras.regularizers"),
    "constraint": ({kind.__name__: kind for kind in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)}, "keras.constraints"),
}


def held_of(value: object, key: str) -> Any:
    """A regulariser or a constraint; one that is not known here is left out, with a DataWarning: it acts while learning only."""
    kinds, _ = HELD[key.rpartition("_")[2]]
    name = value.get("class_name") if isinstance(value, dict) else value
    if isinstance(value, dict) and of_keras(value) and isinstance(name, str) and name in kinds:
        config = value.get("config")
        try:
            return kinds[name](**(config if isinstance(config, dict) else {}))
        except TypeError:
            pass
    if value is not None:
        warnings.warn(
            f"{key}: {shown(name)} is not known here, and left out; answers do not depend on it",
            DataWarning,
            stacklevel=2,
        )
    return None


def held_item(held: Any, key: str) -> Any:
    """A regulariser or a constraint as Keras writes it."""
    if held is None:
        return None
    module = HELD[key.rpartition("_")[2]][1]
    return {"module": module, "class_name": type(held).__name__, "config": asdict(held), "registered_name": None}


def of_keras(item: Mapping[str, Any]) -> bool:
    """Whether a serialised object claims to be Keras's own, not a registered or foreign one."""
    module, registered = str(item.get("module")), item.get("registered_name")
    return (module == "keras" or module.startswith("keras.")) and registered in (
        None,
        item.get("class_name"),
        item.get("config"),
    )


def activation_of(value: object) -> Activation:
    """An activation, given by name, as Keras serialises its own functions, or as a layer that bends."""
    name = value
    if isinstance(value, dict):
        name, which = value.get("config"), value.get("class_name")
        if isinstance(which, str) and which in BENDING and of_keras(value) and isinstance(name, dict):
            made, keys = BENDING[which]
            return made(**{key: name[key] for key in keys if key in name}).function
        if which != "function" or not of_keras(value) or not isinstance(name, str):
            given = f"{shown(which)} {shown(name)} of module '{shown(value.get('module'))}'"
            raise InputRefused(
                f"activation {given} cannot be taken; expected one by Keras's name",
                hint="for example activation='relu'; nothing of the file was run",
            )
    if name is not None and not isinstance(name, str):
        raise InputRefused(f"activation: expected a name, got {kind(name)}")
    return activations.resolve(name)


def activation_item(activation: Activation, whose: str) -> Any:
    """An activation as Keras writes it; raises UsageError for a function without a name."""
    if isinstance(activation, str):
        return activation
    if isinstance(activation, Parametric):
        values = {key: None if value == float("inf") else value for key, value in activation.parameters}
        return {
            "module": "keras.layers",
            "class_name": CLASSES[activation.name],
            "config": values,
            "registered_name": None,
        }
    raise UsageError(
        f"layer '{shown(whose)}': its activation, {shown(activations.label(activation))}, is a function without a Keras name and cannot be written",
        hint="a file holds no code: use an activation by name, for example 'relu'",
    )


def initializer_of(value: object, key: str, default: str) -> str | Initializer:
    """An initialiser.  One that is not here is read as Keras's default, with a DataWarning: it has done its work."""
    if value is None or isinstance(value, str):
        return initializers.resolve(value)
    if not isinstance(value, dict) or not of_keras(value):
        given = f"{value.get('class_name')} of module '{value.get('module')}'" if isinstance(value, dict) else value
        raise InputRefused(f"{key}: {shown(given)} cannot be taken; expected an initializer of Keras")
    name, config = str(value.get("class_name")), value.get("config")
    chosen = {k: v for k, v in (config if isinstance(config, dict) else {}).items() if k != "seed" and v is not None}
    try:
        if name in CHOOSING and all(type(choice) in (str, int, float) for choice in chosen.values()):
            return initializers.resolve(CHOOSING[name](**chosen))
        if not chosen:
            return initializers.resolve(name)
    except UsageError:
        pass
    warnings.warn(
        f"{key}: {shown(name)} {shown(config)} has no name here; read as '{default}'; the weights are as stored",
        DataWarning,
        stacklevel=2,
    )
    return default


def initializer_item(given: str | Initializer) -> Config:
    """An initialiser as Keras writes it."""
    if isinstance(given, str):
        name = "".join(part.capitalize() for part in given.split("_"))
        config: Config = {} if given in ("zeros", "ones", "identity") else {"seed": None}
    else:
        name, config = type(given).__name__, asdict(given)
        config |= {} if isinstance(given, (Identity, Constant)) else {"seed": None}
    return {"module": "keras.initializers", "class_name": name, "config": config, "registered_name": None}

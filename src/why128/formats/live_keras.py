"""Live models of Keras, in and out: by way of its own file, so that there is one reading and one writing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from why128.errors import InputRefused, SurroundingsError, UsageError, shown
from why128.formats import keras_file
from why128.network import Network


def from_keras(model: Any) -> Network:
    """A model of Keras 3 as a network, with its weights as they are.

    Raises UsageError for what is no model of Keras, InputRefused where it holds more than the layers of why128.layers in a row.
    """
    if not type(model).__module__.startswith("keras.") or not hasattr(model, "layers"):
        raise UsageError(
            f"from_keras: expected a model of Keras 3, got {shown(type(model).__name__)}",
            hint="keras.Sequential([...])",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
        except ValueError as fault:
            raise InputRefused(
                f"from_keras: Keras cannot save this model: {shown(fault, 200)}", hint="call model.build() first"
            ) from None
        try:
            return keras_file.load(path)
        except InputRefused as fault:
            raise InputRefused(str(fault).replace(f"{shown(path)}: ", "from_keras: "), hint=fault.hint) from None


def to_keras(network: Network) -> Any:
    """A network as a model of Keras; raises SurroundingsError where Keras is not installed."""
    try:
        import keras  # a person's own, seconds to import, and asked for here only
    except ImportError:
        raise SurroundingsError("to_keras: the package keras is missing", hint="pip install keras") from None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        keras_file.save(network, path)
        return keras.saving.load_model(path)

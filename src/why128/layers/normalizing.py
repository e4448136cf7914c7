"""Layers that bring numbers to mean 0 and standard deviation 1: of the data, of a batch, or of a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from why128 import initializers
from why128.arguments import number
from why128.constraints import Constraint
from why128.errors import UsageError, shown
from why128.initializers import Initializer
from why128.layers.words import Shape, entering, held, layer, put
from why128.regularizers import Regularizer

if TYPE_CHECKING:
    import numpy as np

EPSILON = 1e-7  # Keras's: the least standard deviation that Normalization divides by


@layer
class Normalization:
    """(inputs − mean) / standard deviation, both known beforehand: given, or found in data by `adapt`.

    `axis=-1` knows one of each for every channel of an image, or for every number of a flat one; `axis=None` one for all.
    """

    axis: int | None = -1
    mean: Any = None  # a number, or as many as the axis has; kept as a tuple
    variance: Any = None
    invert: bool = False
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        if self.axis not in (-1, None):
            raise UsageError(
                f"Normalization: axis must be -1 or None, got {shown(repr(self.axis))}",
                hint="-1: a mean for every channel, or number; None: one for all",
            )
        if (self.mean is None) != (self.variance is None):
            raise UsageError(
                "Normalization: mean and variance go together, got one of them", hint="or call adapt(images)"
            )
        if self.mean is not None:
            put(self, mean=_numbers(self.mean, "mean"), variance=_numbers(self.variance, "variance"))
        if self.variance and min(self.variance) < 0:
            raise UsageError(f"Normalization: variance must be at least 0, got {min(self.variance):g}")
        entering(self)

    def adapt(self, data: Any) -> None:
        """Find mean and variance in images (N, ...), or in what gives batches of them, with labels or without.

        The one thing that a layer lets itself be told later.  Raises UsageError for what has no images.
        """
        count: int = 0
        mean: Any = 0.0
        variance: Any = 0.0
        for images in _batches(data):
            axes = None if self.axis is None else tuple(range(images.ndim - 1))
            own = images.mean(axes, dtype="float64")
            if count and own.shape != mean.shape:
                raise UsageError(f"Normalization: adapt met a batch of another shape, {images.shape}")
            away, more = own - mean, images.size // own.size
            total = count + more  # what two parts have in common, from each one's mean and variance (Chan et al. 1983)
            variance = (
                variance * count + images.var(axes, dtype="float64") * more + away**2 * count * more / total
            ) / total
            mean, count = mean + away * more / total, total
        if not count:
            raise UsageError("Normalization: adapt was given no images")
        put(self, mean=_numbers(mean, "mean"), variance=_numbers(variance, "variance"))

    @property
    def adapted(self) -> bool:
        """Whether mean and variance are known."""
        return self.mean is not None

    def factors(self, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
        """(mean, standard deviation) for images of this shape as rows: each (1,) or (D,) float32.  Raises UsageError."""
        import numpy as np  # heavy, and a layer can be named without it

        if not self.adapted:
            raise UsageError("Normalization: mean and variance are not known yet", hint="call adapt(images) before")
        channels = shape[-1] if shape else 1
        found = []
        for values in (self.mean, self.variance):
            if len(values) not in (1, channels):
                raise UsageError(
                    f"Normalization: expected {channels} numbers for images of shape {shape}, got {len(values)}"
                )
            one = np.array(values, np.float32)
            found.append(one if len(one) == 1 else np.tile(one, int(np.prod(shape)) // channels))
        return found[0], np.maximum(np.sqrt(found[1]), np.float32(EPSILON))


def _batches(data: Any) -> Iterator[np.ndarray]:
    """Images (N, ...), or batch by batch the images of what gives batches."""
    import numpy as np  # heavy, and a layer can be named without it

    if hasattr(data, "shape") or (isinstance(data, list) and data and isinstance(data[0], (list, str, float, int))):
        data = [data]
    elif hasattr(data, "__getitem__"):  # which need not say by itself where it ends
        data = map(data.__getitem__, range(len(data)))
    for batch in data:
        images = np.asarray(batch[0] if isinstance(batch, tuple) else batch)
        if images.dtype.kind not in "biuf" or images.ndim < 2 or not images.size:
            raise UsageError(
                f"Normalization: adapt expects images (N, ...), got {images.dtype} of shape {images.shape}"
            )
        yield images


def _numbers(given: Any, what: str) -> tuple[float, ...]:
    import numpy as np  # heavy, and a layer can be named without it

    try:
        values = np.asarray(given, np.float32).ravel()
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"Normalization: {what} must be numbers, got {shown(repr(given))}") from None
    if not len(values) or not np.isfinite(values).all():
        raise UsageError(f"Normalization: {what} must be finite numbers, got {shown(repr(given))}")
    return tuple(values.tolist())


@layer
class BatchNormalization:
    """Each number less its mean in the batch, over its standard deviation there (Ioffe & Szegedy 2015), then × gamma + beta.

    Outside training, by running means of both.
    """

    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer = "zeros"
    gamma_initializer: str | Initializer = "ones"
    moving_mean_initializer: str | Initializer = "zeros"
    moving_variance_initializer: str | Initializer = "ones"
    beta_regularizer: Regularizer | None = None  # or a name
    gamma_regularizer: Regularizer | None = None
    beta_constraint: Constraint | None = None
    gamma_constraint: Constraint | None = None
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        _last_axis(self)
        put(
            self,
            momentum=number("BatchNormalization: momentum", self.momentum, 0.0, 1.0),
            epsilon=number("BatchNormalization: epsilon", self.epsilon, 0.0),
        )
        for name in ("beta", "gamma", "moving_mean", "moving_variance"):
            put(self, **{f"{name}_initializer": initializers.resolve(getattr(self, f"{name}_initializer"))})
        held(self, "beta", "gamma")
        entering(self)


@layer
class LayerNormalization:
    """All numbers of one image less their mean, over their standard deviation (Ba et al. 2016), then × gamma + beta."""

    axis: int = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer = "zeros"
    gamma_initializer: str | Initializer = "ones"
    beta_regularizer: Regularizer | None = None  # or a name
    gamma_regularizer: Regularizer | None = None
    beta_constraint: Constraint | None = None
    gamma_constraint: Constraint | None = None
    input_shape: Shape | None = None
    name: str | None = None

    def __post_init__(self):
        _last_axis(self)
        put(
            self,
            epsilon=number("LayerNormalization: epsilon", self.epsilon, 0.0),
            beta_initializer=initializers.resolve(self.beta_initializer),
            gamma_initializer=initializers.resolve(self.gamma_initializer),
        )
        held(self, "beta", "gamma")
        entering(self)


def _last_axis(made: Any) -> None:
    if made.axis not in (-1, 1, [-1], (-1,)):
        raise UsageError(
            f"{type(made).__name__}: axis must be -1, got {shown(repr(made.axis))}",
            hint="after a Dense there is one axis",
        )
    put(made, axis=-1)

"""How networks are trained: the one place of every default of training.

The command line's options, the studio's fields and the help texts are built from these.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from why128 import losses, optimizers
from why128.errors import UsageError, shown
from why128.layers import whole

BATCH_SIZE = 32  # Keras's, and the textbook's
# How the first layer is multiplied while learning, by Keras's names.  Mixed: factors rounded to bfloat16 (8 bits of mantissa), sums,
# weights and moments in float32.  Networks answer, and are judged, in float32 either way.
PRECISIONS = ("float32", "mixed_bfloat16")
# Of the images given to learn from, kept back to judge by: more than the usual fifth, because what a study can tell apart
# is limited by the images that it judges by (the 2,000 of a fifth of the built-in sample leave the default study in doubt).
SHARE_HELD_OUT = 0.3


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are those of a study."""

    epochs: int = 10
    batch_size: int = 128  # four times the textbook's: the wide product is busier, and accuracies are not told apart
    optimizer: optimizers.Optimizer = field(default_factory=optimizers.Adam)
    loss: losses.Loss = field(default_factory=losses.SparseCategoricalCrossentropy)
    held_out: float = SHARE_HELD_OUT
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self):
        if self.precision not in PRECISIONS:
            raise UsageError(f"precision: expected one of {', '.join(PRECISIONS)}, got {shown(repr(self.precision))}")
        if callable(self.optimizer.learning_rate):
            raise UsageError(
                "recipe: a study's learning rate is one number, so that candidates can have their own, got a schedule",
                hint="Sequential.fit takes schedules",
            )
        if not isinstance(self.loss, losses.SparseCategoricalCrossentropy):
            raise UsageError(
                f"recipe: a study learns classes by the sparse categorical cross-entropy, got {type(self.loss).__name__}",
                hint="Sequential.fit takes other losses",
            )
        positive("epochs", self.epochs)
        positive("batch size", self.batch_size)
        if not 0.0 < self.held_out < 1.0:
            raise UsageError(
                f"held-out share: expected a number between 0 and 1, got {shown(repr(self.held_out))}",
                hint="for example 0.2",
            )
        if (whole(self.seed) or 0) < 0 or whole(self.seed) is None:
            raise UsageError(f"seed: expected a whole number of at least 0, got {shown(repr(self.seed))}")


def positive(what: str, value: object) -> int:
    """`value` as a whole number of at least 1; raises UsageError naming `what`."""
    number = whole(value)
    if number is None or number < 1:
        raise UsageError(f"{what}: expected a whole number of at least 1, got {shown(repr(value))}")
    return number

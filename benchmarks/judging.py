"""The lines by which the engine is judged, each a ratio taken within a round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.scenarios import (
    ALONE,
    FEW,
    FIT,
    LADDER,
    LADDER_16,
    LADDER_32,
    MANY,
    ONE,
    ONE_CORE,
    OURS,
    TWICE,
    TWO_CORES,
    Part,
)

Seen = Mapping[tuple[str, str], Mapping[str, float]]  # of a round, by part and peer: network_epoch, whole, share


@dataclass(frozen=True)
class Line:
    """What is asked of a ratio; it raises KeyError or ValueError where something that it needs was not played."""

    says: str
    due: float
    at_most: bool
    ratio: Callable[[Seen], float]


def _against(part: Part, figure: str, *peers: str, ours: str = OURS) -> Callable[[Seen], float]:
    """Our figure over the least of these peers'; those that are missing are not asked."""

    def ratio(seen: Seen) -> float:
        there = [seen[part.name, peer][figure] for peer in peers if (part.name, peer) in seen]
        return seen[part.name, ours][figure] / min(there)

    return ratio


def _parts(over: Part, under: Part) -> Callable[[Seen], float]:
    return lambda seen: seen[over.name, OURS]["whole"] / seen[under.name, OURS]["whole"]


def _share(part: Part, figure: str = "share") -> Callable[[Seen], float]:
    return lambda seen: seen[part.name, OURS][figure]


TORCH = ("torch_eager", "torch_bmm", "torch_vmap", "parallel_mlps")
LINES = (
    Line("one network, batch 32, an epoch: of Keras/JAX's", 1 / 3, True, _against(ONE, "network_epoch", "keras_jax")),
    Line(
        "one network, batch 32, an epoch: of Keras/TensorFlow's",
        1 / 10,
        True,
        _against(ONE, "network_epoch", "keras_tensorflow"),
    ),
    Line("one network, batch 32, an epoch: of PyTorch's best", 1 / 2, True, _against(ONE, "network_epoch", *TORCH)),
    Line(
        "the same by Sequential.fit: of Keras/JAX's", 1 / 3, True, _against(ONE, "network_epoch", "keras_jax", ours=FIT)
    ),
    Line("ladder, batch 128: share of the float32 peak", 0.78, False, _share(LADDER)),
    Line("ladder, batch 128: the same, with judging's products", 0.78, False, _share(LADDER, "share_with_judging")),
    Line("ladder, batch 128: of the fastest one at a time", 1 / 3, True, _against(LADDER, "whole", *ALONE)),
    Line("ladder, batch 128: of Keras/JAX's", 1 / 4, True, _against(LADDER, "whole", "keras_jax")),
    Line("ladder, batch 128: of Keras/TensorFlow's", 1 / 9, True, _against(LADDER, "whole", "keras_tensorflow")),
    Line("ladder, batch 128: of ParallelMLPs' method's", 1 / 4, True, _against(LADDER, "whole", "parallel_mlps")),
    Line("ladder, batch 32: share of the float32 peak", 0.66, False, _share(LADDER_32)),
    Line("ladder, batch 32: the same, with judging's products", 0.66, False, _share(LADDER_32, "share_with_judging")),
    Line("ladder, batch 32: of Keras/JAX's", 1 / 4, True, _against(LADDER_32, "whole", "keras_jax")),
    Line("ladder, batch 32: of Keras/TensorFlow's", 1 / 16, True, _against(LADDER_32, "whole", "keras_tensorflow")),
    Line("ladder, bfloat16 products: share of the float32 peak", 1.05, False, _share(LADDER_16)),
    Line(
        "ladder, bfloat16 products: the same, with judging's products",
        1.05,
        False,
        _share(LADDER_16, "share_with_judging"),
    ),
    Line("twice the replicates: times as long", 2.05, True, _parts(TWICE, LADDER)),
    Line("two cores: times one core's throughput", 1.9, False, _parts(ONE_CORE, TWO_CORES)),
    # ten times the work at 1.1 times its share
    Line("500 networks of 64: times as long as 50", 11.0, True, _parts(MANY, FEW)),
)


def judged(rounds: Sequence[Seen]) -> list[dict]:
    """Each line with its ratio in every round where what it needs was played."""
    found = []
    for line in LINES:
        ratios = []
        for seen in rounds:
            try:
                ratios.append(line.ratio(seen))
            except (KeyError, ValueError):
                continue
        found.append({"line": line.says, "due": line.due, "at_most": line.at_most, "ratios": ratios})
    return found

"""What `make bench` plays, and what is computed from it.  Pure: no clock and no library of a peer is touched here."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from why128.studies.bench import WATCHED

# Networks one at a time: of these a sample is trained, one network a width for fewer epochs, and scaled.
ALONE = ("keras_tensorflow", "keras_jax", "torch_eager", "scikit_learn")
# All replicates together, by width or as a whole: for fewer epochs, and scaled.
TOGETHER = ("torch_bmm", "torch_vmap", "parallel_mlps")
OURS = "why128_study"
FIT = "why128_fit"  # the library's door, for the scenario of one network
PEERS = (OURS, FIT, *ALONE, *TOGETHER)

WIDTHS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # a study's default ladder
INPUTS = 784
SAMPLED_EPOCHS = 2  # of peers, where they are scaled: one that compiles, and one that does not


@dataclass(frozen=True)
class Part:
    """One thing that is played: these networks, by these peers, once a round."""

    name: str
    widths: tuple[int, ...]
    replicates: int
    batch: int
    epochs: int
    peers: tuple[str, ...] = (OURS,)
    sampled_epochs: int = SAMPLED_EPOCHS  # of the peers
    cores: int | None = None  # None is all
    precision: str = "float32"

    @property
    def networks(self) -> int:
        return len(self.widths) * self.replicates

    def sampled(self, peer: str) -> Part:
        """What of it this peer trains: all of it, or the sample that is scaled."""
        if peer == OURS:
            return self
        replicates = 1 if peer in (*ALONE, FIT) else self.replicates
        return replace(self, replicates=replicates, epochs=min(self.epochs, self.sampled_epochs))


ONE = Part("one network of 128, batch 32", (128,), 1, 32, 4, (OURS, FIT, *ALONE, *TOGETHER), sampled_epochs=4)
LADDER = Part("ladder, batch 128", WIDTHS, 5, 128, 10, (OURS, *ALONE, *TOGETHER))
LADDER_32 = replace(LADDER, name="ladder, batch 32", batch=32)
LADDER_16 = replace(LADDER, name="ladder, bfloat16 products", precision="mixed_bfloat16", peers=(OURS,))
TWICE = replace(LADDER, name="ladder, twice the replicates", replicates=10, peers=(OURS,))
# An even number of replicates, so that two cores have equally much to do.
TWO_CORES = Part("4 replicates, two cores", WIDTHS, 4, 128, 5, cores=2)
ONE_CORE = replace(TWO_CORES, name="4 replicates, one core", cores=1)
FEW = Part("50 networks of 64", (64,), 50, 128, 2)
MANY = replace(FEW, name="500 networks of 64", replicates=500)

SCENARIOS: dict[str, tuple[Part, ...]] = {
    "one": (ONE,),
    "ladder": (LADDER,),
    "ladder-32": (LADDER_32,),
    "bfloat16": (LADDER_16,),
    "replicates": (replace(LADDER, peers=(OURS,)), TWICE),
    "cores": (ONE_CORE, TWO_CORES),
    "many": (FEW, MANY),
}


def plays(scenarios: Sequence[str], peers: Sequence[str]) -> list[tuple[Part, str]]:
    """What is played in a round, each thing once: part and peer."""
    chosen: dict[tuple[str, str], tuple[Part, str]] = {}
    for part in (part for name in scenarios for part in SCENARIOS[name]):
        for peer in part.peers:
            if peer in peers:
                chosen.setdefault((part.name, peer), (part, peer))
    return list(chosen.values())


def shorter(part: Part) -> Part:
    """The same for a first look: two epochs of everything."""
    return replace(part, epochs=min(part.epochs, 2), sampled_epochs=2)


# ------------------------------------------------------------------ from what was measured to figures


def gflop(part: Part, images: int) -> float:
    """The work of a part: the first layer's two products (engine and peers alike), and nothing else.

    4 · inputs · neurons operations an image and epoch (forward, and the kernel's gradient); softmax regression, the heads,
    the optimiser and the judging are not counted as work, but their time is.
    """
    return 4 * INPUTS * sum(part.widths) * part.replicates * part.epochs * images / 1e9


def gflop_of_judging(part: Part, learned: int, held_out: int) -> float:
    """The same product where this engine judges: held-out images that it watches after every epoch, and at the end all images."""
    judged = part.epochs * min(held_out, WATCHED) + learned + held_out
    return 2 * INPUTS * sum(part.widths) * part.replicates * judged / 1e9


def steady(epochs: Sequence[float]) -> float:
    """Seconds of an epoch once everything is compiled: the mean of those after the first."""
    return statistics.fmean(epochs[1:] or epochs)


def network_epoch(part: Part, result: Mapping[str, Any]) -> float:
    """Seconds a network and epoch: of the epochs after the first, or of the whole where epochs ran side by side."""
    timed = [group for group in result["groups"] if group["epochs"]]
    if not timed:
        return result["seconds"] / (part.networks * part.epochs)
    return sum(steady(group["epochs"]) for group in timed) / sum(len(group["widths"]) for group in timed)


def whole(part: Part, peer: str, result: Mapping[str, Any]) -> float:
    """Seconds of the whole part: measured for this engine, scaled from its sample for a peer.

    Every group's first epoch (with its compiling) counts as measured, further epochs as the steady one, and networks one
    at a time as often as there are replicates.  Importing and judging count once, as measured: in the peer's favour.
    """
    if peer == OURS:
        return result["seconds"]
    groups = [group["epochs"] for group in result["groups"]]
    rest = result["seconds"] - sum(map(sum, groups))
    times = part.replicates // part.sampled(peer).replicates
    return rest + times * sum(epochs[0] + (part.epochs - 1) * steady(epochs) for epochs in groups)


def accuracies(part: Part, peer: str, result: Mapping[str, Any]) -> dict[int, list[float]]:
    """By width, accuracies on the images to judge by, after as many epochs as the part's peers train."""
    found: dict[int, list[float]] = {}
    if peer == OURS:
        due = min(part.epochs, part.sampled_epochs) if len(part.peers) > 1 else part.epochs
        for epoch, width, accuracy in result["curves"]:
            if epoch == due:
                found.setdefault(width, []).append(accuracy)
        return found
    for group in result["groups"]:
        for width, accuracy in zip(group["widths"], group["accuracies"], strict=True):
            found.setdefault(width, []).append(accuracy)
    return found


def mean_and_sd(values: Sequence[float]) -> dict[str, Any]:
    return {
        "n": len(values),
        "mean": statistics.fmean(values),
        "sd": statistics.stdev(values) if len(values) > 1 else None,
    }

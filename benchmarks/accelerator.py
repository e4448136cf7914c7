"""What does mapping bring?  Epochs of a study's networks, all replicates in one program, against one replicate at a time.

    python -m benchmarks.accelerator [--replicates 5] [--epochs 3] [--rounds 3] [--batch 128] [--data sample] [--record]

Both on the same devices, in turn: the default ladder, mapped in groups of as many replicates as memory holds, and each
replicate by itself on the first device.  Seconds are of training, without compiling.  Where there is no accelerator, the
processor is taken as two devices, and the record says so: what is measured then is that it runs, not what it would bring.
"""

from __future__ import annotations

import argparse
import time

import jax
import numpy as np
from benchmarks import record

from why128 import engine
from why128.data.source import open_data
from why128.division import divide
from why128.recipe import Recipe
from why128.studies import groups
from why128.studies.bench import Bench, Pictures
from why128.studies.events import Luck
from why128.studies.plan import Plan

SIMULATED = 2  # devices that the processor is taken as, where there is no accelerator


def devices() -> dict:
    """What is trained on, in words."""
    found = jax.devices()
    return {
        "accelerator": found[0].platform != "cpu",
        "platform": found[0].platform,
        "kind": found[0].device_kind,
        "count": len(found),
        "simulated": found[0].platform == "cpu",
    }


class Measured:
    """A study's networks, trained both ways."""

    def __init__(self, plan: Plan, data, replicates: int):
        division = divide(data, plan.recipe.held_out, plan.recipe.seed)
        self.bench, self.pictures = Bench.of(plan, data, division, plan.entries), Pictures.of(data)
        recipe = plan.recipe
        self.cohort = engine.Cohort(self.bench.ladder, recipe.optimizer, recipe.loss, recipe.batch_size)
        self.runs = [engine.Run(self.bench.learned, recipe.epochs, recipe.seed, r) for r in range(replicates)]
        most = groups.most(self.bench, groups.room(), self.pictures.pixels.nbytes)
        lucks = dict.fromkeys(Luck.of(r) for r in range(replicates))
        self.shares = groups.shares(lucks, engine.devices(), most)
        self.devices = groups.used(self.shares)
        arrays = self.pictures.pixels, self.pictures.labels
        self.alone_data = engine.Data.of(*arrays)
        self.mapped_data = engine.Data.of(*arrays, over=engine.mesh(self.devices))

    def begun(self, run: engine.Run) -> engine.Progress:
        return engine.begin(
            self.cohort, run, engine.start(self.cohort, self.bench.ladder.initial(run.seed, run.replicate))
        )

    def trained(self, run, data, progress) -> tuple[float, float, np.ndarray]:
        """Seconds of training, seconds with all else, and hits on the validation images, (R, K, N) or (K, N)."""
        began, seconds = time.perf_counter(), 0.0
        for progress in engine.advance(self.cohort, data, run, progress):  # noqa: B020, where it stands is what goes on
            seconds += progress.seconds if progress.ended else 0.0
        found = engine.assess(self.cohort, data, self.bench.held_out, progress.state.parameters, run)
        return seconds, time.perf_counter() - began, found.hits

    def mapped(self) -> tuple[float, float, np.ndarray]:
        """All replicates, group after group."""
        found = []
        for share in self.shares:
            group = engine.Group(tuple(self.runs[luck.order] for luck in share.lucks), share.lanes, self.devices)
            progress = engine.together(group, [self.begun(run) for run in group.runs])
            seconds, all_of_it, hits = self.trained(group, self.mapped_data, progress)
            found.append((seconds, all_of_it, hits[: len(group.runs)]))
        return sum(f[0] for f in found), sum(f[1] for f in found), np.concatenate([f[2] for f in found])

    def alone(self) -> tuple[float, float, np.ndarray]:
        """One replicate after the other."""
        found = [self.trained(run, self.alone_data, self.begun(run)) for run in self.runs]
        return sum(f[0] for f in found), sum(f[1] for f in found), np.stack([f[2] for f in found])


def compared(measured: Measured, epochs: int, rounds: int) -> dict:
    """Seconds an epoch of all networks, both ways in turn, after a first round that compiles."""
    (_, mapped_first, mapped), (_, alone_first, alone) = measured.mapped(), measured.alone()
    both = [(measured.mapped()[0] / epochs, measured.alone()[0] / epochs) for _ in range(rounds)]
    points = 100 * np.abs(mapped.mean(2) - alone.mean(2)).max()
    return {
        "networks": len(measured.runs) * len(measured.bench.layers),
        "replicates_a_device": measured.shares[0].lanes,
        "groups": len(measured.shares),
        "devices_used": measured.devices,
        "mapped_seconds_an_epoch": record.spread([m for m, _ in both]),
        "alone_seconds_an_epoch": record.spread([a for _, a in both]),
        "mapped_to_alone": record.spread([m / a for m, a in both]),
        "first_round_with_compiling": {"mapped": mapped_first, "alone": alone_first},
        "validation_images_answered_alike": float((mapped == alone).mean()),
        "most_points_of_accuracy_apart": float(points),
        "estimated_bytes_a_replicate": groups.taken(measured.bench),
        "peak_bytes": (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use"),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, usual in (("replicates", 5), ("epochs", 3), ("rounds", 3), ("batch", 128)):
        options.add_argument(f"--{name}", type=int, default=usual)
    options.add_argument("--data", default="sample")
    options.add_argument("--record", action="store_true")
    asked = options.parse_args()
    jax.config.update("jax_num_cpu_devices", SIMULATED)  # of no account where there is an accelerator
    device = devices()
    if not device["accelerator"]:
        print(
            f"no accelerator here: {SIMULATED} simulated devices on the processor, which show nothing of what one would bring"
        )
    data, recipe = open_data(asked.data), Recipe(epochs=asked.epochs, batch_size=asked.batch)
    found = compared(Measured(Plan(recipe=recipe).on(data), data, asked.replicates), asked.epochs, asked.rounds)
    print(
        f"{device['count']} × {device['kind']} ({device['platform']}), {found['networks']} networks, batch {asked.batch}"
    )
    for name in ("mapped_seconds_an_epoch", "alone_seconds_an_epoch", "mapped_to_alone"):
        each = found[name]
        print(f"{name:>25} {each['median']:8.3f}  ({each['min']:.3f} to {each['max']:.3f}, n = {each['n']})")
    if asked.record:
        figures = {"device": device, "batch": asked.batch, "epochs": asked.epochs, "data": asked.data, **found}
        print(f"written to {record.write('accelerator', figures, ['jax', 'jaxlib', 'numpy'])}")


if __name__ == "__main__":
    main()

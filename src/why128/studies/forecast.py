"""What a study will take, told before it begins: how many networks, about how long, and how much memory at most.

The time is counted in seconds of a core: matrix products at the speed that this machine shows at the moment, and beside them what
the engine was measured to take.  It is for training on the processor.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from why128.data.images import Dataset
from why128.division import Division, divide, without_test
from why128.studies import memory, settling
from why128.studies.bench import WATCHED, Bench
from why128.studies.crew import cores
from why128.studies.events import Luck
from why128.studies.plan import MOST_TWINS, Plan
from why128.studies.settling import Step
from why128.studies.until import Until

# Seconds of a core beside the products, on a processor with AVX-512 (commit a283921, 15 ladders, batches of 32 to 512).
PARAMETER = 1.4e-9  # to move one parameter by one step
NUMBER = 1.0e-9  # to gather one number of an image, and make it a float
SCORE = 2.0e-8  # to judge one score of one network by its label, and begin its gradient
AROUND = 3.0  # to import, compile, judge and write: seconds of a core, whatever is trained

SIDE, PRODUCTS = 64, 50  # of the products that are timed: too small for a BLAS to share one out over cores
TIMED = 0.03  # seconds of them


@dataclass(frozen=True)
class Forecast:
    """What a study will take."""

    networks: int  # that are trained
    cores: int  # that are busy: cohorts trained at a time, where there are as many cores
    seconds: float  # about, from now to the answer, where so many cores have nothing else to do
    memory: int  # bytes, at most
    disk: int  # bytes that the images lie in while it runs; what it keeps is small
    more: bool = False  # whether further networks follow where these do not settle it


def speed() -> float:
    """How many float32 operations of products a core does here, in each second that it works."""
    factor = np.ones((PRODUCTS, SIDE, SIDE), np.float32)
    product, count, began = np.empty_like(factor), 0, time.thread_time()
    while (worked := time.thread_time() - began) < TIMED:
        np.matmul(factor, factor, out=product)
        count += 1
    return 2 * SIDE**3 * PRODUCTS * count / worked


def foresee(plan: Plan, data: Dataset, workers: int | None = None, until: Until | None = None) -> Forecast:
    """What a study would take that begins now on this machine; nothing is begun.

    Raises InputRefused where a class is too small to be divided, UsageError where a limit is too low to begin,
    SurroundingsError where memory does not suffice.
    """
    plan = plan.on(data)
    step = settling.begin(plan, until)
    disk, division = memory.on_disk(data), divide(data, plan.recipe.held_out, plan.recipe.seed, plan.tuning)
    data, rest = without_test(data, division)
    found = of(plan, data, rest, step, memory.affordable(plan, data, rest, workers or cores()), until, disk)
    assert found is not None, "a study begins with something"
    return found


def of(
    plan: Plan, data: Dataset, division: Division, step: Step, workers: int, until: Until | None, disk: int
) -> Forecast | None:
    """What this step takes with all that follows it for certain, so many cohorts at a time; None where nothing is left of it.

    Products of bfloat16 count as float32's: it may take less.  The memory is that of all of the plan.
    Twins take what the networks tried take on average: whose they will be is not known.
    """
    if not step.replicates:
        return None
    entries, replicates, flops = step.entries(plan), len(step.replicates), speed()
    twins = len(plan.factors) * min(MOST_TWINS, plan.replicates) if plan.replicates > 1 and until is None else 0
    bench = Bench.of(plan, data, division, entries, WATCHED)
    images = len(bench.rows(data.train.labels, Luck.of(0)))
    each = [work(cohort, images, flops) for cohort in reversed(bench.cohorts)]
    busy = min(workers, cores())
    seconds = AROUND + together(each * replicates, busy) + together([sum(each) / len(entries)] * twins, busy)
    return Forecast(
        len(entries) * replicates + twins,
        busy,
        seconds,
        memory.planned(plan, data, division, workers),
        disk,
        until is not None,
    )


def work(cohort: Bench, images: int, flops: float) -> float:
    """Seconds of a core that a cohort takes which learns from so many images."""
    ladder, recipe = cohort.ladder, cohort.recipe
    first, later = sum(ladder.rows) * ladder.inputs, sum(ladder.parts)
    learned = recipe.epochs * images
    judged = recipe.epochs * len(cohort.watched) + images + len(cohort.held_out) + len(cohort.tuning)
    steps = recipe.epochs * -(-images // recipe.batch_size)
    # forward, and the kernel's gradient; of later layers also that of what enters
    products = learned * (4 * first + 6 * later) + judged * 2 * (first + later)
    each = NUMBER * ladder.inputs + SCORE * ladder.classes * len(ladder.chains)  # image
    return products / flops + PARAMETER * (first + later) * steps + each * (learned + judged)


def together(each: Sequence[float], workers: int) -> float:
    """When the last of these ends, each begun in its turn by the first of so many workers that is free."""
    ends = [0.0] * workers
    for taken in each:
        ends[ends.index(min(ends))] += taken
    return max(ends)

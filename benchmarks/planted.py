"""Planted problems: data whose answer is known by brute force, and how often a study of five replicates finds it.

    python -m benchmarks.planted [--only teacher] [--replicates 40] [--studies 20] [--record]

The brute force trains every width 40 times, each time with other luck *and* other images, on as many images as a study
learns from, and judges on thousands of images that no study sees.  The true width is the smallest whose mean accuracy is
within the tolerance of the best.  Runs that never learned are counted in: whoever trains a network of that width meets them.

Then come the studies, each on a data set of its own: how often the number that they name is within one rung of the true one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from benchmarks import record

import why128
from why128.addresses import draws
from why128.data.images import Dataset, Images
from why128.data.source import open_data
from why128.division import divide
from why128.engine import Cohort, Data, Run, assess, start, train
from why128.ladder import Ladder
from why128.optimizers import Adam
from why128.recipe import Recipe
from why128.studies.crew import cores
from why128.studies.plan import Candidate, Plan

IMAGES = 4000  # in a study's data set; with a test part and validation images set aside, 2,380 are learned from
TOLERANCE = 1.0  # points: above what 1,020 validation images leave in doubt where nearly all are answered rightly
# Fresh images that judge the brute force: a share of them is then known to 0.5 points at worst.  The built-in sample has
# 6,000 left.
JUDGED = 10_000
LEFT_OF_SAMPLE = 6000
CHANCE = 5.0  # points above the commonest class's share up to which a run is said never to have learned

GRAY = 127.5  # the middle of a byte
NOISE = 20.0  # SD of a pixel, in bytes
CONTRAST = 200.0  # SD of the strength of a teacher's pattern: a pixel then varies by about 50 bytes
HALF = 0.6745  # the median of |normal|: half of all images show the pattern at least so strongly
# Images nearer a border than this are not shown: what is left to lose is then what a width cannot do, not what 2,380
# images cannot teach.  In pixels of full brightness times weight, and in SDs of a pattern's strength.
LINEAR_MARGIN, TEACHER_MARGIN = 1.0, 0.2

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]  # to pixels (N, h, w) and labels (N,)


@dataclass(frozen=True)
class Problem:
    """How to draw data of which the answer can be found by brute force, and the study that is asked."""

    name: str
    draw: Draw
    classes: int
    widths: tuple[int, ...] = (0, 1, 2, 4, 8, 16, 32, 64)
    recipe: Recipe = field(default_factory=lambda: Recipe(epochs=40, batch_size=32, optimizer=Adam(0.003)))
    judged: int = JUDGED

    def plan(self, seed: int, replicates: int = 5) -> Plan:
        """A study's plan, with the luck of this seed."""
        recipe = self.recipe
        own = Recipe(recipe.epochs, recipe.batch_size, recipe.optimizer, recipe.loss, recipe.held_out, seed)
        return Plan(tuple(Candidate((w,) if w else ()) for w in self.widths), replicates, own, TOLERANCE)

    def fresh(self, number: int, purpose: str, count: int = IMAGES) -> Images:
        """Images of one draw: other numbers and purposes give other images of the same problem."""
        pixels, labels = self.draw(draws(number, purpose), count)
        return Images(pixels[..., None], labels.astype(np.int32))

    def dataset(self, images: Images) -> Dataset:
        """These images as a data set without a test part."""
        return Dataset(self.name, tuple(map(str, range(self.classes))), images, None, "0-255", (), ())


# ---------------------------------------------------------------- the problems


def in_bytes(values: np.ndarray) -> np.ndarray:
    """Whole numbers in 0..255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def decided(margin: float, scored: Callable) -> Draw:
    """Only images whose highest score leads by the margin; `scored` gives pixels (N, h, w) and scores (N, C)."""

    def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        pixels, labels, found = [], [], 0
        while found < count:
            images, scores = scored(rng, count)
            second, first = np.sort(scores, axis=1)[:, -2:].T
            clear = first - second > margin
            pixels.append(images[clear])
            labels.append(scores.argmax(1)[clear])
            found += int(clear.sum())
        return np.concatenate(pixels)[:count], np.concatenate(labels)[:count]

    return draw


def linear(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """8 × 8 random pixels, and as scores three weighted sums of them, always by the same weights."""
    weights = draws(0, "a linear rule").standard_normal((64, 3))
    pixels = rng.integers(0, 256, (count, 8, 8), dtype=np.uint8)
    return pixels, (pixels.reshape(count, 64) - GRAY) / 255 @ weights


def xor(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """3 × 3 random pixels, but two opposite corners are bright or dark; the class says whether they differ."""
    pixels = rng.integers(0, 256, (count, 3, 3), dtype=np.uint8)
    bright = rng.integers(0, 2, (count, 2))
    pixels[:, [0, 2], [0, 2]] = np.where(bright, 200, 55) + rng.integers(-50, 51, (count, 2))
    return pixels, bright[:, 0] ^ bright[:, 1]


def patterns(count: int) -> np.ndarray:
    """Waves over 4 × 4 pixels, at right angles to each other and of length 1.  # (count, 16)"""
    across = (np.arange(4) + 0.5) * np.pi / 4
    waves = [np.outer(np.cos(a * across), np.cos(b * across)) for a, b in ((0, 1), (1, 0), (1, 1), (0, 2))[:count]]
    return np.array([wave.ravel() / np.linalg.norm(wave) for wave in waves])


def teacher(neurons: int) -> Draw:
    """4 × 4 pixels of patterns and noise, labelled by a network of so many hidden ReLU neurons (2, 4 or 8).

    Each pattern has two neurons, one for it and one for its negative, and no other neuron sees it: the class is the
    pattern that stands out most, either way round.  With 2 neurons it is whether the pattern stands out at all.
    """
    seen = patterns(neurons // 2)  # (P, 16)
    kernel = np.concatenate([seen, -seen]).T / CONTRAST  # (16, H)
    output = np.tile(np.eye(len(seen)), (2, 1))  # (H, P)

    def scored(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        shown = CONTRAST * rng.standard_normal((count, len(seen))) @ seen
        pixels = in_bytes(GRAY + shown + rng.normal(0, NOISE, (count, 16)))
        scores = np.maximum((pixels - GRAY) @ kernel, 0) @ output  # (N, P)
        if len(seen) == 1:
            scores = np.insert(scores, 0, HALF, axis=1)
        return pixels.reshape(count, 4, 4), scores

    return decided(TEACHER_MARGIN, scored)


@cache
def sample() -> Images:
    """The built-in sample's images to learn from."""
    return open_data("sample").train


def clothes(flipped: float) -> Draw:
    """Images of the built-in sample, this share of their labels replaced by another class, whichever."""

    def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        taken = sample().take(rng.permutation(len(sample()))[:count])
        wrong = np.where(rng.random(count) < flipped, rng.integers(1, 10, count), 0)
        return taken.pixels[..., 0], (taken.labels + wrong) % 10

    return draw


LONG = Recipe(epochs=100)  # long enough for the wide to learn wrong labels by heart; all else as it is by default
CLOTHES_WIDTHS = (0, 8, 32, 128)  # up to the textbook's
PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem("linear", decided(LINEAR_MARGIN, linear), 3, recipe=Recipe(20, 32, Adam(0.003))),
        Problem("xor", xor, 2, recipe=Recipe(20, 32, Adam(0.01))),
        *(Problem(f"teacher-{h}", teacher(h), max(2, h // 2)) for h in (2, 4, 8)),
        Problem("flipped", clothes(0.3), 10, CLOTHES_WIDTHS, LONG, LEFT_OF_SAMPLE),
        Problem("clean", clothes(0.0), 10, CLOTHES_WIDTHS, LONG, LEFT_OF_SAMPLE),
    )
}

# ---------------------------------------------------------------- the truth, by brute force


@dataclass(frozen=True, eq=False)
class Truth:
    """What brute force found; accuracies in points, on images that no study sees."""

    problem: Problem
    accuracies: np.ndarray  # (R, K)
    learned: np.ndarray  # (R, K) on the images learned from
    commonest: float  # the commonest class's share, in points

    @property
    def sufficient(self) -> np.ndarray:
        """Which widths are within the tolerance of the best.  # (K,) bool"""
        return within(self.accuracies.mean(0))

    @property
    def rung(self) -> int:
        """The place in the ladder of the smallest of them: the true answer."""
        return int(self.sufficient.argmax())

    @property
    def never(self) -> np.ndarray:
        """Which runs are no better than naming always the commonest class.  # (R, K)"""
        return self.accuracies < self.commonest + CHANCE

    def sureness(self, times: int = 1000) -> dict[int, float]:
        """How often each width would be the true one, were the runs drawn anew from those that were made."""
        runs = len(self.accuracies)
        drawn = draws(0, "runs drawn anew").integers(0, runs, (times, runs))
        named = Counter(within(self.accuracies[drawn].mean(1)).argmax(-1).tolist())
        return {self.problem.widths[k]: count / times for k, count in sorted(named.items())}

    def figures(self) -> dict:
        """For the record."""
        rows = zip(self.problem.widths, self.accuracies.T, self.learned.T, self.never.T, strict=True)
        return {
            "true_width": self.problem.widths[self.rung],
            "true_width_were_runs_drawn_anew": self.sureness(),
            "recipe": asked_of(self.problem),
            "tolerance_points": TOLERANCE,
            "runs_at_every_width": len(self.accuracies),
            "images_judged_by": self.problem.judged,
            "commonest_class_percent": round(self.commonest, 2),
            "widths": {width: _of_width(*row) for width, *row in rows},
        }


def asked_of(problem: Problem) -> dict:
    """How its networks are trained, as the record says it."""
    plan = problem.plan(0).document()
    return {key: plan[key] for key in ("epochs", "batch_size", "optimizer", "held_out")}


def _of_width(accuracies: np.ndarray, learned: np.ndarray, never: np.ndarray) -> dict:
    """All (R,)."""
    return {
        "mean_percent": round(float(accuracies.mean()), 2),
        "sd": round(float(accuracies.std(ddof=1)), 2),
        "min": round(float(accuracies.min()), 2),
        "max": round(float(accuracies.max()), 2),
        "training_percent": round(float(learned.mean()), 2),
        "share_never_learned": round(float(never.mean()), 3),
    }


def within(means: np.ndarray) -> np.ndarray:
    """Which widths are within the tolerance of the best, means (..., K) in points to (..., K)."""
    return means >= means.max(-1, keepdims=True) - TOLERANCE


def brute_force(problem: Problem, replicates: int) -> Truth:
    """Every width so many times, each replicate with its own luck and its own images."""
    first = problem.dataset(problem.fresh(0, "truth"))
    ladder = Ladder.of(problem.plan(0).networks(first))
    cohort = Cohort(ladder, problem.recipe.optimizer, problem.recipe.loss, problem.recipe.batch_size)

    def one(number: int) -> tuple[np.ndarray, np.ndarray, float]:
        # Drawn in one go, so that no image of the built-in sample both teaches and judges.
        images = problem.fresh(number, "truth", IMAGES + problem.judged)
        seen, judge = np.arange(IMAGES), np.arange(IMAGES, len(images))
        rows = divide(problem.dataset(images.take(seen)), problem.recipe.held_out, number).learned
        data = Data.of(images.pixels.reshape(len(images), -1), images.labels)
        run = Run(rows, problem.recipe.epochs, number, number)
        *_, last = train(cohort, data, run, start(cohort, ladder.initial(number, number)))
        judged, learned = (
            100 * assess(cohort, data, which, last.state.parameters).hits.mean(1) for which in (judge, rows)
        )
        return judged, learned, 100 * np.bincount(images.labels[judge]).max() / len(judge)

    with ThreadPoolExecutor(cores()) as pool:
        accuracies, learned, commonest = zip(*pool.map(one, range(replicates)), strict=True)
    return Truth(problem, np.array(accuracies), np.array(learned), float(np.mean(commonest)))


# ---------------------------------------------------------------- studies of it


def study(problem: Problem, number: int, out: Path) -> why128.Answer:
    """The study with this number: its own images and its own luck."""
    return why128.study(problem.dataset(problem.fresh(number, "study")), problem.plan(number), out=out)


def says_more_neurons_hurt(answer: why128.Answer) -> bool:
    """Whether a study says, at its confidence, that accuracy falls beyond the best width."""
    harm = answer.study.findings.harm
    return harm is not None and harm.shown


def tally(truth: Truth, studies: int, tell: Callable[[str], None]) -> dict:
    """How many of so many studies name a width within one rung of the true one, and say that more neurons hurt."""
    widths = truth.problem.widths
    named, settled, hurt, seconds = [], [], 0, []
    for number in range(studies):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            answer = study(truth.problem, number, Path(folder) / "study")
            seconds.append(time.perf_counter() - began)
        named.append(answer.enough)
        settled.append(answer.study.verdict.settled)
        hurt += says_more_neurons_hurt(answer)
        tell(f"  study {number}: {answer.sentence}")
    places = [widths.index(width) for width in named]
    return {
        "studies": studies,
        "within_one_rung": sum(abs(place - truth.rung) <= 1 for place in places),
        "exactly": sum(place == truth.rung for place in places),
        "settled": sum(settled),
        "settled_falsely": sum(sure and not truth.sufficient[k] for k, sure in zip(places, settled, strict=True)),
        "named": dict(sorted(Counter(named).items())),
        "say_that_more_neurons_hurt": hurt,
        "seconds": record.spread(seconds),
    }


def table(truth: Truth) -> str:
    """The brute force as lines of text."""
    lines = ["  neurons    mean     SD    min    max  training  never learned"]
    for width, row in truth.figures()["widths"].items():
        mean, sd, least, most, learned, never = row.values()
        lines.append(
            f"  {width:>7} {mean:7.2f} {sd:6.2f} {least:6.1f} {most:6.1f} {learned:9.2f} {never:14.1%}"
            + " ← true" * (width == truth.problem.widths[truth.rung])
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a part of a problem's name")
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--studies", type=int, default=20, help="0 for the brute force alone")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if options.record and (options.only or options.replicates < 2):
        parser.error("--record is for all problems, and for at least two replicates")
    figures = {}
    for problem in (p for name, p in PROBLEMS.items() if options.only in name):
        began = time.perf_counter()
        truth = brute_force(problem, options.replicates)
        print(f"{problem.name}, {options.replicates} runs a width, {time.perf_counter() - began:.0f} s", flush=True)
        print(table(truth), f"  drawn anew: {truth.sureness()}", sep="\n", flush=True)
        figures[problem.name] = truth.figures()
        if options.studies:
            found = tally(truth, options.studies, lambda text: print(text, flush=True))
            figures[problem.name]["studies"] = found
            print(f"  {found}", flush=True)
    if options.record:
        print(f"written to {record.write('planted', figures, ['jax', 'jaxlib', 'numpy', 'scipy'])}")


if __name__ == "__main__":
    main()

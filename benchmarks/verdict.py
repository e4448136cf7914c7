"""How often the verdict is wrong, over simulated studies of known truths.

    python -m benchmarks.verdict [--studies 2000] [--record]

For every truth: how often a candidate is called enough, and how often falsely; how often the interval holds the true
rung; how often the widest is falsely said to do worse than a narrower one.  Then: whether the replicates that are
predicted to settle a study do so, and whether a study that stops when it knows errs as seldom.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from benchmarks import record
from benchmarks.truths import TRUTHS, Population

from why128.statistics.best import Question, rungs
from why128.statistics.crossed import Crossed
from why128.statistics.fitting import harm
from why128.statistics.looks import spent
from why128.statistics.planning import more
from why128.studies import settling
from why128.studies.candidate import Candidate
from why128.studies.evidence import Evidence
from why128.studies.plan import Plan
from why128.studies.store import Trial
from why128.studies.verdict import decide

CONFIDENCE = 0.95


def question(truth):
    """What a study asks of this truth: one ladder."""
    return Question.of(truth.tolerance / 100, len(truth.means))


def judged(truth, studies, seed=0):
    """Many studies of one truth: shares of all of them."""
    rng = np.random.default_rng(seed)
    asked, found, hurt = question(truth), [], []
    for _ in range(studies):
        crossed = Crossed.of(truth.hits(rng))
        found.append(rungs(crossed, asked, CONFIDENCE))
        harmed = harm(crossed, CONFIDENCE)
        assert harmed is not None, "two candidates and replicates at least"
        hurt.append(harmed.shown and truth.means[harmed.best] <= truth.means[harmed.widest])
    true, clear = truth.rung, ~np.array(hurt)
    named = [f.enough for f in found if f.enough is not None]
    return {
        "studies": studies,
        "true rung": true,
        "settled": len(named) / studies,
        "false": sum(not truth.sufficient[k] for k in named) / studies,
        "true rung named": sum(k == true for k in named) / studies,
        "true rung named, none falsely said to hurt": float(
            np.mean([f.enough == true and ok for f, ok in zip(found, clear, strict=True)])
        ),
        "covered": float(np.mean([f.low <= true <= f.high for f in found])),
        "rungs in the interval": float(np.mean([f.high - f.low + 1 for f in found])),
        "likely is within one rung": float(np.mean([abs(f.likely - true) <= 1 for f in found])),
        "falsely said to hurt": float(np.mean(hurt)),
    }


MOST_ASKED = 200  # replicates, and POOL times the images: what a prediction may ask for, to be given it here
POOL = 6


def predicted(truth, studies, seed=1):
    """Studies that are open, given what they ask for: how often the interval is then one rung, or the study settled."""
    rng = np.random.default_rng(seed)
    asked, names = question(truth), ("replicates", "images", "replicates_to_settle", "images_to_settle")
    given: dict[str, list[bool]] = {name: [] for name in names}
    unreachable = 0
    for _ in range(studies):
        population = Population(truth, rng, POOL * truth.images)
        hits = population.replicates(truth.replicates)
        now = hits[:, :, : truth.images]
        crossed = Crossed.of(now)
        seen = rungs(crossed, asked, CONFIDENCE)
        if seen.enough is not None and seen.low == seen.high:
            continue
        due = more(crossed, asked, CONFIDENCE, rng)
        unreachable += due.replicates is None and due.images is None
        for name, results in given.items():
            wanted, narrow = getattr(due, name), not name.endswith("settle")
            if wanted is None or (not narrow and seen.enough is not None):
                continue
            if name.startswith("images") and wanted <= POOL * truth.images:
                then = hits[:, :, :wanted]
            elif name.startswith("replicates") and wanted <= MOST_ASKED:
                extra = population.replicates(wanted - len(hits), truth.images)
                then = np.concatenate([now, extra])
            else:
                continue
            found = rungs(Crossed.of(then), asked, CONFIDENCE)
            results.append(found.enough is not None and (found.low == found.high or not narrow))
    figures: dict[str, float | None] = {"asking: neither would narrow it": unreachable}
    for name, results in given.items():
        figures[f"asking: {name}"] = len(results)
        figures[f"asking: {name} sufficed"] = float(np.mean(results)) if results else None
    return figures


def stopped(truth, studies, seed=2):
    """Studies that stop when they know: how often they err, though they look again and again."""
    rng = np.random.default_rng(seed)
    plan = Plan(tuple(Candidate((2**k,)) for k in range(len(truth.means))), tolerance=truth.tolerance)
    wrong, settled, covered, looks, networks = [], [], [], [], []
    for _ in range(studies):
        verdict, last, trained = _settled(plan, Population(truth, rng, truth.images))
        place = trained.tried
        settled.append(verdict.settled)
        wrong.append(verdict.settled and not truth.sufficient[place[verdict.enough]])
        covered.append(place[verdict.low] <= truth.rung <= place[verdict.high])
        looks.append(last + 1)
        networks.append(int(trained.replicates.sum()))
    return {
        "stopping: settled": float(np.mean(settled)),
        "stopping: false": float(np.mean(wrong)),
        "stopping: covered": float(np.mean(covered)),
        "stopping: looks": float(np.mean(looks)),
        "stopping: networks": float(np.mean(networks)),
    }


def _settled(plan, population):
    """One study that stops when it knows; of these truths' networks, as settling.py asks for them."""
    rows, hits = [], population.replicates(settling.FIRST_REPLICATES)
    step, look = settling.first(plan), 0
    while True:
        if step.replicates[-1] >= len(hits):
            hits = np.concatenate([hits, population.replicates(step.replicates[-1] + 1 - len(hits))])
        rows += [_trial(plan, p, r, hits[r, p]) for r in step.replicates for p in step.places]
        evidence = Evidence.of(plan, hits.shape[2], rows, ())
        verdict = decide(evidence, np.ones(len(evidence.tried), bool), 1 - spent(1 - CONFIDENCE, look))
        wanted = settling.further(plan, evidence, verdict)
        if wanted is None:
            return verdict, look, evidence
        step, look = wanted, look + 1


def _trial(plan, place, replicate, hits):
    return Trial(
        candidate=plan.labels[place],
        setting=0,
        replicate=replicate,
        twin="",
        parameters=1,
        loss=0.0,
        accuracy=1.0,
        val_loss=0.0,
        val_accuracy=float(hits.mean()),
        tuning=None,
        hits=np.packbits(hits).tobytes(),
        network="n",
        seconds=0.0,
    )


def main():
    """Judge all truths and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", help="a part of a truth's name")
    asked = parser.parse_args()
    figures, began = {}, time.perf_counter()
    for name, truth in TRUTHS.items():
        if asked.only and asked.only not in name:
            continue
        figures[name] = (
            judged(truth, asked.studies)
            | predicted(truth, max(10, asked.studies // 40))
            | stopped(truth, max(10, asked.studies // 8))
        )
        print(
            f"{name}: " + ", ".join(f"{k} {v:.3g}" if v is not None else f"{k} -" for k, v in figures[name].items()),
            flush=True,
        )
    print(f"{time.perf_counter() - began:.0f} s")
    if asked.record:
        print(record.write("verdict", figures, ["numpy", "scipy"]))


if __name__ == "__main__":
    main()

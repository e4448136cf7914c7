"""The yardstick: this engine beside other libraries and the machine's own peak, in turn in one run.

    python -m benchmarks.bench [--scenario one,ladder] [--peers NAMES] [--rounds 3] [--quick] [--record]

A round is, for every part of the chosen scenarios (scenarios.py), the machine's peak and then the part by every peer
(peers/), each in a process of its own, on the same images, recipe and number of epochs, so that a noisy machine hits all
alike; ratios are taken within a round.  Peers run in `.venv-peers` (`make bench-peers`) where it is there; what it lacks is said to be
missing.  On the whole of Fashion-MNIST where this machine has it, else (and with --quick) on the built-in sample.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import record, table
from benchmarks.judging import judged
from benchmarks.scenarios import (
    FIT,
    OURS,
    PEERS,
    SCENARIOS,
    Part,
    accuracies,
    gflop,
    gflop_of_judging,
    mean_and_sd,
    network_epoch,
    plays,
    shorter,
    whole,
)

from why128.data.catalogue import known
from why128.data.source import open_data
from why128.division import divide
from why128.recipe import Recipe

ROOT = Path(__file__).parents[1]
THEIRS = ROOT / ".venv-peers" / "bin" / "python"
PEAK = "product_peak"

Round = dict[tuple[str, str], dict[str, Any]]  # by part and peer, what a peer told


def ask(peer: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """What a peer tells of a job; {"missing": …} where it is not installed, {"failed": …} where it ends otherwise."""
    ours = peer in (OURS, FIT, PEAK) or not THEIRS.exists()
    done = subprocess.run(
        [sys.executable if ours else str(THEIRS), "-m", f"benchmarks.peers.{peer}"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return {"failed": (done.stderr.strip().splitlines() or ["without a word"])[-1]}
    return json.loads(lines[-1])


def put_aside(name: str, seed: int, file: Path) -> dict[str, int]:
    """Write the images that a study with this seed learns from and is judged by; how many."""
    data = open_data(name)
    division = divide(data, Recipe().held_out, seed)
    parts = {"": division.learned, "held_out_": division.held_out}
    pixels, labels = data.train.pixels.reshape(len(data.train), -1), data.train.labels
    np.savez(
        file,
        **{f"{part}images": pixels[rows] for part, rows in parts.items()},
        **{f"{part}labels": labels[rows] for part, rows in parts.items()},
    )
    return {"learned": len(division.learned), "held_out": len(division.held_out)}


def play(number: int, things: Sequence[tuple[Part, str]], data: str, images: Path) -> Round:
    """One round: of every part the peak, and what its peers tell."""
    found: Round = {}
    for part, peer in things:
        for who in (peer,) if (part.name, PEAK) in found else (PEAK, peer):
            told = found[part.name, who] = ask(who, _job(part.sampled(who), data, images, number))
            table.say(f"round {number + 1}: {part.name}: {who}: {_said(told)}")
    return found


def _said(told: Mapping[str, Any]) -> str:
    if "seconds" in told:
        return f"{told['seconds']:.1f} s"
    return f"{told['float32']:.0f} GFLOP/s" if "float32" in told else " ".join(map(": ".join, told.items()))


def _job(part: Part, data: str, images: Path, seed: int) -> dict[str, Any]:
    wanted = ("widths", "replicates", "batch", "epochs", "cores", "precision")
    return {"data": data, "images": str(images), "seed": seed} | {name: getattr(part, name) for name in wanted}


# ------------------------------------------------------------------ from what was told to a record


def figures(rounds: Sequence[Round], things: Sequence[tuple[Part, str]], images: Mapping[str, int]) -> dict[str, Any]:
    """Everything that the table shows and the record keeps."""
    seen = [_seen(each, things, images) for each in rounds]
    parts: dict[str, Any] = {}
    for part, peer in things:
        about = {"networks": part.networks, "batch": part.batch, "epochs": part.epochs, "cores": part.cores}
        peaks = _peaks([each[part.name, PEAK] for each in rounds])
        of_part = parts.setdefault(part.name, about | {"peak_gflops": peaks, "peers": {}})
        of_part["peers"][peer] = _figures(part, peer, rounds, seen)
    return {
        "rounds": len(rounds),
        "images": dict(images),
        "parts": parts,
        "judged": [
            {**line, "ratios": record.spread(line["ratios"]) if line["ratios"] else None} for line in judged(seen)
        ],
    }


def _peaks(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    halves = [peak["bfloat16"] for peak in told if peak["bfloat16"]]
    return {
        "float32": record.spread([peak["float32"] for peak in told]),
        "bfloat16": record.spread(halves) if halves else "missing: the processor has no such products",
    }


def _seen(each: Round, things: Sequence[tuple[Part, str]], images: Mapping[str, int]) -> dict:
    """Of a round, by part and peer: seconds a network-epoch, of the whole, and the share of the peak before that part."""
    found = {}
    for part, peer in things:
        told = each[part.name, peer]
        if "seconds" in told:
            seconds, work = whole(part, peer, told), gflop(part, images["learned"])
            peak = each[part.name, PEAK]["float32"]
            judging = gflop_of_judging(part, images["learned"], images["held_out"])
            found[part.name, peer] = {
                "network_epoch": network_epoch(part.sampled(peer), told),
                "whole": seconds,
                "share": work / seconds / peak,
                "memory": told["memory"],
            }
            if peer == OURS:
                more = {"finished": told["finished"], "share_with_judging": (work + judging) / seconds / peak}
                found[part.name, peer] |= more
    return found


def _figures(part: Part, peer: str, rounds: Sequence[Round], seen: Sequence[dict]) -> dict[str, Any]:
    """Of one part by one peer: each figure's spread over rounds, and accuracies over all its networks."""
    told = [each[part.name, peer] for each in rounds]
    measured = [each[part.name, peer] for each in seen if (part.name, peer) in each]
    if not measured:
        return {key: told[0][key] for key in ("missing", "failed") if key in told[0]}
    by_width: dict[int, list[float]] = {}
    for result in told:
        for width, values in accuracies(part, peer, result).items() if "seconds" in result else ():
            by_width.setdefault(width, []).extend(values)
    sample, one = part.sampled(peer), next(result for result in told if "seconds" in result)
    return {name: record.spread([each[name] for each in measured]) for name in measured[0]} | {
        "accuracy": {str(width): mean_and_sd(values) for width, values in sorted(by_width.items())},
        "accuracy_after_epochs": min(part.epochs, part.sampled_epochs) if len(part.peers) > 1 else part.epochs,
        "trained": {"networks": sum(len(group["widths"]) for group in one["groups"]), "epochs": sample.epochs},
        "scaled": (sample.replicates, sample.epochs) != (part.replicates, part.epochs),
        "versions": one["versions"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default=",".join(SCENARIOS), help="of: %(default)s")
    parser.add_argument("--peers", default=",".join(PEERS), help="of: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="two epochs on the built-in sample: minutes")
    parser.add_argument("--record", action="store_true", help="keep the figures in benchmarks/records")
    given = parser.parse_args()
    there = None if given.quick else {one.name: one.find() for one in known()}["fashion-mnist"]
    name, place = ("fashion-mnist", str(there)) if there else ("sample", "sample")
    things = plays(given.scenario.split(","), given.peers.split(","))
    things = [(shorter(part), peer) for part, peer in things] if given.quick else things
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.rounds):
            images = put_aside(place, number, Path(folder) / "images.npz")
            rounds.append(play(number, things, place, Path(folder) / "images.npz"))
    found = {"data": name, "quick": given.quick} | figures(rounds, things, images)
    print(table.text(found))
    if given.record:
        chosen = "" if given.scenario == parser.get_default("scenario") else f"-{given.scenario.replace(',', '-')}"
        path = record.write(f"bench{chosen}{'-quick' * given.quick}", found, ("jax", "jaxlib", "numpy"))
        table.say(f"written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

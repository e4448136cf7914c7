"""How much memory does a study take, against what it planned?  Peak resident sets of its processes, by width.

    python -m benchmarks.memory [--record]

Two replicates of one width on the built-in sample, one epoch each, two at a time; planned is what
`why128.studies.memory.needed` says before.  A plan must not be less than what is taken, and not idly more.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from why128.data import open_data
from why128.division import divide, without_test
from why128.recipe import Recipe
from why128.studies import memory
from why128.studies.plan import Plan, candidates

WIDTHS = ("64", "2048", "8192", "2048x2048", "16384")


def peak(pid: int) -> int:
    """Bytes that a process has held at most; 0 for one that has ended."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return 1024 * int(found[1]) if found else 0


def taken(width: str, folder: str) -> int:
    """Bytes that the crew's process has held at most."""
    command = [
        sys.executable,
        "-m",
        "why128",
        "study",
        "--widths",
        width,
        "--replicates",
        "2",
        "--epochs",
        "1",
        "--out",
        folder,
    ]
    study = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while study.poll() is None:
        with suppress(OSError):
            for child in Path(f"/proc/{study.pid}/task/{study.pid}/children").read_text().split():
                most = max(most, peak(int(child)))
        time.sleep(0.02)
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    data, found = open_data("sample"), {}
    for width in WIDTHS:
        plan = Plan(candidates(width), 2, Recipe(epochs=1)).on(data)
        rest = without_test(data, divide(data, plan.recipe.held_out, plan.recipe.seed, plan.tuning))
        with tempfile.TemporaryDirectory() as folder:
            planned = memory.needed(plan, *rest, plan.entries, 2)
            found[width] = {"planned": planned, "taken": taken(width, f"{folder}/s")}
        print(width, json.dumps(found[width]), round(found[width]["taken"] / planned, 2), flush=True)
    if given.record:
        from benchmarks import record

        record.write("memory", found, ("jax", "numpy"))
    assert all(each["taken"] <= each["planned"] for each in found.values())


if __name__ == "__main__":
    main()

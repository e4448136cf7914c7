"""How much memory does a study take, against what it planned?  Peaks of its processes, by width.

    python -m benchmarks.memory [--record]

Two replicates of one width on the built-in sample, one epoch each, two at a time; and one width on MANY images made here,
which lie on disk.  Planned is what `why128.studies.memory.planned` says before.  A plan must not be less than what is taken,
and not idly more.  Taken is what the crew's process holds and cannot give back: neither its libraries' pages nor those of
images on disk, which the system keeps where it has room.
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

from benchmarks import million

from why128.data.source import open_data
from why128.division import divide, without_test
from why128.recipe import Recipe
from why128.studies import memory
from why128.studies.plan import Plan, candidates

WIDTHS = ("64", "2048", "8192", "2048x2048", "16384")
MANY, OF_MANY = 400_000, "64"


def peak(pid: int) -> int:
    """Bytes that a process has held at most, its libraries' pages too; 0 for one that has ended."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return 1024 * int(found[1]) if found else 0


def taken(source: str, width: str, folder: str) -> int:
    """Bytes that the crew's process has held at most."""
    command = [
        sys.executable,
        "-m",
        "why128",
        "study",
        source,
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
        with suppress(OSError, KeyError):
            most = max([most, *(million.held(child)["memory"] for child in million.children(study.pid))])
        time.sleep(0.02)
    assert study.returncode == 0
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        (Path(folder) / "many").mkdir()
        many = str(million.npy(Path(folder) / "many", MANY))
        asked = [(width, "sample", width) for width in WIDTHS] + [(f"{OF_MANY} on {MANY} images", many, OF_MANY)]
        for number, (name, source, width) in enumerate(asked):
            data = open_data(source)
            plan = Plan(candidates(width), 2, Recipe(epochs=1)).on(data)
            rest = without_test(data, divide(data, plan.recipe.held_out, plan.recipe.seed, plan.tuning))
            planned = memory.planned(plan, *rest, 2)
            found[name] = {"planned": planned, "taken": taken(source, width, f"{folder}/{number}")}
            print(name, json.dumps(found[name]), round(found[name]["taken"] / planned, 2), flush=True)
    if given.record:
        from benchmarks import record

        record.write("memory", found, ("jax", "numpy"))
    assert all(each["taken"] <= each["planned"] for each in found.values())


if __name__ == "__main__":
    main()

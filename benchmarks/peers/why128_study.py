"""This engine by the product's main command, `why128 study`, from its start to the last evaluation of its ladder.

Everything is included: starting Python, reading the images, compiling, gathering, learning, judging after every epoch,
and writing every network; the cache of compiled programs is empty.  What the command does after that (costs, twins, the
verdict) counts in `finished` only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.memory import peak
from benchmarks.peers.job import Group, Job, asked, tell, versions

REPLICATES = re.compile(r"(\d+) of (\d+) replicates? done")
LOOKS = 0.1  # seconds between two looks at the processes' peaks, which the system keeps by itself


def command(job: Job, folder: Path) -> list[str]:
    """What a person would type."""
    return [
        *(sys.executable, "-m", "why128", "study", job.data, "--out", str(folder)),
        *("--widths", ",".join(map(str, job.widths)), "--replicates", str(job.replicates)),
        *("--epochs", str(job.epochs), "--batch-size", str(job.batch), "--seed", str(job.seed)),
        *("--precision", job.precision),
    ]


def conducted(job: Job, folder: Path) -> dict:
    """Run the command; seconds to its ladder's last evaluation and to its end, and bytes at most."""
    began, evaluated = time.perf_counter(), None
    study = subprocess.Popen(
        command(job, folder),
        env=os.environ | {"XDG_CACHE_HOME": str(folder.with_name("cache"))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    peaks: dict[int, int] = {}
    watching = threading.Thread(target=_watch, args=(study, peaks), daemon=True)
    watching.start()
    said = []
    assert study.stderr is not None
    for line in study.stderr:
        said.append(line)
        found = REPLICATES.match(line)
        if evaluated is None and found and found[1] == found[2]:
            evaluated = time.perf_counter() - began
    study.stderr.close()
    if study.wait() or evaluated is None:
        raise SystemExit("why128 study ended with status {}: {}".format(study.returncode, "".join(said[-3:])))
    watching.join()
    return {"seconds": evaluated, "finished": time.perf_counter() - began, "memory": sum(peaks.values())}


def _watch(study: subprocess.Popen, peaks: dict[int, int]) -> None:
    """The peak of each of its processes; images that they share are counted in each."""
    while study.poll() is None:
        with suppress(OSError, TypeError):
            children = Path(f"/proc/{study.pid}/task/{study.pid}/children").read_text().split()
            for process in (study.pid, *map(int, children)):
                peaks[process] = max(peaks.get(process, 0), peak(process))  # one that has ended tells nothing any more
        time.sleep(LOOKS)


def results(job: Job, folder: Path) -> dict:
    """Accuracies on the images that the study judges by, and after how many epochs; a single network's own seconds."""
    from why128.studies import store

    _, trials, epochs = store.read(folder)
    trials = [trial for trial in trials if not trial.twin]
    alone = len(trials) == 1
    groups = [
        Group((_width(trial),), (trial.seconds / job.epochs,) * (job.epochs if alone else 0), (trial.val_accuracy,))
        for trial in trials
    ]
    curves = [[row.epoch + 1, int(row.candidate), row.val_accuracy] for row in epochs]
    return {"groups": [vars(group) for group in groups], "curves": curves}


def _width(trial) -> int:
    return int(trial.candidate)


def main() -> None:
    job = asked()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "study"
        tell(conducted(job, folder) | results(job, folder) | {"versions": versions("jax", "jaxlib", "numpy")})


if __name__ == "__main__":
    main()

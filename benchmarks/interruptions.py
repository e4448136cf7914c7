"""Is a study that was interrupted the study that was not?  Kill it at random moments, go on, compare by hash.

    python -m benchmarks.interruptions [MOMENTS] [--seed N] [--record]

One study is run undisturbed; then again and again, each time stopped at a random moment and gone on with by the same
command, in one of these ways: the whole process group killed (`kill -9`, ten times, one after the other), the crew's
process alone killed (the study goes on by itself), SIGINT, SIGTERM, and a full disk (a small file system is mounted,
which takes root).  Each must end with the same table, verdict, networks and examination, by hash; the data base sound;
no process left; and at most a quarter of the work done twice in a study, in batches learned from.  The record is written
after each study, so that a long run that is ended by hand has one.
"""

import argparse
import hashlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import Any

CLOCKED = {"costs", "environment", "spent", "source"}  # notes that a clock, or the command, has written
WAYS = ("kill", "worker", "SIGINT", "SIGTERM", "disk")
TURNS = (*WAYS, "kill")  # in this order, again and again: 20 studies of 10 kills bring 10 of each other way
STATUS = {"kill": -9, "worker": 0, "SIGINT": 130, "SIGTERM": 143, "disk": 4}
PATIENCE = 300  # seconds that one run may take on a busy machine
GONE = 5.0  # seconds within which a signal must have ended it
MOST_REPEATED = 0.25  # of a study's work, however often it was interrupted
DISK = (0.2, 3.0)  # MB of the small file system, by chance: less than the study takes
KILLS = 10  # of one study, one after the other


def results(folder: Path) -> dict[str, str]:
    """SHA-256 of everything that a study gives and no clock has said."""
    with closing(sqlite3.connect(f"{(folder / 'study.db').absolute().as_uri()}?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        notes = {k: v for k, v in database.execute("SELECT * FROM study ORDER BY key") if k not in CLOCKED}
        tables = {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in ("trials", "epochs")}
    found = {"notes": repr(notes), **{name: repr(sorted(rows, key=repr)) for name, rows in tables.items()}}
    hashed = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in found.items()}
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in (".keras", ".npz")]
    return hashed | {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def verdict(said: str) -> dict:
    """The answer on standard output, without what a clock said."""

    def timeless(value):
        if isinstance(value, dict):
            return {
                k: timeless(v) for k, v in value.items() if not re.search("second|latency|folder|environment|cost", k)
            }
        if isinstance(value, list):  # what one more minute buys follows from the seconds that training took
            return [timeless(v) for v in value if not (isinstance(v, dict) and v.get("kind") == "minute")]
        return value

    document = timeless(json.loads(said))
    return {key: document[key] for key in ("verdict", "table", "candidates") if key in document}


# Loaded into every process of a study: notes the batches that are learned from, however the process ends.
COUNTING = """
import importlib.abc, importlib.util, os, sys

class Counting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "why128.studies.run":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def counted(module):
            load(module)
            advance, log = module.engine.advance, os.open(os.environ["WHY128_BATCHES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

            def noted(cohort, data, run, progress):
                before = progress.epoch * progress.steps + progress.step
                for progress in advance(cohort, data, run, progress):
                    now = progress.epoch * progress.steps + progress.step
                    os.write(log, f"{now - before}\\n".encode())
                    before = now
                    yield progress

            module.engine.advance = noted

        spec.loader.exec_module = counted
        return spec

sys.meta_path.insert(0, Counting())
"""


class Trouble:
    """The study that is disturbed: its command, and what it gives undisturbed."""

    def __init__(self, work: Path, options: list[str]):
        self.work, self.options = work, options
        self.wrong: list[str] = []  # of the study under way
        (work / "counting").mkdir()
        (work / "counting" / "sitecustomize.py").write_text(COUNTING)
        began = time.monotonic()
        self.said, self.log = self.run(work / "undisturbed")
        self.seconds = time.monotonic() - began
        self.due, self.batches = results(work / "undisturbed"), learned_from(self.log)

    def begin(self, folder: Path, **how) -> tuple[subprocess.Popen, Path]:
        log = Path(f"{folder}.log")
        command = [sys.executable, "-m", "why128", "study", *self.options, "--out", str(folder), "--json"]
        paths = os.pathsep.join([str(self.work / "counting"), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | {"WHY128_BATCHES": str(log), "PYTHONPATH": paths}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=environment, start_new_session=True, **pipes, **how), log

    def run(self, folder: Path) -> tuple[str, Path]:
        process, log = self.begin(folder)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err[-2000:]
        return out, log

    def disturbed(self, way: str, rng: random.Random, number: int) -> dict:
        """One study, stopped once or twice, and what became of it."""
        folder, moments, self.wrong = self.work / f"{number}-{way}", [], []
        with small_disk(self.work / "small", rng.uniform(*DISK)) if way == "disk" else nullcontext() as small:
            folder = small / "study" if small else folder
            moments += [self.stop(folder, way, rng) for _ in range(KILLS if way == "kill" else 1)]
            if small:
                subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
            if way != "worker":
                self.go_on(folder)
            repeated = learned_from(Path(f"{folder}.log")) / self.batches - 1
            given = results(folder)
            differs = [name for name in {**self.due, **given} if given.get(name) != self.due.get(name)]
            if way != "worker" and verdict(self.said_again) != verdict(self.said):
                differs.append("verdict")
            return {"way": way, "moments": moments, "repeated": repeated, "differs": differs, "wrong": self.wrong}

    def go_on(self, folder: Path) -> None:
        """To the end; one that does not come to it once is wrong, and tried again."""
        try:
            self.said_again, _ = self.run(folder)
        except AssertionError as fault:
            self.wrong.append(f"it did not go on: {fault}")
            self.said_again, _ = self.run(folder)

    def stop(self, folder: Path, way: str, rng: random.Random) -> float:
        """Begin, and stop it at a random moment; gives the moment, in seconds."""
        moment = rng.uniform(0.2, self.seconds)
        process, _ = self.begin(folder)
        end = time.monotonic() + moment
        while process.poll() is None and time.monotonic() < end and way != "disk":
            time.sleep(0.005)
        ended_before = process.poll() is not None
        if way == "worker":
            for child in children(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        elif way in ("SIGINT", "SIGTERM"):
            process.send_signal(getattr(signal, way))
        elif way == "kill":
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        asked = time.monotonic()
        _, err = process.communicate(timeout=PATIENCE)
        taken, status = time.monotonic() - asked, process.returncode
        time.sleep(0.1)
        wrong = {
            f"{way} took {taken:.1f} s": way in ("SIGINT", "SIGTERM") and taken >= GONE,
            f"{way} ended with {status}: {err[-500:]}": status not in ({0} if ended_before else {0, STATUS[way]}),
            f"{way} gave a traceback: {err[-500:]}": "Traceback" in err,
            f"{way} left a process behind": way != "kill" and alive(process.pid),
        }
        self.wrong += [text for text, true in wrong.items() if true]
        return round(moment, 3)


def learned_from(log: Path) -> int:
    """Batches that were learned from, however often, in a cohort."""
    return sum(map(int, log.read_text().split()))


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def alive(group: int) -> bool:
    with suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False


class small_disk:  # noqa: N801
    """A file system of a few megabytes, in memory."""

    def __init__(self, at: Path, megabytes: float):
        self.at, self.megabytes = at, megabytes

    def __enter__(self) -> Path:
        self.at.mkdir(exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={int(self.megabytes * 1024)}k", "tmpfs", str(self.at)], check=True
        )
        return self.at

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.at)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("moments", nargs="?", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ways", default=",".join(TURNS))
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is deaf to it, and its children
    rng, ways = random.Random(given.seed), given.ways.split(",")
    found: list[dict] = []
    with tempfile.TemporaryDirectory() as work:
        trouble = Trouble(Path(work), OPTIONS)
        print(f"undisturbed: {trouble.seconds:.1f} s, {trouble.batches:,} batches", flush=True)
        while sum(len(each["moments"]) for each in found) < given.moments:
            found.append(trouble.disturbed(ways[len(found) % len(ways)], rng, len(found)))
            print(len(found), found[-1], flush=True)
            if given.record:
                from benchmarks import record

                record.write("interruptions", _figures(given.seed, trouble, found), ("jax", "numpy"))
    summary = {key: value for key, value in _figures(given.seed, trouble, found).items() if key != "each"}
    print(json.dumps(summary))
    assert not summary["different"]
    assert not summary["wrong"]
    assert summary["most_repeated_in_a_study"] <= MOST_REPEATED


def _figures(seed: int, trouble: Trouble, found: list[dict]) -> dict:
    return {
        "seed": seed,
        "moments": sum(len(each["moments"]) for each in found),
        "studies": len(found),
        "ways": {way: sum(len(each["moments"]) for each in found if each["way"] == way) for way in WAYS},
        "different": sum(bool(each["differs"]) for each in found),
        "wrong": sum(bool(each["wrong"]) for each in found),
        "most_repeated_in_a_study": max(each["repeated"] for each in found),
        "seconds": trouble.seconds,
        "options": OPTIONS,
        "each": found,
    }


# Enough training that a moment falls into it, on the built-in sample; small enough for two hundred.
# Each replicate is two cohorts.  A full disk may cost the replicate that could not be written and the two cohorts under way, 4 of the
# study's 17 with its twins: less than a quarter.
OPTIONS = ["sample", "--widths", "0,8,256,512", "--replicates", "6", "--epochs", "4"]

if __name__ == "__main__":
    main()

"""Does every reader survive what finds its way in?  A fuzzer led by the branches that an input reaches (Atheris, libFuzzer).

    pip install atheris
    python -m benchmarks.fuzz [READER ...] [--seconds 60] [--corpus FOLDER]

Readers: data, picture, model (files, as benchmarks/mutants.py makes them), config and weights (the two members of a
.keras file, put into a sound one, for no checksum lets a fuzzer through to them), json (a request's body).  An input may be read or refused by
one of the package's own errors; anything else, 20 s or 2 GB for one input is a defect, kept as crash-*, timeout-* or oom-*
in FOLDER/READER beside the inputs that reached something new: the next run begins with these.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.mutants import read, sound

SECONDS, MEGABYTES, LONGEST = 20, 2048, 20_000  # for one input; bytes of one
FILES = ("data", "picture", "model")
MEMBERS = {"config": "config.json", "weights": "model.weights.h5"}
READERS = (*FILES, *MEMBERS, "json")


def seeds(reader: str) -> list[bytes]:
    """What to begin with.  A file's first byte is the number of its name, which says what it should hold."""
    if reader in FILES:
        return [bytes([i]) + raw for i, raw in enumerate(sound(reader).values())]
    if reader in MEMBERS:
        return [_members(raw)[MEMBERS[reader]] for raw in sound("model").values()]
    rows = b"[[" + b"],[".join([b",".join([b"9"] * 8)] * 8) + b"]]"
    return [b'{"image": %s}' % rows, b'{"images": [%s, "iVBORw0KGgo="]}' % rows]


def _members(raw: bytes) -> dict[str, bytes]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def reading(reader: str, work: Path) -> Callable[[bytes], None]:
    """What reads one input, and raises only what is a defect."""
    if reader in FILES:
        names = list(sound(reader))

        def one(raw: bytes) -> None:
            if raw:
                path = work / names[raw[0] % len(names)]
                path.write_bytes(raw[1:])
                read(reader, path)

    elif reader in MEMBERS:
        from why128.formats.archive import packed

        whole = _members(sound("model")["two-hidden-layers.keras"])

        def one(raw: bytes) -> None:
            path = work / "one.keras"
            path.write_bytes(packed({**whole, MEMBERS[reader]: raw}))
            read("model", path)

    else:
        one = _request
    return one


def _request(raw: bytes) -> None:
    import asyncio

    import numpy as np

    from why128.errors import Why128Error
    from why128.layers import Dense, Flatten, Input
    from why128.network import Network
    from why128.serve.asked import asked
    from why128.serve.guard import Call
    from why128.serve.limits import Limits
    from why128.serve.refusals import RequestRefused
    from why128.serve.workers import Workers

    weights = (np.ones((64, 2), np.float32), np.zeros(2, np.float32))
    network = Network((Input((8, 8)), Flatten(), Dense(2, "softmax")), weights)
    try:
        call = Call("POST", "/predict", {"content-type": "application/json"}, raw)
        for each in asyncio.run(asked(call, network, Limits(), Workers(0))):
            each.answered()
    except (Why128Error, RequestRefused):
        pass


def fuzz(reader: str) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["why128"]), tempfile.TemporaryDirectory() as work:
        one = reading(reader, Path(work))
        for raw in seeds(reader):
            one(raw)  # whatever is imported while reading is imported, and instrumented, now

        atheris.Setup(sys.argv, one)
        atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("readers", nargs="*", choices=[*READERS, []], default=[], metavar="READER")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--corpus", type=Path, default=Path("fuzzed"))
    given = parser.parse_args()
    defects = [
        reader for reader in given.readers or READERS if not survives(reader, given.seconds, given.corpus / reader)
    ]
    sys.exit(bool(defects))


def survives(reader: str, seconds: int, folder: Path) -> bool:
    """Fuzz one reader in a process of its own, and say how far that went."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(seeds(reader)):
        (folder / f"seed-{number}").write_bytes(raw)
    limits = (f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}", "-print_final_stats=1")
    how = (f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", "-verbosity=0", "-seed=1")
    command = [sys.executable, "-m", "benchmarks.fuzz", *limits, *how, str(folder)]
    done = subprocess.run(command, env={**os.environ, "FUZZED": reader}, capture_output=True, text=True, check=False)
    found = dict(re.findall(r"^stat::(\w+): +(\d+)", done.stderr, re.M))
    if done.returncode:
        print(f"{reader}: DEFECT, kept in {folder}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}", flush=True)
    else:
        inputs, new = int(found["number_of_executed_units"]), int(found["new_units_added"])
        print(
            f"{reader}: {inputs:,} inputs, {new:,} reached something new, {found['peak_rss_mb']} MB at most", flush=True
        )
    return not done.returncode


if __name__ == "__main__":
    fuzz(os.environ["FUZZED"]) if "FUZZED" in os.environ else main()

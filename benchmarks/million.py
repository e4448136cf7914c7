"""Does a million images take no more memory than a few?  Made as it runs, opened and studied by the real command line.

    python benchmarks/million.py [COUNT] [--forms npy,npz,packed,idx] [--record]

COUNT labelled images of 28 x 28 (ten prototypes and noise) in each form: a folder of two NPY files, an NPZ file as it is
and a deflated one, gzipped IDX files.  `why128 inspect` reads each, `why128 study --widths 0,16 --replicates 1 --epochs 1`
learns from it.  Measured is what cannot be taken back: the memory of every process that is no page of a file (RssAnon and
RssShmem of /proc/PID/status), looked at fifty times a second, and the time: of a clock, and of the processor, which does
not depend on who else is there.  Pages of files on disk are counted apart: the system keeps what it has room for.
"""

import argparse
import gzip
import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from memory import children, held
from why128.studies import memory

SIDE, CLASSES, AT_ONCE = 28, 10, 20_000
MOST = 450e6  # bytes of the process that reads and keeps: with 100,000 images it takes 200 MB, and two times 128 MB may be used for a moment
MOST_TRAINING = 500e6  # likewise of the one that trains: with 100,000 images it takes 260 MB


def images(count):
    """So many images and labels, some at a time.  # (n, 28, 28) uint8, (n,) uint8"""
    rng = np.random.default_rng(128)
    prototypes = rng.integers(0, 192, (CLASSES, SIDE, SIDE), np.uint8)
    for start in range(0, count, AT_ONCE):
        labels = rng.integers(0, CLASSES, min(AT_ONCE, count - start), np.uint8)
        yield prototypes[labels] + rng.integers(0, 64, (len(labels), SIDE, SIDE), np.uint8), labels


def head(shape):
    """The beginning of an NPY file of bytes."""
    with tempfile.TemporaryFile() as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        file.seek(0)
        return file.read()


def npy(folder, count):
    with open(folder / "x.npy", "wb") as x, open(folder / "y.npy", "wb") as y:
        x.write(head((count, SIDE, SIDE)))
        y.write(head((count,)))
        for pixels, labels in images(count):
            x.write(pixels)
            y.write(labels)
    return folder


def npz(folder, count, how=zipfile.ZIP_STORED):
    with zipfile.ZipFile(folder / "d.npz", "w", how, compresslevel=1) as archive:
        for name, shape, which in (("x.npy", (count, SIDE, SIDE), 0), ("y.npy", (count,), 1)):
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(head(shape))
                for some in images(count):
                    file.write(some[which].data)
    return folder / "d.npz"


def packed(folder, count):
    return npz(folder, count, zipfile.ZIP_DEFLATED)


def idx(folder, count):
    names = [folder / f"train-{name}-ubyte.gz" for name in ("images-idx3", "labels-idx1")]
    with gzip.open(names[0], "wb", 1) as x, gzip.open(names[1], "wb", 1) as y:
        x.write(struct.pack(">HBBIII", 0, 8, 3, count, SIDE, SIDE))
        y.write(struct.pack(">HBBI", 0, 8, 1, count))
        for pixels, labels in images(count):
            x.write(pixels.data)
            y.write(labels.data)
    return folder


FORMS = {"npy": npy, "npz": npz, "packed": packed, "idx": idx}


def spent():
    """Seconds of the processor that all processes took which were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(*command):
    """What a command took, at most, of its first process and of all that this one started, and what it said."""
    began, before, most = time.monotonic(), spent(), {"reading": {}, "training": {}}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([sys.executable, "-m", "why128", *command], stdout=out, stderr=errors)
        while process.poll() is None:
            with suppress(OSError, KeyError):
                for who, pids in (("reading", [process.pid]), ("training", children(process.pid))):
                    for pid in pids:
                        now = held(pid)
                        most[who] = {name: max(now[name], most[who].get(name, 0)) for name in now}
            time.sleep(0.02)
        seconds = time.monotonic() - began
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)}: {errors.read().decode()}")
        found = {"seconds": round(seconds, 1), "processor": round(spent() - before, 1)}
        return found | {"peak": {who: peaks for who, peaks in most.items() if peaks}}, json.load(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    found, seen = {}, set()
    for form in given.forms.split(","):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            (Path(folder) / "data").mkdir()
            data = str(FORMS[form](Path(folder) / "data", given.count))
            inspected, said = measured("inspect", data, "--json")
            assert said["count"] == given.count
            seen.add(said["fingerprint"])
            asked = ("--widths", "0,16", "--replicates", "1", "--epochs", "1", "--out", f"{folder}/s", "--json")
            studied, said = measured("study", data, *asked)
        found[form] = {"inspect": inspected, "study": studied}
        print(form, json.dumps(found[form]), flush=True)
    assert len(seen) == 1, "the same images in every form"
    if given.record:
        import record

        record.write("million", {"images": given.count, "pixels": given.count * SIDE**2, **found}, ("jax", "numpy"))
    for form, each in found.items():
        peaks = [each[name]["peak"] for name in ("inspect", "study")]
        assert all(peak["reading"]["memory"] < MOST for peak in peaks), form
        copies = memory.COPIES * given.count * SIDE**2  # those that the engine makes of all images
        assert peaks[1]["training"]["memory"] < MOST_TRAINING + copies, form


if __name__ == "__main__":
    main()

"""Does every reader survive anything?  Damaged copies of sound files, read in a child that is watched.

    python -m benchmarks.mutants [COUNT] [--seed N] [--readers data,picture,model] [--record]
    python -m benchmarks.mutants --corpus FOLDER

COUNT mutants for each reader: bytes flipped, numbers replaced by extreme ones, pieces cut out, doubled, moved or taken
from another file, ends cut off.  A mutant may be read or refused by one of the package's own errors; anything else is a
defect, and is kept in mutants/: another exception, a crash, more than SECONDS or MEMORY for one of them.  The mutants of a seed are
the same everywhere.  With --corpus the mutants are those of a folder with a manifest.json, in which each says by its `use`
what reads it: data, image, model, or json (a request's body).
"""

import argparse
import asyncio
import contextlib
import gzip
import io
import json
import os
import random
import resource
import signal
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures" / "0.1" / "networks"
SECONDS = 20  # for one mutant
MEMORY = 2_000_000_000  # bytes of address space beyond what the child begins with
AT_ONCE = 500  # mutants a child
Reading = Callable[[int], str]  # what became of the mutant of this number: "read" or "refused"
SIDEWAYS = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"  # EXIF's orientation 6
EXTREME = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]


def sound(reader: str) -> dict[str, bytes]:
    """Small files that the reader takes, by name."""
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (12, 6, 6), np.uint8), np.arange(12) % 3
    return {"data": _data, "picture": _pictures, "model": _models}[reader](pixels, labels)


def _data(pixels: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    rows = [",".join(map(str, [label, *image.ravel()])) for image, label in zip(pixels, labels, strict=True)]
    head = "label," + ",".join(f"pixel{i}" for i in range(36))
    table = "\n".join([head, *rows]).encode()
    npz, keras, npy = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(npz, images=pixels, labels=labels)
    np.savez_compressed(keras, x_train=pixels, y_train=labels, x_test=pixels[:3], y_test=labels[:3])
    np.save(npy, pixels)
    idx = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in pixels.shape) + pixels.tobytes()
    return {
        "a.csv": table, "b.npz": npz.getvalue(), "c.npz": keras.getvalue(), "d.npy": npy.getvalue(),
        "train-images-idx3-ubyte": idx, "train-images-idx3-ubyte.gz": gzip.compress(idx, mtime=0), "e.csv.gz": gzip.compress(table, mtime=0),
    }  # fmt: skip


def _pictures(pixels: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    found = {}
    gray, colour = (
        Image.fromarray(np.tile(pixels[0], (4, 4))),
        Image.fromarray(np.tile(pixels[:3].transpose(1, 2, 0), (4, 4, 1))),
    )
    for name, picture, form, how in (
        ("a.png", gray, "PNG", {}), ("b.png", colour.convert("P"), "PNG", {}), ("c.jpg", colour, "JPEG", {"exif": SIDEWAYS}),
        ("d.webp", colour, "WEBP", {}), ("e.bmp", colour, "BMP", {}), ("f.tif", gray, "TIFF", {"compression": "tiff_lzw"}),
        ("g.gif", colour, "GIF", {"save_all": True, "append_images": [gray.convert("RGB")]}), ("h.webp", gray.convert("RGB"), "WEBP", {"lossless": True}),
    ):  # fmt: skip
        file = io.BytesIO()
        picture.save(file, form, **how)
        found[name] = file.getvalue()
    return found


def _models(pixels: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    names = ("softmax-regression", "two-hidden-layers", "by-keras", "every-kind-of-layer")
    return {f"{name}.keras": (FIXTURES / f"{name}.keras").read_bytes() for name in names}


def mutant(files: list[bytes], rng: random.Random) -> bytes:
    """A damaged copy of one of the files."""
    raw = bytearray(rng.choice(files))
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at, size = rng.randrange(len(raw) + 1), rng.choice((1, 2, 4, 8, 64, 512))
        # headers are where the lies are
        at = rng.choice((at, rng.randrange(min(len(raw), 128) + 1), max(0, len(raw) - rng.randrange(128))))
        match rng.randrange(8):
            case 0:
                raw[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                size = rng.choice((1, 2, 4, 8))
                number = rng.choice(EXTREME) & (256**size - 1)
                raw[at : at + size] = number.to_bytes(size, rng.choice(("big", "little")))
            case 2:
                del raw[at : at + size]
            case 3:
                raw[at:at] = raw[at : at + size]
            case 4:
                raw[at:at] = rng.randbytes(size)
            case 5:
                other = rng.choice(files)
                start = rng.randrange(len(other) + 1)
                raw[at : at + size] = other[start : start + size]
            case 6:
                del raw[at:]
            case 7:
                text = rng.choice(
                    (b"9999999999", b"-1", b"nan", b"1e999", b"\0", b'"', b"\n", b",", b"[", b"{", b"../", b"\xff\xfe")
                )
                raw[at : at + rng.choice((0, len(text)))] = text
        if not raw:
            break
    return bytes(raw)


def read(reader: str, path: Path) -> str:
    """ "read" or "refused"; anything else is raised."""
    from why128.data.pictures import read_picture
    from why128.data.source import open_data
    from why128.errors import Why128Error
    from why128.formats import keras_file
    from why128.serve.refusals import RequestRefused

    readers: dict[str, Callable[[Path], object]] = {
        "data": open_data,
        "picture": lambda p: read_picture(p, "gray", (8, 8)),
        "model": keras_file.load,
        "request": _asked,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            readers[reader](path)
    except Why128Error as refused:
        if type(refused) is Why128Error or not str(refused).isprintable():
            raise RuntimeError(f"a fault of ours, or a raw control character: {refused!r}") from None
        return "refused"
    except RequestRefused:
        return "refused"
    return "read"


def _asked(path: Path) -> None:
    """A request's body of JSON, read and answered as the server does."""
    from why128.formats import keras_file
    from why128.serve.asked import asked
    from why128.serve.guard import Call
    from why128.serve.limits import Limits
    from why128.serve.workers import Workers

    call = Call("POST", "/predict", {"content-type": "application/json"}, path.read_bytes())
    network = keras_file.load(FIXTURES / "softmax-regression.keras")
    for picture in asyncio.run(asked(call, network, Limits(), Workers(1))):
        picture.answered()


def own(reader: str, seed: int, work: Path) -> Reading:
    """Mutants of our own sound files."""
    files = sound(reader)
    names = list(files)
    read(reader, _written(work, names[0], files[names[0]]))  # whatever is imported is imported now

    def reading(number: int) -> str:
        rng = random.Random(f"{seed} {reader} {number}")
        name = rng.choice(names)
        return read(reader, _written(work, name, mutant([files[name], *files.values()], rng)))

    return reading


def found_in(corpus: Path, entries: list[dict]) -> Reading:
    """Mutants of a corpus."""
    readers = {"data": "data", "image": "picture", "model": "model", "json": "request"}
    for reader in readers.values():  # whatever is imported is imported now
        with contextlib.suppress(Exception):
            read(reader, corpus / "manifest.json")
    return lambda number: read(readers[entries[number]["use"]], corpus / entries[number]["path"])


def child(prepare: Callable[[], Reading], numbers: range, pipe: int) -> None:
    """Reads these mutants, telling each before and after; ends with the process."""
    reading = prepare()
    free = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (free, free))
    for number in numbers:
        os.write(pipe, b"%d " % number)
        signal.alarm(SECONDS)
        said = reading(number)
        signal.alarm(0)
        os.write(pipe, said.encode() + b"\n")


def _written(work: Path, name: str, raw: bytes) -> Path:
    (work / name).write_bytes(raw)
    return work / name


def watched(name: str, prepare: Callable[[], Reading], count: int) -> dict:
    """All mutants of a reader; gives counts, and the numbers of those that are defects."""
    counts, defects, next_one, began = {"read": 0, "refused": 0}, [], 0, time.monotonic()
    while next_one < count:
        ours, its = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(ours)
            try:
                child(prepare, range(next_one, min(next_one + AT_ONCE, count)), its)
                os._exit(0)
            except BaseException as fault:
                os.write(its, f"{type(fault).__name__}: {str(fault)[:200]}".replace("\n", " ").encode())
                os._exit(1)
        os.close(its)
        with open(ours) as lines:
            said = lines.read().splitlines()
        _, status = os.waitpid(pid, 0)
        for line in said:
            word = line.split(" ", 1)[1] if " " in line else ""
            if word in counts:
                counts[word] += 1
        last = int(said[-1].split(" ", 1)[0]) if said else next_one
        if status:
            defects.append({"number": last, "status": status, "said": said[-1] if said else ""})
            print("DEFECT", name, defects[-1], flush=True)
        next_one = last + 1
    return {"mutants": count, **counts, "defects": defects, "seconds": time.monotonic() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=7200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readers", default="data,picture,model")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as work:
        if given.corpus:
            entries = json.loads((given.corpus / "manifest.json").read_text())["entries"]
            readings = {"corpus": (lambda: found_in(given.corpus, entries), len(entries))}
        else:
            readers = given.readers.split(",")
            readings = {each: (partial(own, each, given.seed, Path(work)), given.count) for each in readers}
        for name, (prepare, count) in readings.items():
            found[name] = watched(name, prepare, count)
            print(name, json.dumps({k: v for k, v in found[name].items() if k != "defects"}), flush=True)
    if given.record:
        from benchmarks import record

        record.write("mutants", {"seed": given.seed, "readers": found}, ("numpy", "pillow", "h5py"))
    assert not any(each["defects"] for each in found.values())


if __name__ == "__main__":
    main()

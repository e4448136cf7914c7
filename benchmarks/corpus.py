"""What a corpus of hostile files asks of predictions: the same picture in another coding gets the same answer, by
`why128 predict` and by the server alike, and what is posted gets the right status.

    python -m benchmarks.corpus CORPUS MODEL

CORPUS has a manifest.json with `pairs` of pictures (`a`, `b`, and `same`: exact or close) and `entries`, of which those to
be posted are taken: `use` image (a file) and json (a body), with `must` and `alt`, accept or refuse.  After each the
server must still be there; in the end its memory must not have grown by more than GROWTH.  The studio of MODEL's study gets the same
pictures, and every data set of the corpus by its path.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

CLOSE = 0.05  # of a probability: a JPEG's pixels are not those that went in
GROWTH = 256_000_000  # bytes at the peak, above what the server takes when it has begun
WHY128 = [sys.executable, "-m", "why128"]


def predicted(model: str, pictures: list[Path]) -> dict[str, list[float]]:
    """Probabilities by file, as the command line gives them."""
    said = subprocess.run([*WHY128, "predict", model, *map(str, pictures), "--json"], capture_output=True, check=True)
    found = json.loads(said.stdout)
    return {str(p): list(each["probabilities"].values()) for p, each in zip(pictures, found, strict=True)}


class Server:
    """`why128 serve`, while one is inside."""

    def __init__(self, model: str):
        command = [*WHY128, "serve", model, "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> "Server":
        assert self.process.stdout is not None
        self.port = int(json.loads(self.process.stdout.readline())["address"].rsplit(":", 1)[1])
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.said = self.process.communicate()[1]

    def post(self, body: bytes, kind: str) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/predict", body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    @property
    def peak(self) -> int:
        """Its resident memory at the most so far, in bytes."""
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found, "the server has ended"
        return 1024 * int(found[1])


def pairs(corpus: Path, model: str, server: Server, pairs: list[dict]) -> list[str]:
    """Those that differ, or of which the server says something else."""
    files = sorted({corpus / pair[side] for pair in pairs for side in "ab"})
    given, wrong = predicted(model, files), []
    for pair in pairs:
        a, b = (np.array(given[str(corpus / pair[side])]) for side in "ab")
        if np.abs(a - b).max() > (CLOSE if pair["same"] == "close" else 0.0):
            wrong.append(f"{pair['a']} and {pair['b']} ({pair['why']}): {np.abs(a - b).max():.3g} apart")
    for file in files:
        status, answer = server.post(file.read_bytes(), "application/octet-stream")
        if status != 200 or list(answer["predictions"][0]["probabilities"].values()) != given[str(file)]:
            wrong.append(f"{file}: the server says {status} {answer}")
    return wrong


def posted(corpus: Path, server: Server, entries: list[dict]) -> list[str]:
    """Those that got a wrong status."""
    kinds, wrong = {"json": "application/json", "image": "application/octet-stream"}, []
    for entry in entries:
        path = corpus / entry["path"]
        if entry["use"] not in kinds or not path.is_file():
            continue
        status, answer = server.post(path.read_bytes(), kinds[entry["use"]])
        got = {200: "accept"}.get(status, "refuse" if 400 <= status < 500 else "fail")
        if got not in (entry["must"], entry["alt"]) or (got == "refuse" and set(answer) != {"error", "hint"}):
            wrong.append(f"{entry['id']}: expected {entry['must']}, got {status} {str(answer)[:200]}")
    return wrong


class Studio(Server):
    """`why128 studio`, while one is inside."""

    def __init__(self, model: str, folder: str):
        command = [*WHY128, "studio", str(Path(model).absolute().parent), "--port", "0", "--no-browser", "--json"]
        own = os.environ | {"XDG_CACHE_HOME": folder}
        self.process = subprocess.Popen(
            command, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Studio":
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.port, self.token = int(said["address"].rsplit(":", 1)[1].strip("/")), said["open"].split("key=")[1]
        return self

    def ask(self, path: str, body: bytes) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("POST", path, body, {"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def shown(corpus: Path, model: str, studio: Studio, entries: list[dict]) -> list[str]:
    """What the studio answers otherwise than with an answer or a refusal in words."""
    wrong = []

    def judged(entry: dict, status: int, answer: dict) -> None:
        refused = 400 <= status < 500 or status == 503
        if not (status == 200 or (refused and answer.get("error"))):
            wrong.append(f"the studio of {entry['id']}: {status} {str(answer)[:200]}")

    for entry in entries:
        path = corpus / entry["path"]
        if entry["use"] == "image" and path.is_file():
            judged(
                entry,
                *studio.ask(f"/api/predict?{urlencode({'model': str(Path(model).absolute())})}", path.read_bytes()),
            )
        elif entry["use"] == "data":
            judged(entry, *studio.ask("/api/pictures", json.dumps({"data": str(path)}).encode()))
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("model")
    given = parser.parse_args()
    manifest = json.loads((given.corpus / "manifest.json").read_text())
    with Server(given.model) as server:
        began = server.peak
        wrong = pairs(given.corpus, given.model, server, manifest["pairs"])
        wrong += posted(given.corpus, server, manifest["entries"])
        grown = server.peak - began
    with tempfile.TemporaryDirectory() as folder, Studio(given.model, folder) as studio:
        wrong += shown(given.corpus, given.model, studio, manifest["entries"])
    wrong += [f"the studio said: {studio.said}"] * (studio.said != "why128: terminated\n")
    wrong += [f"memory: {grown:,} bytes more at the peak"] * (grown > GROWTH)
    wrong += [f"the server said: {server.said}"] * (server.said != "why128: terminated\n")
    print("\n".join(wrong))
    print(json.dumps({"pairs": len(manifest["pairs"]), "wrong": len(wrong), "grown": grown}))
    assert not wrong


if __name__ == "__main__":
    main()

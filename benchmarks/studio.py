"""How fast is the studio?  From the command to its first answer and first paint, frames while a chart grows, a drawing's answer.

    python -m benchmarks.studio [--record]

Everything is seen by a real browser (the system's Chromium, headless) on this machine.  The chart is of a study of 50 widths × 100
epochs of 1,000 images, which trains on all cores meanwhile, as a person's does: frames are counted by the page itself
(requestAnimationFrame) from the first replicate to the end, with the page at the charts.  A drawing's answer is from the last point of
a stroke to the answer on the page, for the textbook's network: what a person waits for.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import record

from why128.data.source import open_data

NETWORKS, EPOCHS, IMAGES = 50, 100, 1_000
STARTS, STROKES = 5, 60
STUDY = sys.executable, "-m", "why128", "study"
NAMES = "chromium", "chromium-browser", "google-chrome"
FRAMES = """() => { globalThis.frames = []; let last = performance.now();
  const tick = (now) => { frames.push(now - last); last = now; requestAnimationFrame(tick); }; requestAnimationFrame(tick); }"""


class Studio:
    """One that runs in a folder."""

    def __init__(self, folder: Path):
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "why128", "studio", "--port", "0", "--no-browser", "--json"],
            cwd=folder, env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.seconds, self.open, self.address = time.perf_counter() - began, said["open"], said["address"]

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def started(browser: Any, folder: Path) -> dict[str, list[float]]:
    """Seconds to the first answer, and to the first paint of the page after it."""
    starts, paints = [], []
    for _ in range(STARTS):
        with Studio(folder) as studio:
            starts.append(studio.seconds)
            page = browser.new_page()
            page.goto(studio.open)
            page.wait_for_selector(".sets")
            paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
            page.close()
    return {"to the first answer": starts, "to the first paint": paints}


def watched(browser: Any, studio: Studio, folder: Path) -> dict[str, float]:
    """Frames while the chart of a study grows that trains on all cores."""
    sample = open_data("sample").train
    rows = np.linspace(0, len(sample) - 1, IMAGES).astype(int)
    np.savez(folder / "few.npz", images=sample.pixels[rows, ..., 0], labels=sample.labels[rows])
    widths = ",".join(map(str, range(1, NETWORKS + 1)))
    study = subprocess.Popen(
        [*STUDY, "few.npz", "--widths", widths, "--epochs", str(EPOCHS), "--replicates", "4", "--out", "why128-studies/fifty"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not (folder / "why128-studies" / "fifty" / "study.db").exists():
        time.sleep(0.1)
    page = browser.new_page()
    page.goto(studio.open)
    page.wait_for_selector(".sets")
    page.goto(f"{studio.address}#needed/fifty")
    page.wait_for_selector("h1:has-text('So far')", timeout=300_000)
    page.evaluate("document.querySelector('.chart').scrollIntoView()")
    page.evaluate(FRAMES)
    page.wait_for_selector("text=See its neurons", timeout=600_000)
    taken = np.array(page.evaluate("frames"))
    page.close()
    assert study.wait() == 0
    seconds = float(taken.sum()) / 1000
    return {
        "seconds": round(seconds, 1),
        "frames a second": round(len(taken) / seconds, 1),
        "frame, median ms": round(float(np.median(taken)), 1),
        "frame, 99th percentile ms": round(float(np.quantile(taken, 0.99)), 1),
        "longest ms": round(float(taken.max()), 1),
    }


def drawn(browser: Any, studio: Studio, folder: Path) -> list[float]:
    """Milliseconds from the last point of a stroke to the answer on the page."""
    subprocess.run(
        [*STUDY, "sample", "--widths", "64,128", "--epochs", "1", "--replicates", "2", "--out", "why128-studies/textbook"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    page = browser.new_page()
    page.goto(studio.open)
    page.wait_for_selector(".sets")
    page.goto(f"{studio.address}#needed/textbook")
    page.wait_for_selector("text=See its neurons")
    page.goto(f"{studio.address}#try")
    page.select_option("#network", label="128-replicate0")
    page.wait_for_selector("canvas")
    found = page.evaluate(STROKE, STROKES)
    page.close()
    return found


STROKE = """async (count) => {
  const canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect(), told = document.querySelector(".result"), found = [];
  const point = (kind, at) => canvas.dispatchEvent(new PointerEvent(kind, {
    clientX: box.left + 40 + (at % 9) * 25, clientY: box.top + 40 + (at % 7) * 30, pointerId: 1, bubbles: true, isPrimary: true }));
  canvas.setPointerCapture = () => {};
  for (let at = 0; at < count; at++) {
    const began = performance.now();
    const answered = new Promise((done) => {
      const seen = new MutationObserver(() => { seen.disconnect(); done(); });
      seen.observe(told, { childList: true });
    });
    point("pointerdown", at); point("pointermove", at + 1); point("pointerup", at + 1);
    await answered;
    found.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 120));
  }
  return found.slice(10);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise SystemExit("studio: expected Chromium, found none; install it (Debian: chromium)")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder, browser = Path(place), playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        starts = started(browser, folder)
        with Studio(folder) as studio:
            answers = drawn(browser, studio, folder)
            frames = watched(browser, studio, folder)
        found = {
            "seconds": {name: record.spread(values) for name, values in starts.items()},
            "a drawing's answer, ms": record.spread(answers),
            f"a chart of {NETWORKS} networks x {EPOCHS} epochs grows": frames,
            "browser": browser.version,
        }
        browser.close()
    print(json.dumps(found, indent=1))
    if given.record:
        record.write("studio", found, ("numpy", "starlette", "uvicorn", "vl-convert-python"))


if __name__ == "__main__":
    main()

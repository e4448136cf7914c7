"""A studio of its own process in a folder of its own, and pages of a real browser that open it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
from PIL import Image

PATIENCE = 60
SIZES = ((1440, 900), (820, 1180), (390, 844))
STRIPES = "across", "down", "dots"  # the classes of `pictures`


def pictures(folder, each=100, side=12, seed=0):
    """A folder of PNG files: stripes across, stripes down, and dots, under noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((side, side))
    drawn = {"across": rows % 4 < 2, "down": columns % 4 < 2, "dots": (rows % 4 < 2) & (columns % 4 < 2)}
    for name in STRIPES:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            shifted = np.roll(drawn[name], rng.integers(0, 4, 2), (0, 1))
            pixels = np.clip(200 * shifted + rng.normal(20, 20, shifted.shape), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


class Studio:
    """One that runs in a folder."""

    def __init__(self, folder, *arguments, port=0):
        self.folder, self.arguments, self.port = folder, arguments, port
        self.start()

    def start(self):
        own = self.folder / "home"
        own.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "why128",
                "studio",
                *self.arguments,
                "--port",
                str(self.port),
                "--no-browser",
                "--json",
            ],
            cwd=self.folder,
            env=os.environ | {"XDG_CACHE_HOME": str(own)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = json.loads(self.process.stdout.readline())
        self.address, self.open = said["address"], said["open"]
        self.port = int(self.address.rsplit(":", 1)[1].strip("/"))

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err, err
        return self.process.returncode, out, err

    def study(self, *arguments):
        """A study of the command line, which runs in the same folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "why128", "study", *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def running(folder, *arguments):
    studio = Studio(folder, *arguments)
    try:
        yield studio
    finally:
        if studio.process.poll() is None:
            status, _, err = studio.stop()
            assert status == 143, err


@contextmanager
def pages(browser, studio, size=SIZES[0], scheme="light", reduced=True):
    """A browser's context; asserts that nothing but this studio was asked for anything, and that nothing complained."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, accept_downloads=True,
        reduced_motion="reduce" if reduced else "no-preference",
    )  # fmt: skip
    context.set_default_timeout(1000 * PATIENCE)
    asked, wrong = [], []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda message: wrong.append(message.text))
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    yield context
    expected = "Failed to load resource"  # what a browser writes of every refusal, which the page tells in words
    assert [text for text in wrong if expected not in text] == []
    assert [url for url in asked if not url.startswith((studio.address, "data:", f"blob:{studio.address}"))] == []
    context.close()


def opened(context, studio, place=""):
    page = context.new_page()
    page.goto(studio.open)
    page.wait_for_selector(".sets")
    if place:
        page.goto(f"{studio.address}#{place}")
    return page


def waited(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found

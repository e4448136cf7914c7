"""Draws the studio as it is shown in the documentation: every place at three sizes, light and dark, into docs/studio/.

    .venv/bin/python scripts/screenshots.py

It runs a study of the built-in sample in an empty folder first.  To be looked at afterwards.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

OUT = Path(__file__).parents[1] / "docs" / "studio"
SIZES = (1440, 900), (820, 1180), (390, 844)
COLOURS = 160  # of a picture: enough for a page, and a quarter of the bytes
PLACES = {
    "pictures": ("pictures", ".class"),
    "plan": ("needed/", ".plan pre"),
    "answer": ("needed/sample-1", ".others .chart img[src]"),
    "neurons": ("neurons", ".tile"),
    "try": ("try", "canvas"),
    "take": ("take", ".size"),
}


def main():
    OUT.mkdir(exist_ok=True)
    browser_s = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        why128 = [sys.executable, "-m", "why128"]
        subprocess.run([*why128, "study"], cwd=folder, check=True)
        studio = subprocess.Popen(
            [*why128, "studio", "--port", "0", "--no-browser", "--json"], cwd=folder, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"XDG_CACHE_HOME": folder},
        )  # fmt: skip
        said = json.loads(studio.stdout.readline())
        browser = playwright.chromium.launch(executable_path=browser_s, args=["--no-sandbox"])
        try:
            for width, height in SIZES:
                for scheme in ("light", "dark"):
                    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                    shown(context.new_page(), said, f"{width}-{scheme}")
                    context.close()
        finally:
            browser.close()
            studio.terminate()
            studio.wait()


def shown(page, said, name):
    page.goto(said["open"])
    page.get_by_role("button", name="sample").click()
    page.wait_for_selector(".class")
    for place, (address, ready) in PLACES.items():
        page.goto(f"{said['address']}#{address}")
        page.wait_for_selector(ready, timeout=60_000)
        if place == "neurons":
            page.locator(".tile").nth(3).click()
            page.get_by_role("button", name="Switch it off").click()
            page.wait_for_selector(".side h2:text-is('1 switched off')")
            page.get_by_role("button", name="Switch all on").click()
            page.wait_for_selector(".side h2:text-is('All are on')")
        if place == "try":
            draw(page)
        if place == "take":
            page.wait_for_function("() => !document.querySelector('.working')", timeout=60_000)
        page.mouse.move(0, 0)
        page.evaluate("() => { scrollTo(0, 0); document.activeElement.blur(); }")
        time.sleep(0.5)
        image = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        image.save(OUT / f"{re.sub('[^a-z]', '', place)}-{name}.png", optimize=True)


def draw(page):
    """A boot: a shaft, a foot, and a heel."""
    page.locator("input[type=range]").fill("4.5")
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    side = box["width"]
    strokes = (
        [(0.33, 0.2), (0.36, 0.62)], [(0.45, 0.2), (0.46, 0.62)], [(0.36, 0.66), (0.82, 0.72)], [(0.36, 0.74), (0.8, 0.76)], [(0.34, 0.8), (0.4, 0.8)],
        [(0.46, 0.55), (0.62, 0.64)],
    )  # fmt: skip
    for (x, y), (to, down) in strokes:
        page.mouse.move(box["x"] + x * side, box["y"] + y * side)
        page.mouse.down()
        page.mouse.move(box["x"] + to * side, box["y"] + down * side, steps=6)
        page.mouse.up()
    page.wait_for_selector(".result .effect")
    time.sleep(0.4)


if __name__ == "__main__":
    main()

"""A real browser without a network: whatever Chromium there is on this machine."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.studios import pictures

NAMES = "chromium", "chromium-browser", "google-chrome"
# As root there is no sandbox; no name but this machine's is found; and a camera that shows a test picture.
FLAGS = [
    "--no-sandbox",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@pytest.fixture(scope="module")  # no longer: its event loop would be every later test's
def chromium():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder for a studio, with pictures of three classes in it."""
    folder = tmp_path_factory.mktemp("studio")
    pictures(folder / "stripes")
    return folder


@pytest.fixture
def opened(chromium):
    """Opens a file; what the page asked for and complained of is kept: nothing but itself, and nothing."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    page = context.new_page()
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))

    def open_file(path):
        page.goto(path.as_uri())
        return page

    yield open_file
    assert not wrong
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert sum(url.startswith("file:") for url in asked) == 1
    context.close()

"""The atlas of 512 neurons in a real browser: it opens at once, sorts, filters, and is used by the keyboard alone."""

import numpy as np
import pytest

import why128
from why128.atlas.atlas import Atlas
from why128.layers import Dense, Flatten, Rescaling
from why128.neurons.ledger import ledger
from why128.sequential import Sequential

MOST = 5_000_000  # bytes


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    """Of a network that learned a little, on the sample's test images."""
    sample = why128.load_data("sample")
    model = Sequential(
        [Rescaling(1 / 255, input_shape=(28, 28)), Flatten(), Dense(512, "relu"), Dense(10, "softmax")], seed=0
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(sample.train.pixels[..., 0], sample.train.labels, epochs=1, batch_size=128, verbose=0)
    model.classes = sample.classes
    found = Atlas(ledger(model.network, sample.test, "sample", "test"))
    path = tmp_path_factory.mktemp("atlas") / "atlas.html"
    found.save(path)
    return found, path


def test_it_opens_whole_and_is_small(atlas, opened):
    _, path = atlas
    assert path.stat().st_size < MOST
    page = opened(path)
    assert page.locator("tbody tr").count() == 512
    assert page.inner_text("h1") == "512 hidden neurons, one by one"
    assert page.inner_text("#told") == "512 of 512 shown"


def test_it_sorts_by_what_is_clicked(atlas, opened):
    found, path = atlas
    page = opened(path)
    worth = sorted((one.lost.mean for one in found.neurons), reverse=True)
    for _ in range(2):
        page.click('th[data-key="lost"] button')
        shown = [float(row.get_attribute("data-lost")) for row in page.locator("tbody tr").all()[:20]]
        assert shown == worth[:20]
        assert page.locator("th[aria-sort]").count() == 1
        worth = worth[::-1]
    page.click('th[data-key="prefers"] button')
    names = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.dataset.prefers)")
    assert names == sorted(names, key=str.casefold)


def test_it_filters_table_and_pictures_alike(atlas, opened):
    found, path = atlas
    page = opened(path)
    dead = len(found.ledger.flagged("dead"))
    page.select_option('[data-filter="flag"]', "dead")
    assert page.inner_text("#told") == f"{dead} of 512 shown"
    assert page.locator("tbody tr:visible").count() == page.locator(".mosaic a:visible").count() == dead
    page.select_option('[data-filter="flag"]', "none")
    page.select_option('[data-filter="prefers"]', "Sandal")
    due = sum(
        not one.flags.words() and one.prefers is not None and found.ledger.classes[one.prefers] == "Sandal"
        for one in found.neurons
    )
    assert page.locator("tbody tr:visible").count() == due
    page.select_option('[data-filter="flag"]', "")
    page.select_option('[data-filter="prefers"]', "")
    page.fill('[data-filter="number"]', "51")
    assert page.locator("tbody tr:visible").count() == 3, "51, 510 and 511"


def test_the_keyboard_reaches_everything(atlas, opened):
    _, path = atlas
    page = opened(path)
    page.focus("tbody tr:nth-child(3) button")
    page.keyboard.press("Enter")
    assert page.inner_text("dialog h3") == "Neuron 2, class by class"
    assert page.locator("dialog tbody tr").count() == 10
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    page.focus('th[data-key="fires"] button')
    page.keyboard.press("Enter")
    assert page.get_attribute('th[data-key="fires"]', "aria-sort") == "descending"
    page.focus('.mosaic a[href="#n7"]')
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('tbody tr:target').id") == "n7"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (820, 1180), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_leaves_the_screen(atlas, opened, width, height, scheme):
    _, path = atlas
    page = opened(path)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    ink, ground = (
        np.array(page.evaluate(f"getComputedStyle(document.body).{what}.match(/\\d+/g).map(Number)")[:3])
        for what in ("color", "backgroundColor")
    )
    assert (ink.mean() < ground.mean()) == (scheme == "light")

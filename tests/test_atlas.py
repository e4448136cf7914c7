"""The atlas: what it says, and that a page of it is whole, safe, and small enough."""

import csv
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

import why128
from tests.neurons import planted
from tests.test_house import ROOT
from why128.atlas.atlas import Atlas, check_ending
from why128.atlas.page import page
from why128.data.images import Images
from why128.errors import UsageError
from why128.layers import Dense, Flatten, Input
from why128.neurons.ledger import ledger
from why128.sequential import Sequential

EVIL = "</script><script>alert(1)</script>"


def made(network=None, names=("a", "b", "c", EVIL), count=400):
    pixels, labels = planted.images(count)
    network = network or planted.planted()
    network = type(network)(network.layers, network.weights, names, network.preparation)
    return Atlas(ledger(network, Images(pixels[..., None], labels.astype(np.int32)), "drawn", "test"))


@pytest.fixture(scope="module")
def atlas():
    return made()


def test_what_is_printed(atlas):
    said = str(atlas).splitlines()
    assert said[0] == "16 hidden neurons, one by one"
    assert said[1].startswith("Looked at on 400 test images of drawn, of which the network answers ")
    assert "1 dead (gives 0 to every image): 3." in said
    assert "1 constant (gives the same to every image): 9." in said
    assert "1 always on (its activation never bends: it is linear): 11." in said
    assert "3 twins of others (give the same up to a factor): 5, 7, 13." in said
    assert any(line.startswith("Worth most: ") and line.endswith(" points are lost.") for line in said)
    assert "Each neuron takes 164 bytes, 6.25 % of the network's multiplications." in said
    assert said[-17].split()[:3] == ["neuron", "fires", "prefers"]
    assert len(atlas.rows()) == 16


def test_a_long_table_is_cut_and_says_so(atlas):
    assert atlas.lines(5)[-1] == "… and 11 more, each worth less"
    assert len(atlas.lines(5)) == 7


def test_nothing_odd_is_said_too():
    model = Sequential([Input((6, 6)), Flatten(), Dense(3, "tanh"), Dense(4, "softmax")], seed=0)
    model.build()
    pixels, labels = planted.images(300)
    said = str(model.neurons(pixels, labels))
    assert "No neuron is dead, constant, always on, a twin or redundant." in said
    assert "shown to be" in said


def test_several_layers_are_told_apart():
    model = Sequential([Input((6, 6)), Flatten(), Dense(5, "tanh"), Dense(3, "tanh"), Dense(4, "softmax")], seed=0)
    model.build()
    pixels, labels = planted.images(300)
    atlas = model.neurons(pixels, labels)
    assert [row["neuron"] for row in atlas.rows()] == ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0", "2.1", "2.2"]
    text = page(atlas.ledger)
    assert "Composed: its weights times those of the layers before" in text
    assert 'data-filter="layer"' in text


def test_the_page_is_whole_and_loads_nothing(atlas):
    text = page(atlas.ledger)
    assert len(re.findall(r'<tr id="n\d+"', text)) == 16
    assert text.count('<a href="#n') == 16
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', text)
    assert "://" not in text
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-")


def test_names_of_classes_mean_nothing_to_a_browser(atlas):
    text = page(atlas.ledger)
    assert EVIL not in text
    data = re.search(r'<script type="application/json" id="by-class">(.*?)</script>', text, re.S)[1]
    assert json.loads(data)["classes"][3] == EVIL


def test_the_table_has_every_number(atlas):
    lines = list(csv.DictReader(io.StringIO(Atlas_csv(atlas))))
    assert len(lines) == 16
    first, neuron = lines[0], atlas.neurons[0]
    assert float(first["lost"]) == neuron.lost.mean
    assert float(first["fires_2"]) == neuron.fires_by_class[2]
    assert lines[7]["flags"] == "twin of 1"
    document = atlas.document()
    assert document["neurons"][7]["flags"] == ["twin of 1"]
    assert document["widths"] == [16]
    json.dumps(document)


def Atlas_csv(atlas):
    from why128.atlas.table import comma_separated

    return comma_separated(atlas.ledger)


def test_it_is_saved_by_the_ending(atlas, tmp_path):
    for ending in (".html", ".PNG", ".csv"):
        atlas.save(tmp_path / f"atlas{ending}")
    with Image.open(tmp_path / "atlas.PNG") as picture:
        assert picture.size == (16 * 64 + 8, 29 + 90)
    assert (tmp_path / "atlas.html").read_text("utf-8") == page(atlas.ledger)
    with pytest.raises(UsageError) as caught:
        atlas.save(tmp_path / "atlas.pdf")
    assert str(caught.value).endswith("atlas.pdf: expected a path that ends in .html, .png, .csv, got '.pdf'")
    assert caught.value.hint == "for example neurons.html"
    with pytest.raises(UsageError, match=r"got no ending$"):
        check_ending("atlas")


def test_a_notebook_shows_the_pictures(atlas):
    shown = atlas._repr_html_()
    assert shown.startswith("<p><b>16 hidden neurons, one by one.</b> Looked at on 400 test images")
    assert 'src="data:image/png;base64,' in shown


def test_colour_images_and_large_ones_are_made_small():
    model = Sequential([Input((50, 60, 3)), Flatten(), Dense(4, "relu"), Dense(2, "softmax")], seed=0)
    model.build()
    rng = np.random.default_rng(0)
    atlas = model.neurons(rng.random((30, 50, 60, 3), np.float32), rng.integers(0, 2, 30))
    assert len(page(atlas.ledger)) < 200_000


def test_labels_are_asked_for():
    model = Sequential([Input((6, 6)), Flatten(), Dense(4, "relu"), Dense(2, "softmax")], seed=0)
    with pytest.raises(UsageError, match=r"^y: labels are missing$"):
        model.neurons(planted.images(10)[0])


def test_the_page_s_own_code_says_what_it_says(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "neurons.md").read_text()
    code, said = re.search(r"```python\n(.*?)```\s+```text\n(.*?)```", text, re.S).groups()
    exec(compile(code, "docs/neurons.md", "exec"), {})
    assert capsys.readouterr().out == said
    assert (tmp_path / "neurons.html").stat().st_size > 100_000


def test_a_model_without_names_has_the_data_s():
    sample = why128.load_data("sample")
    model = Sequential([Input((28, 28)), Flatten(), Dense(4, "relu"), Dense(10, "softmax")], seed=0)
    model.build()
    assert model.neurons(sample).ledger.classes == sample.classes
    assert model.classes == ()

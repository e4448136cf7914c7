"""Where images lie, and how batches of them come to a program."""

import numpy as np
import pytest

from tests import networks
from tests.engine.test_laws import furthest, trained
from why128.engine import Data
from why128.engine import data as module
from why128.engine.data import NOBODY


def rows_of(images):
    return Data.of(images, np.arange(len(images)))


@pytest.mark.parametrize(("first", "last"), [(0, 3), (1, 3), (2, 3)])
def test_batches_are_laid_out_as_they_are_asked_for(first, last):
    images = np.random.default_rng(0).integers(0, 256, (50, 4)).astype(np.uint8)
    batches = np.array([[7, 3, 3], [49, 0, 1], [8, NOBODY, NOBODY]])
    pool, places, begins = rows_of(images).laid_out(batches, first, last)
    assert (begins, places.shape) == (first, batches.shape)
    for asked, found in zip(batches[first:last], places, strict=False):
        for row, place in zip(asked, found, strict=True):
            assert place == NOBODY if row == NOBODY else (pool.images[place] == images[row]).all()
            assert row == NOBODY or pool.targets[place] == row
    assert (places[last - first :] == NOBODY).all()


def test_few_images_lie_there_at_a_time_however_many_there_are(monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 64 * 8 * 5)
    data = rows_of(np.zeros((1000, 64), np.uint8))
    batches = np.arange(1000).reshape(-1, 8)
    assert data.most(batches) == 5
    assert data.laid_out(batches, 3, 5)[0].images.shape == (40, 64)


def test_a_batch_larger_than_that_is_laid_out_all_the_same(monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 10)
    assert rows_of(np.zeros((16, 64), np.uint8)).most(np.arange(16).reshape(2, 8)) == 1


def test_how_many_are_laid_out_at_a_time_changes_no_bit(monkeypatch):
    data, own = networks.data(320), networks.ladder((), (5,), (16, 8))
    at_once = trained(own, data, epochs=3)
    monkeypatch.setattr(module, "WINDOW", 3 * 32 * 64)  # three batches
    assert all(furthest(a, b) == 0 for a, b in zip(at_once, trained(own, data, epochs=3), strict=True))


def test_images_in_a_mapped_file_are_learned_from_where_they_lie(tmp_path):
    images, labels = networks.pictures(320)
    np.save(tmp_path / "images.npy", images.reshape(320, -1))
    mapped = Data.of(np.load(tmp_path / "images.npy", mmap_mode="r"), labels)
    assert isinstance(mapped.all.images, np.memmap)
    own = networks.ladder((), (5,))
    for a, b in zip(trained(own, networks.data(320)), trained(own, mapped), strict=True):
        assert furthest(a, b) == 0

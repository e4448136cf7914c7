"""Which images serve what: no image serves two purposes, every class is in each part, and the same seed divides alike."""

from dataclasses import replace

import numpy as np
import pytest

from tests import networks
from why128.data.images import SEALED, Dataset, Images
from why128.division import SAMPLE_SHARE, Sealed, divide, sample, without_test
from why128.errors import InputRefused


def dataset(labels, test=None):
    pixels = np.zeros((len(labels), 2, 2, 1), np.uint8)
    return Dataset("pets", ("a", "b", "c"), Images(pixels, np.array(labels, np.int32)), test, "0-255", (), ())


DATA = dataset(np.random.default_rng(1).choice(3, 300, p=[0.5, 0.3, 0.2]))


@pytest.mark.parametrize("tuning", [0.0, 0.15, 0.5])
def test_no_image_serves_two_purposes(tuning):
    division = divide(DATA, 0.3, 7, tuning)
    parts = (division.learned, division.held_out, division.tuning)
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts)) == len(DATA.train) - len(division.test)
    assert not division.test_given
    assert all(set(DATA.train.labels[rows]) == {0, 1, 2} for rows in parts if len(rows))


def test_tuning_images_are_a_share_of_each_class_of_those_to_learn_from():
    plain, tuned = divide(DATA, 0.3, 7), divide(DATA, 0.3, 7, 0.15)
    before, after = (np.bincount(DATA.train.labels[rows]) for rows in (plain.learned, tuned.tuning))
    assert np.abs(after - 0.15 * before).max() < 1
    assert len(plain.tuning) == 0


def test_the_images_that_judge_and_test_are_the_same_with_and_without_tuning():
    plain, tuned = divide(DATA, 0.3, 7), divide(DATA, 0.3, 7, 0.15)
    assert (plain.held_out == tuned.held_out).all()
    assert (plain.test.open().labels == tuned.test.open().labels).all()


def test_test_images_that_came_with_the_data_are_used():
    given = dataset(DATA.train.labels, test=DATA.train)
    division = divide(given, 0.3, 5)
    assert division.test.open() is given.test
    assert division.test_given
    assert len(division.learned) + len(division.held_out) == len(DATA.train)


def test_a_class_too_small_to_tune_by_is_refused_by_name():
    data = dataset([0] * 40 + [1] * 40 + [2] * 2)
    divide(data, 0.3, 5)
    with pytest.raises(InputRefused) as refused:
        divide(data, 0.3, 5, 0.15)
    assert str(refused.value) == "pets: classes with 1 image cannot be split, expected at least 2 of each class: c"
    assert refused.value.hint == "add images of these classes, or leave the classes out"


def test_every_sample_has_equally_many_images_of_each_class():
    rows = divide(DATA, 0.3, 7).learned
    drawn = [sample(rows, DATA.train.labels, 7, number) for number in range(5)]
    whole = np.bincount(DATA.train.labels[rows])
    for each in drawn:
        assert (np.bincount(DATA.train.labels[each]) == np.round(SAMPLE_SHARE * whole)).all()
        assert set(each) < set(rows)
        assert (np.diff(each) > 0).all(), "sorted, and none twice"
    assert len({tuple(each) for each in drawn}) == 5
    assert (sample(rows, DATA.train.labels, 7, 3) == drawn[3]).all()
    assert (sample(rows, DATA.train.labels, 8, 3) != drawn[3]).any()


def test_two_samples_share_what_independent_draws_share():
    """Of n images, two samples of four fifths share 0.64 n on average: over 200 pairs, within four standard errors."""
    _, labels = networks.pictures(400)
    rows = np.arange(400)
    shared = [
        len(np.intersect1d(sample(rows, labels, 0, 2 * i), sample(rows, labels, 0, 2 * i + 1))) / 400
        for i in range(200)
    ]
    assert abs(np.mean(shared) - 0.64) < 4 * np.std(shared) / np.sqrt(200) + 0.002  # and the rounding of four classes


def test_a_class_of_one_image_stays_in_every_sample():
    labels = np.array([0] * 10 + [1])
    assert all(10 in sample(np.arange(11), labels, 0, number) for number in range(20))


def test_test_images_are_opened_once():
    sealed = divide(DATA, 0.3, 7).test
    assert len(sealed) == len(sealed.open())
    with pytest.raises(AssertionError, match="test images are opened once"):
        sealed.open()


def test_asking_which_test_images_are_repeated_opens_nothing():
    pixels = np.arange(300 * 4, dtype=np.uint16).astype(np.uint8).reshape(300, 2, 2, 1)
    sealed = Sealed(Images(pixels, np.zeros(300, np.int32)))
    none = np.zeros(0, np.uint64)
    assert sealed.repeated(none) == 0
    two = Images(pixels[:2], np.zeros(2, np.int32)).digests
    assert sealed.repeated(two) == 10, "bytes run out after 64 images"
    assert len(sealed.open()) == 300
    with pytest.raises(AssertionError, match="asked before they are opened"):
        sealed.repeated(none)


def test_of_images_that_are_set_aside_only_these_are_asked():
    data = marked()
    aside = np.array([3, 200, 7])
    sealed = Sealed(data.train, aside)
    assert len(sealed) == 3
    assert sealed.repeated(data.train.digests) == 3
    assert sealed.repeated(data.train.digests[:100]) == 2
    assert shown(sealed.open()) == aside.tolist()


def marked(test=None):
    """Data whose every image shows its own number, so that it can be found wherever it is."""
    numbers = np.arange(len(DATA.train), dtype=np.uint16)
    pixels = np.stack([numbers >> 8, numbers & 255, numbers * 0, numbers * 0], axis=1).astype(np.uint8)
    return replace(dataset(DATA.train.labels, test), train=Images(pixels.reshape(-1, 2, 2, 1), DATA.train.labels))


def shown(images):
    """The numbers that images show."""
    flat = images.pixels.reshape(len(images), 4).astype(int)
    return (256 * flat[:, 0] + flat[:, 1]).tolist()


def test_without_test_images_nobody_can_look_at_one():
    data = marked()
    division = divide(data, 0.3, 7, 0.15)
    kept, rows = without_test(data, division)
    assert (kept.test, rows.test) == (None, None)
    test = np.array(shown(division.test.open()))
    assert len(test)
    assert (kept.train.labels[test] == SEALED).all(), "nobody can learn from one, or be judged by it"
    for one in test:
        with pytest.raises(AssertionError, match="these images are sealed"):
            kept.train.take(np.array([one]))
    for name in ("learned", "held_out", "tuning"):
        before, after = (part.train.take(getattr(of, name)) for part, of in ((data, division), (kept, rows)))
        assert shown(before) == shown(after)
        assert (before.labels == after.labels).all()
        assert not set(shown(after)) & set(test)
    assert sum(map(len, (rows.learned, rows.held_out, rows.tuning))) + len(test) == len(kept.train)
    assert (data.train.labels != SEALED).all(), "who has the whole data still has them"


def test_a_given_test_part_goes_and_the_rest_is_not_copied():
    data = marked(test=DATA.train)
    kept, rows = without_test(data, divide(data, 0.3, 7))
    assert kept.test is None
    assert kept.train.pixels is data.train.pixels
    assert (kept.train.labels == data.train.labels).all()
    assert rows.test_given


def test_data_without_test_images_still_say_whose_they_are():
    data = marked(test=DATA.train)
    assert without_test(data, divide(data, 0.3, 7))[0].fingerprint == data.fingerprint
    assert replace(data, test=None).fingerprint != data.fingerprint

"""The examination of the chosen network: what is kept of its answers, what it got wrong, and that it survives a file."""

import io
import zipfile

import numpy as np
import pytest

from tests.studying import examination
from why128.data.images import Images
from why128.layers import Dense, Flatten, Input
from why128.network import Network, Preparation
from why128.studies.examination import MOST_MISTAKES, Examination, examine


def seeing(side=2, channels=1, sharp=1.0, scale=(0.0, 1.0)):
    """A network that names the brightest of the first three numbers of an image, the surer the clearer it is."""
    shape = (side, side) if channels == 1 else (side, side, channels)
    kernel = np.zeros((side * side * channels, 3), np.float32)
    kernel[:3] = sharp * np.eye(3)
    layers = (Input(shape), Flatten(), Dense(3, "softmax"))
    prepared = Preparation("gray" if channels == 1 else "rgb", scale)
    return Network(layers, (kernel, np.zeros(3, np.float32)), ("a", "b", "c"), prepared)


def pictures(count=200, channels=1, wrong=0.2, seed=0, dtype=np.float32):
    """Images whose brightest of three numbers is their label, but for some that are labelled otherwise."""
    rng = np.random.default_rng(seed)
    pixels = rng.random((count, 2, 2, channels)).astype(np.float32)
    labels = pixels.reshape(count, -1)[:, :3].argmax(1)
    flipped = rng.random(count) < wrong
    labels[flipped] = (labels[flipped] + 1) % 3
    if dtype == np.uint8:
        pixels = np.rint(255 * pixels).astype(np.uint8)
    return Images(pixels, labels.astype(np.int32)), np.flatnonzero(flipped)


def examined(channels=1, **kwargs):
    images, wrong = pictures(channels=channels, **kwargs)
    return examine(seeing(channels=channels), images, "test", pictures(500, channels, seed=1)[0]), images, wrong


def test_what_it_answers_is_what_the_network_answers():
    found, images, wrong = examined()
    assert found.part == "test"
    assert (found.probabilities == seeing().probabilities(images.pixels)).all()
    assert (found.labels == images.labels).all()
    assert np.flatnonzero(found.answers != found.labels).tolist() == wrong.tolist()
    assert found.accuracy(0.95).mean == pytest.approx(1 - len(wrong) / 200)


def test_mistakes_are_the_most_confident_first():
    found, images, wrong = examined()
    sure = found.probabilities.max(1)
    assert len(found.mistakes) == MOST_MISTAKES < len(wrong)
    assert [m.probability for m in found.mistakes] == pytest.approx(sorted(sure[wrong], reverse=True)[:MOST_MISTAKES])
    first = found.mistakes[0]
    row = wrong[sure[wrong].argmax()]
    assert (first.true, first.answered) == (images.labels[row], found.answers[row])
    assert first.true != first.answered


def test_no_mistakes():
    found, _, _ = examined(wrong=0.0)
    assert found.mistakes == ()
    assert found.accuracy(0.95).mean == 1
    assert (found.confusion == np.diag(np.bincount(found.labels))).all()


def test_confusion_counts_true_classes_by_row():
    found, _, wrong = examined()
    assert found.confusion.sum() == 200
    assert (found.confusion.sum(axis=1) == np.bincount(found.labels, minlength=3)).all()
    assert found.confusion[1, 0] == sum(found.labels[wrong] == 1), "what shows class 0 was labelled 1"
    assert found.confusion[0, 1] == 0


def test_a_class_without_images_has_its_row():
    found = Examination("test", np.eye(4, dtype=np.float32)[[0, 1, 1]], np.array([0, 1, 0]), (), None)
    assert found.confusion.shape == (4, 4)
    assert found.confusion.sum() == 3


@pytest.mark.parametrize(("channels", "shape"), [(1, (2, 2)), (3, (2, 2, 3))])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_pictures_are_kept_as_bytes_gray_or_in_colour(channels, shape, dtype):
    images, wrong = pictures(channels=channels, dtype=dtype)
    found = examine(seeing(channels=channels), images, "test", images)
    sure = found.probabilities.max(1)
    row = wrong[sure[wrong].argmax()]
    due = images.pixels[row] if dtype == np.uint8 else np.rint(255 * images.pixels[row])
    assert found.mistakes[0].pixels.dtype == np.uint8
    assert found.mistakes[0].pixels.shape == shape
    assert (found.mistakes[0].pixels == due.reshape(shape)).all()


def test_the_temperature_is_chosen_on_validation_images_alone():
    """On the test images, all answered rightly, no temperature would be bound; the validation images bound one."""
    images, _ = pictures(wrong=0.0)
    validation, _ = pictures(2000, wrong=0.2, seed=1)
    found = examine(seeing(sharp=20.0), images, "test", validation)
    assert found.temperature > 2, "far too sure for answers of which a fifth are wrong"
    assert found.calibrated.ece > found.calibration.ece, "on images where it was right to be sure"
    assert examine(seeing(sharp=20.0), validation, "test", images).temperature is None


# ---------------------------------------------------------------- the file


def same(a, b):
    assert (a.part, a.temperature) == (b.part, b.temperature)
    assert (a.probabilities == b.probabilities).all()
    assert (a.labels == b.labels).all()
    assert a.probabilities.dtype == b.probabilities.dtype
    for one, other in zip(a.mistakes, b.mistakes, strict=True):
        assert (one.pixels == other.pixels).all()
        assert (one.true, one.answered, one.probability) == (other.true, other.answered, other.probability)
        assert isinstance(other.true, int)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wrong", [0.0, 0.2])
def test_what_was_packed_comes_back(channels, wrong):
    found, _, _ = examined(channels=channels, wrong=wrong)
    back = Examination.unpacked(found.packed())
    same(found, back)
    assert (back.confusion == found.confusion).all()
    assert back.calibration == found.calibration


def test_no_temperature_comes_back_as_none():
    """A number that is none would divide every probability into nothing."""
    found = examination(temperature=None)
    back = Examination.unpacked(found.packed())
    assert back.temperature is None
    assert back.calibrated is None


def archive(**members):
    file = io.BytesIO()
    np.savez(file, **members)
    return file.getvalue()


WHOLE = examined()[0].packed()
ARRAYS = dict(np.load(io.BytesIO(WHOLE)))


def other_zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("mine.txt", "mine")
    return file.getvalue()


def single_array():
    file = io.BytesIO()
    np.save(file, np.arange(3))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"mine",
        b"PK\x03\x04",
        other_zip(),
        single_array(),
        archive(),
        archive(**{k: v for k, v in ARRAYS.items() if k != "labels"}),
        archive(**{**ARRAYS, "labels": ARRAYS["labels"][:-1]}),
        archive(**{**ARRAYS, "probabilities": ARRAYS["labels"]}),
        archive(**{**ARRAYS, "true": ARRAYS["true"][:-1]}),
        archive(**{**ARRAYS, "temperature": np.array([1.0, 2.0])}),
    ],
)
def test_what_is_no_examination(content):
    with pytest.raises(ValueError):
        Examination.unpacked(content)


def test_objects_are_not_unpickled():
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Examination.unpacked(archive(**{**ARRAYS, "part": np.array([{}], object)}))


def test_a_bomb_and_a_header_that_lies_are_refused_before_they_take_memory():
    file = io.BytesIO()
    np.savez_compressed(file, **{**ARRAYS, "pixels": np.zeros(1 << 27, np.uint8)})
    bomb = file.getvalue()
    assert len(bomb) < 1 << 20
    with pytest.raises(ValueError, match=r"it unpacks to 134,[\d,]+ bytes, the limit is 67,108,864"):
        Examination.unpacked(bomb)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 3), }".ljust(117) + b"\n"
    lie = io.BytesIO(WHOLE)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(lie, "a") as added:
        added.writestr("probabilities.npy", b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(ValueError, match=r"^no examination: "):
        Examination.unpacked(lie.getvalue())


def test_a_damaged_file_is_a_refusal_and_nothing_else():
    """Cut anywhere, or with bytes overwritten: either it says so, or what comes back is the whole."""
    rng = np.random.default_rng(0)
    for cut in rng.integers(0, len(WHOLE), 60).tolist():
        with pytest.raises(ValueError):
            Examination.unpacked(WHOLE[:cut])
    for place in rng.integers(0, len(WHOLE) - 8, 200).tolist():
        broken = WHOLE[:place] + rng.bytes(8) + WHOLE[place + 8 :]
        try:
            back = Examination.unpacked(broken)
        except ValueError:
            continue
        same(back, Examination.unpacked(WHOLE))

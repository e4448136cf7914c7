"""Classes left out: their images go from every part, the others keep their pixels and their order."""

import numpy as np
import pytest

import why128
from why128.data.found import Reading
from why128.data.source import open_data
from why128.errors import InputRefused, UsageError


def arrays(path, test=True):
    """Images of the classes 3, 5 and 8, each of one brightness."""
    labels = np.array([3, 5, 8] * 10)
    pixels = np.random.default_rng(0).integers(0, 200, (30, 4, 4)).astype(np.uint8)
    given = {"images": pixels, "labels": labels}
    if test:
        given |= {"test_images": pixels[:9] + 1, "test_labels": labels[:9]}
    np.savez(path, **given)
    return pixels, labels


@pytest.mark.filterwarnings("ignore::why128.errors.DataWarning")
def test_the_images_of_a_class_go_from_both_parts(tmp_path):
    pixels, labels = arrays(tmp_path / "d.npz")
    data = why128.load_data(tmp_path / "d.npz", drop=["5"])
    assert data.classes == ("3", "8")
    assert (data.train.pixels[..., 0] == pixels[labels != 5]).all()
    assert [data.classes[label] for label in data.train.labels] == [str(one) for one in labels if one != 5]
    assert len(data.test) == 6
    assert f"{tmp_path / 'd.npz'}: 13 images of 5 were left out, as was asked" in data.warnings


def test_of_a_known_set_too():
    data = open_data("sample", Reading(drop=("Shirt", "Coat")))
    assert len(data.classes) == 8
    assert len(data.train) == 8_000
    assert len(data.test) == 1_600
    assert not {"Shirt", "Coat"} & set(data.classes)
    assert data.fingerprint != open_data("sample").fingerprint


def test_what_is_no_class_is_refused(tmp_path):
    arrays(tmp_path / "d.npz", test=False)
    with pytest.raises(UsageError, match=r"no class is called '4' that could be dropped; there are 3, 5, 8") as caught:
        open_data(tmp_path / "d.npz", Reading(drop=("4",)))
    assert caught.value.hint == "write the name as it is listed, or leave out --drop"


def test_two_classes_must_be_left(tmp_path):
    arrays(tmp_path / "d.npz", test=False)
    with pytest.raises(InputRefused, match=r"without 3, 5 1 of 3 classes is left, expected two or more") as caught:
        open_data(tmp_path / "d.npz", Reading(drop=("3", "5")))
    assert caught.value.hint == "a network learns to tell classes apart: drop fewer"

"""Data from where people have it: tensors, frames, and data sets of other libraries, by every door."""

from __future__ import annotations

import io
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas
import pytest
from PIL import Image as Pictures

import why128
from tests.data.making import SIDE, N, X, Y
from tests.data.objects import ClassLabel, Columns, Dictionaries, Image, Items, Stored, Subset, Tensor, Value
from why128 import Dense, Flatten, Sequential
from why128.data import sets
from why128.data.source import open_data
from why128.errors import InputRefused, UsageError

NAMES = ["shirt", "boot", "bag"]
LABELS = Y.astype(np.int64)
PIXELS = [f"pixel{i}" for i in range(SIDE * SIDE)]
PICTURES = [Pictures.fromarray(image) for image in X]
CHANNELS_FIRST = (X[:, None] / 255).astype(np.float32)

LEAST = 1e-20  # probabilities as small are the rest of sums that another order in memory adds up otherwise


def encoded(picture: Pictures.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def frame(labels: Any = LABELS) -> pandas.DataFrame:
    return pandas.DataFrame(X.reshape(N, -1), columns=PIXELS).assign(label=labels)


def columns(images: Any = PICTURES, labels: Any = LABELS, names: Any = NAMES) -> Columns:
    features = {"image": Image(), "label": ClassLabel(names)}
    return Columns(features, image=images, label=labels)


ARRAYS: dict[str, Any] = {
    "JAX": (jnp.asarray(X), jnp.asarray(LABELS.astype(np.int32))),
    "PyTorch": (Tensor(X), Tensor(LABELS)),
    "PyTorch, learned and elsewhere": (Tensor(X, grad=True, device="cuda:0"), Tensor(LABELS, device="cuda:0")),
    "PyTorch, channels first": (Tensor(CHANNELS_FIRST), Tensor(LABELS)),
    "PyTorch, a list of tensors": ([Tensor(image) for image in CHANNELS_FIRST], [Tensor(label) for label in LABELS]),
    "pandas": (frame()[PIXELS], frame()["label"]),
    "pandas, labels in a frame": (frame()[PIXELS], frame()[["label"]]),
    "pandas, labels that may be missing": (frame()[PIXELS].astype("Int64"), frame()["label"].astype("Int64")),
    "pandas, objects": (frame()[PIXELS].astype(object), frame()["label"].astype(object)),
    "pandas, a column of arrays": (pandas.Series(list(X)), frame()["label"]),
    "pictures": (PICTURES, LABELS.tolist()),
    "encoded pictures": ([encoded(picture) for picture in PICTURES], LABELS),
}  # fmt: skip

SETS: dict[str, Any] = {
    "frame": frame(),
    "frame of arrays": pandas.DataFrame({"image": list(X), "label": LABELS}),
    "frame of pictures": pandas.DataFrame({"image": PICTURES, "label": LABELS}),
    "frame of encoded pictures": pandas.DataFrame(
        {"image": [{"bytes": encoded(picture), "path": None} for picture in PICTURES], "label": LABELS}
    ),
    "datasets": columns(),
    "datasets, formatted as tensors": columns([Tensor(image) for image in X], [Tensor(label) for label in LABELS]),
    "datasets, not decoded": columns([{"bytes": encoded(picture), "path": None} for picture in PICTURES]),
    "datasets, lists of numbers": Columns({"pixels": Value(), "y": Value()}, pixels=X.tolist(), y=LABELS.tolist()),
    "items": Items(PICTURES, LABELS.tolist(), classes=NAMES),
    "items that are tensors": Items([Tensor(image) for image in CHANNELS_FIRST], LABELS, classes=np.array(NAMES)),
    "items that are dictionaries": Dictionaries(
        [{"Image": image, "Label": label} for image, label in zip(X, LABELS, strict=True)], LABELS
    ),
    "torchvision": Stored(Tensor(X), Tensor(LABELS), NAMES),
    "torchvision, transformed": Stored(X, LABELS.tolist(), NAMES, lambda image: Tensor(image[None] / 255)),
    "subset": Subset(Items(PICTURES, LABELS.tolist(), classes=NAMES), list(range(N))),
}


def fitted(x: Any, y: Any = None, **more: Any) -> tuple[Sequential, float, np.ndarray]:
    model = Sequential([Flatten(input_shape=(SIDE, SIDE)), Dense(3, "softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=2, verbose=0, **more)
    return model, model.evaluate(x, y, verbose=0), model.predict(x)


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_of_every_library_are_the_same_data(case: str) -> None:
    data = open_data(ARRAYS[case])
    assert (data.train.pixels[..., 0] == X).all()
    assert (data.train.labels == Y).all()
    scaled = case.startswith("PyTorch, ") and "elsewhere" not in case
    due, found = fitted(X / np.float32(255) if scaled else X, Y), fitted(*ARRAYS[case])
    np.testing.assert_allclose(found[2], due[2], rtol=1e-5, atol=LEAST)
    assert found[1] == pytest.approx(due[1])


def test_both_parts_may_be_of_any_library() -> None:
    pair = (PICTURES, LABELS)
    data = open_data((pair, pair))
    assert data.test is not None
    assert (data.test.pixels == data.train.pixels).all()


@pytest.mark.parametrize("case", SETS)
def test_a_data_set_in_one_object_goes_through_every_door(case: str) -> None:
    given = SETS[case]
    data = open_data(given)
    assert (data.train.pixels[..., 0] == X).all()
    assert (data.train.labels == Y).all()
    named = hasattr(given, "classes") or case in ("subset",) or (case.startswith("datasets") and "lists" not in case)
    assert data.classes == (tuple(NAMES) if named else ("0", "1", "2"))
    model, loss, answers = fitted(given, validation_data=given)
    due = fitted(X / np.float32(255) if case in ("items that are tensors", "torchvision, transformed") else X, Y)
    np.testing.assert_allclose(answers, due[2], rtol=1e-5, atol=LEAST)
    assert loss == pytest.approx(due[1])
    assert model.classes == (tuple(NAMES) if named else ())
    assert model.history is not None
    assert model.history.history["val_loss"][-1] == pytest.approx(loss)


def test_a_study_of_a_data_set(tmp_path) -> None:
    many = Items(list(np.repeat(X, 5, axis=0)), np.repeat(LABELS, 5), classes=NAMES)
    plan = why128.Plan((why128.Candidate(()),), replicates=2, recipe=why128.Recipe(epochs=1))
    answer = why128.study(many, plan, out=tmp_path / "study")
    assert answer.network is None or answer.network.classes == tuple(NAMES)


def test_torchvision_s_own_array_is_read_as_a_whole() -> None:
    whole, changed = Stored(X, LABELS, NAMES), Stored(X, LABELS, NAMES, lambda image: 255 - image)
    assert (open_data(whole).train.pixels[..., 0] == X).all()
    assert (open_data(changed).train.pixels[..., 0] == 255 - X).all()
    assert (whole.asked, changed.asked) == (0, N)
    labels_twice = Stored(X, np.stack([LABELS, LABELS], axis=1), NAMES)
    labels_twice.labels = LABELS
    assert (open_data(labels_twice).train.labels == Y).all()


def test_parts_by_name_and_as_a_pair() -> None:
    for given in ({"train": columns(), "validation": columns()}, (columns(), columns()), [columns(), columns()]):
        data = open_data(given)
        assert data.test is not None
        assert (data.test.pixels == data.train.pixels).all()
        assert data.classes == tuple(NAMES)
    data = open_data({"train": columns(), "test": columns(), "unsupervised": columns()})
    assert "Columns: parts that were not asked for are left unread: unsupervised" in data.warnings


def test_pixel_columns_are_put_in_order() -> None:
    data = open_data(frame()[["label", *reversed(PIXELS)]])
    assert (data.train.pixels[..., 0] == X).all()
    assert "DataFrame: the pixel columns are not in the order of their names: they are put in order" in data.warnings


def test_words_are_classes() -> None:
    assert open_data(frame(np.array(NAMES)[LABELS])).classes == ("bag", "boot", "shirt")
    named = pandas.Series(np.array(NAMES)[LABELS]).astype("category")
    assert open_data((frame()[PIXELS], named)).classes == ("bag", "boot", "shirt")


def test_colour_and_gray_together() -> None:
    red = Pictures.new("RGB", (SIDE, SIDE), (255, 0, 0))
    assert open_data(Items([*PICTURES[:-1], red], LABELS)).image_shape == (SIDE, SIDE, 3)
    gray = open_data(Items([picture.convert("RGB") for picture in PICTURES], LABELS))
    assert (gray.train.pixels[..., 0] == X).all()
    assert "Items: all pictures are gray, though in RGB: read as gray" in gray.warnings


def test_pictures_of_several_sizes_are_brought_to_the_one_asked_for() -> None:
    mixed = Items([*PICTURES[:-1], Pictures.new("L", (9, 5))], LABELS)
    assert why128.data.source.open_data(mixed, why128.data.found.Reading((6, 7))).image_shape == (6, 7, 1)


def test_a_class_without_an_image_is_left_out() -> None:
    data = open_data(Items(PICTURES, LABELS, classes=["N/A", *NAMES]))
    assert data.classes == ("N/A", "shirt", "boot")
    assert "Items: classes without an image are left out: bag" in data.warnings
    tested = Items(PICTURES, LABELS + 1, classes=["N/A", *NAMES])
    with pytest.raises(InputRefused) as refused:
        open_data((Items(PICTURES, LABELS, classes=["N/A", *NAMES]), tested))
    assert str(refused.value) == "Items: test part: labels that no training image has: bag"
    assert refused.value.hint == "give images of every class to learn from"


def test_names_of_classes_that_are_several_words_each() -> None:
    assert open_data(Items(PICTURES, LABELS, classes=[("tench", "Tinca"), "b", "c"])).classes[0] == "tench, Tinca"


def test_class_names_that_do_not_fit_the_last_layer_stay_away() -> None:
    assert fitted(Items(PICTURES, LABELS, classes=[*NAMES, "one more"]))[0].classes == ()


def test_numbers_of_bfloat16_are_taken() -> None:
    half = (X / 255).astype(np.float32)
    due = np.asarray(jnp.asarray(half, jnp.bfloat16).astype(jnp.float32))
    assert (sets.as_array(jnp.asarray(half, jnp.bfloat16)) == due).all()
    assert (sets.as_array(Tensor(half, dtype="torch.bfloat16")) == half).all()


def test_answers_without_labels() -> None:
    due = fitted(X, Y)
    unlabelled = Columns({"image": Image()}, image=PICTURES)
    for given in (unlabelled, frame()[PIXELS], pandas.DataFrame({"image": PICTURES}), SETS["torchvision"]):
        np.testing.assert_allclose(due[0].predict(given), due[2], rtol=1e-5, atol=LEAST)


class Stream:
    """What can only be gone through."""

    def __iter__(self):
        return iter(())


COUNTS = "give one label for each image"
REFUSED: dict[str, tuple[Any, type[Exception], str, str | None]] = {
    "several sizes": (
        Items([*PICTURES[:-1], Pictures.new("L", (9, 5))], LABELS),
        InputRefused,
        "Items: images of several sizes: image 0 is 8 x 8, image 11 is 5 x 9 (height x width x channels), expected one size",
        "resize them first, or give pictures as a data set to load_data(..., size=(28, 28))",
    ),
    "no labels": (
        Columns({"image": Image()}, image=PICTURES),
        InputRefused,
        "Columns: 12 of 12 labels are missing, the first is that of image 0",
        COUNTS,
    ),
    "a label is missing": (
        Items(PICTURES, [0, 1, None] * 4),
        InputRefused,
        "Items: 4 of 12 labels are missing, the first is that of image 2",
        COUNTS,
    ),
    "no whole numbers": (
        Items(PICTURES, LABELS + 0.5, classes=NAMES),
        InputRefused,
        "Items: labels of the type float64 and the shape (12,), expected whole numbers from 0 to 2: its 3 classes have names",
        "a target_transform, or another column, may have changed them",
    ),
    "no whole numbers, no names": (
        Items(PICTURES, LABELS + 0.5),
        InputRefused,
        "Items: the label of image 0 is not a whole number: 0.5, expected a class: a whole number from 0, or a name (12 such labels)",
        "a column of measurements is no column of classes",
    ),
    "labels that are hidden": (
        Items(PICTURES, LABELS * 0 - 1, classes=NAMES),
        InputRefused,
        "Items: labels from -1 to -1, expected the 3 classes 0 to 2 of Items",
        None,
    ),
    "items alone": (
        Items(PICTURES, LABELS).__class__.__mro__[0]
        and type("Alone", (Items,), {"__getitem__": lambda s, row: 7})(X, Y),
        InputRefused,
        "Alone: item 0 is of the type int, expected (image, label), or a dictionary with image and label",
        "give the arrays themselves: (x, y)",
    ),
    "no picture": (
        Items([*PICTURES[:-1], "a.png"], LABELS),
        InputRefused,
        "Items: image 11: of the type str, expected a picture or an array of numbers",
        "leave it out, or read it first",
    ),
    "a broken picture": (
        columns([{"bytes": b"GIF8", "path": None}] * N),
        InputRefused,
        "Columns: image 0: corrupt or truncated: its header is broken, no image can be identified in it",
        None,
    ),
    "a picture that is not there": (
        columns([{"bytes": None, "path": "/nowhere/a.png"}] * N),
        InputRefused,
        "Columns: image 0: cannot be opened: No such file or directory",
        None,
    ),
    "two columns of labels": (
        Columns({"image": Image(), "fine": ClassLabel(NAMES), "coarse": ClassLabel(NAMES)}, image=PICTURES),
        InputRefused,
        "Columns: expected one column of images and one of labels, found image, fine, coarse",
        "keep those two: dataset.select_columns(['image', 'label'])",
    ),
    "no part to learn from": (
        {"test": columns()},
        InputRefused,
        "dict: no part is called train, found test",
        "give the one to learn from: data['train']",
    ),
    "a frame without labels": (
        frame()[PIXELS],
        InputRefused,
        "DataFrame: columns: expected one column named label, found pixel columns only",
        "name the column of the class label: label,pixel0,pixel1,...",
    ),
    "a missing cell": (
        (frame()[PIXELS], pandas.Series(["a", None, "b"] * 4, dtype=object)),
        UsageError,
        "arrays: y: 4 rows with missing values, the first is row 1 (counted from 0)",
        "leave them out, for example by dropna()",
    ),
    "a stream": (
        Stream(),
        UsageError,
        "data: expected a name, a path, arrays (x, y), or a data set, got Stream",
        "taken are arrays of NumPy, JAX and PyTorch, pandas columns, lists of pictures, data sets of datasets, torchvision and PyTorch",
    ),
    "a sparse tensor": (
        (Tensor(X, fault="Sparse"), Y),
        UsageError,
        "arrays: x: a tensor that cannot be an array: Sparse",
        "expected a dense tensor of numbers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_data_is_refused(case: str) -> None:
    given, kind, text, hint = REFUSED[case]
    with pytest.raises(kind) as refused:
        open_data(given)
    assert str(refused.value).startswith(text)
    assert hint is None or refused.value.hint == hint  # type: ignore[attr-defined]


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(UsageError) as refused:
        fitted(Stream(), Y)
    assert str(refused.value) == "x: expected what can be an array, got Stream"
    with pytest.raises(UsageError) as refused:
        fitted(X, frame([0.0, np.nan, 1.0] * 4)["label"])
    assert str(refused.value) == "y: 4 of 12 labels are missing (NaN), the first is that of image 1"
    assert refused.value.hint == "give one label for each image, or leave those out"
    with pytest.raises(UsageError, match="y: labels are missing"):
        fitted(X)

"""Networks made smaller and wider: what was asked for is what comes, and what judges did not choose."""

import numpy as np
import pytest

import why128
from why128.data.images import Dataset
from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.layers import Dense, Flatten, Rescaling
from why128.neurons.parts import kept
from why128.report import words
from why128.resizing import grow, shrink
from why128.sequential import Sequential


def trained(*hidden, epochs=3, last="softmax"):
    sample = why128.load_data("sample")
    model = Sequential(
        [Rescaling(1 / 255, input_shape=(28, 28)), Flatten(), *[Dense(w, "relu") for w in hidden], Dense(10, last)],
        seed=0,
    )
    model.compile("adam", why128.losses.SparseCategoricalCrossentropy(from_logits=last != "softmax"))
    model.fit(sample.train.pixels[:4000, ..., 0], sample.train.labels[:4000], epochs=epochs, verbose=0)
    model.classes = sample.classes
    return model.network


@pytest.fixture(scope="module")
def sample():
    return why128.load_data("sample")


@pytest.fixture(scope="module")
def one():
    return trained(96)


@pytest.fixture(scope="module")
def two():
    return trained(32, 24)


def test_within_half_a_point_most_neurons_go(one, sample):
    made = shrink(one, sample)
    assert made.tolerance == 0.5
    assert made.chosen.neurons <= 0.6 * 96
    assert made.chosen.lost.mean < 0.02
    assert made.network.width == made.chosen.widths
    assert made.chosen.bytes == 4 * (795 * made.chosen.neurons + 10)
    assert made.judged_by == 1000
    sizes = [point.neurons for point in made.curve]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1
    assert made.network.about["shrunk_from"] == [96]
    lines = words.shrunk(made)
    assert lines[0].startswith(f"96 neurons to {made.chosen.neurons} neurons: ")
    assert lines[1].startswith("removed at no change in any answer, on the images that weights are fitted on: ")
    assert lines[2].startswith("on 1,000 test images of sample that did not choose the size: ")
    assert lines[3].startswith("an answer to one image takes ")
    assert lines[4].split() == ["neurons", "bytes", "shrunk", "to", "it"]
    assert len(lines) == 5 + len(made.curve)


def test_to_a_size_and_to_a_number_of_bytes(two, sample):
    made = shrink(two, sample, to=(16, 8))
    assert (made.network.width, made.tolerance) == ((16, 8), None)
    small = shrink(two, sample, max_bytes=40_000)
    assert small.chosen.bytes <= 40_000
    assert small.chosen.bytes == 4 * small.network.parameters
    larger = shrink(two, sample, max_bytes=small.chosen.bytes + 4 * 900)
    assert larger.chosen.neurons > small.chosen.neurons
    assert words.sized((16, 8)) == "16x8 neurons"


def test_learning_again_makes_a_small_one_better(one, sample):
    plain, again = (shrink(one, sample, to=(6,), epochs=epochs) for epochs in (0, 2))
    assert again.chosen.accuracy.mean > plain.chosen.accuracy.mean


def test_the_images_that_judge_choose_nothing(one, sample):
    """With every second test image's label drawn at random, the same size is chosen."""
    labels = sample.test.labels.copy()
    labels[1::2] = np.random.default_rng(0).integers(0, 10, len(labels[1::2]))
    other = Dataset(
        sample.name, sample.classes, sample.train, type(sample.test)(sample.test.pixels, labels), sample.scale, (), ()
    )
    assert shrink(one, sample).chosen.widths == shrink(one, other).chosen.widths
    assert shrink(one, other).chosen.accuracy.mean < 0.2


def test_without_test_images_all_are_parted(one, sample):
    alone = Dataset(sample.name, sample.classes, sample.test, None, sample.scale, (), ())
    made = shrink(one, alone)
    assert (made.part, made.judged_by) == ("all", 1000)


def test_a_network_of_plain_sums_learns_again_too(sample):
    network = trained(12, epochs=1, last=None)
    made = shrink(network, sample, to=(6,), epochs=1)
    assert made.chosen.accuracy.mean > 0.5


def test_what_cannot_be_asked(one, two, sample):
    with pytest.raises(UsageError) as caught:
        shrink(one, sample, to=(3,), tolerance=1.0)
    assert str(caught.value) == "shrink: expected one of a size, a tolerance and a number of bytes, got several"
    assert caught.value.hint == "leave out all but one"
    for sizes, given in (((3,), "3"), ((3, 25), "3x25"), ((0, 3), "0x3"), ((), "none")):
        with pytest.raises(UsageError) as caught:
            shrink(two, sample, to=sizes)
        assert (
            str(caught.value) == f"shrink: expected a number from 1 for each hidden layer, 32x24 at most, got {given}"
        )
        assert caught.value.hint == "`why128 grow` makes a network wider"
    with pytest.raises(
        UsageError, match=r"^shrink: one neuron a layer takes 3,220 bytes, more than the 10 that it may have$"
    ):
        shrink(one, sample, max_bytes=10)
    with pytest.raises(InputRefused, match=r"^shrink: the network has no hidden neurons to remove$"):
        shrink(trained(epochs=1), sample)
    with pytest.raises(UsageError, match=r"^shrink: expected a tolerance of at least 0 points, got nan$"):
        shrink(one, sample, tolerance=float("nan"))
    with pytest.raises(UsageError, match=r"^grow: expected at most 1,048,576 neurons, got 2,000,000,000$"):
        grow(two, 2_000_000_000)
    with pytest.raises(UsageError, match=r"^seed: expected a whole number of at least 0, got -1$"):
        grow(two, 99, seed=-1)
    with pytest.raises(UsageError, match=r"^seed: expected a whole number of at least 0, got -1$"):
        shrink(two, sample, to=(3, 3), epochs=1, seed=-1)
    with pytest.raises(UsageError, match=r"^grow: expected a hidden layer from 1 to 2, got 3$"):
        grow(two, 99, 3)


def test_growing(two, sample):
    wide = grow(two, 50, layer=2, seed=3)
    assert wide.width == (32, 50)
    images = sample.test.pixels[..., 0]
    assert np.abs(wide.outputs(images) - two.outputs(images)).max() < 1e-6
    assert (
        words.grown(two, wide, 0)
        == f"32x24 neurons to 32x50 neurons, {wide.parameters:,} parameters; its answers are what they were"
    )
    learned = grow(two, 50, layer=2, data=sample, epochs=1, seed=3)
    assert words.grown(two, learned, 1).endswith("; then learned for 1 epoch")
    better = [float((one.outputs(images).argmax(1) == sample.test.labels).mean()) for one in (two, learned)]
    assert better[1] > better[0]
    assert kept(learned, 1, range(24)).width == (32, 24)


def test_the_library_s_door(two, sample, tmp_path, monkeypatch):
    monkeypatch.setattr("why128.exporting.own_data", lambda network, path: None)
    small = why128.shrink(two, sample, to=(8, 8))
    assert small.model.network.width == (8, 8)
    wide = why128.grow(Sequential.of(two), 40)
    assert wide.network.width == (40, 24)
    wide.save(tmp_path / "wide.keras")
    assert why128.grow(tmp_path / "wide.keras", 41).network.width == (41, 24)
    with pytest.raises(UsageError) as caught:
        why128.shrink(two)
    assert str(caught.value) == "shrink: expected images; those that it learned from were not found"
    assert caught.value.hint == "give some: shrink(model, data)"
    with pytest.raises(UsageError) as caught:
        why128.grow(two, 40, epochs=1)
    assert str(caught.value) == "grow: expected images; those that it learned from were not found"
    assert caught.value.hint == "give some: grow(model, to, data=...)"


def test_it_learns_again_by_the_network_s_own_order_of_classes(two, sample):
    """Data whose classes stand in another order is the same data."""
    turned = sample.classes[::-1]
    place = np.array([turned.index(name) for name in sample.classes], np.int32)
    parts = [type(part)(part.pixels, place[part.labels]) for part in (sample.train, sample.test)]
    other = Dataset(sample.name, turned, *parts, sample.scale, (), ())
    for made in (
        lambda data: shrink(two, data, to=(8, 8), epochs=1).network,
        lambda data: grow(two, 40, data=data, epochs=1),
    ):
        for one, same in zip(made(sample).weights, made(other).weights, strict=True):
            assert np.array_equal(one, same)


def test_a_wider_one_than_memory_holds_is_told_before(two, monkeypatch):
    monkeypatch.setattr("why128.data.room.memory", lambda: 1_000_000)
    with pytest.raises(SurroundingsError, match=r"^grow: too large for the memory of this machine: "):
        grow(two, 5000)

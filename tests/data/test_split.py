"""The laws of the split: disjoint, complete, stratified, deterministic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from why128.data.splitting import split
from why128.errors import InputRefused, UsageError


@given(st.lists(st.integers(2, 40), min_size=1, max_size=8), st.floats(0.01, 0.99), st.integers(0, 2**32))
def test_laws(counts: list[int], share: float, seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    learn, held = split(labels, share, np.random.default_rng(seed))
    assert sorted([*learn, *held]) == list(range(len(labels)))
    assert list(learn) == sorted(learn)
    assert list(held) == sorted(held)
    for label, count in enumerate(counts):
        out = int((labels[held] == label).sum())
        assert 1 <= out <= count - 1
        assert abs(out - count * share) < 1 or out in (1, count - 1)


def test_the_same_seed_gives_the_same_rows_and_another_one_others() -> None:
    labels = np.arange(1000) % 10
    first, again, other = (split(labels, 0.2, np.random.default_rng(seed))[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.bincount(labels[first]).tolist() == [20] * 10


def test_classes_that_are_absent_do_not_matter() -> None:
    learn, held = split(np.array([7, 7, 3, 3]), 0.5, np.random.default_rng(0))
    assert len(learn) == len(held) == 2


def test_refusals() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(
        InputRefused, match=r"split: classes with 1 image cannot be split, expected at least 2 of each class: dog$"
    ) as caught:
        split(np.array([0, 0, 1]), 0.2, rng, ["cat", "dog"])
    assert "leave the classes out" in str(caught.value.hint)
    with pytest.raises(InputRefused, match="each class: 0, 1, 2, 3, 4 and 2 more"):
        split(np.arange(7), 0.2, rng)
    with pytest.raises(
        InputRefused, match=r"split: no images to split \(0 labels\), expected at least two of each class"
    ):
        split(np.array([], int), 0.2, rng)
    for share in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="share: expected a number between 0 and 1, got") as wrong:
            split(np.array([0, 0, 1, 1]), share, rng)
        assert wrong.value.hint == "0.2 holds a fifth of the images out"

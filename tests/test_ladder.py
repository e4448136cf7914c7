"""What cannot be one ladder: networks that take other images, or end in other classes."""

from __future__ import annotations

import numpy as np
import pytest

from why128.errors import UsageError
from why128.ladder import Ladder
from why128.layers import Dense, Dropout, Flatten, Input
from why128.network import Network

ALONE = (Input((4, 5)), Flatten(), Dense(3, "softmax"))


def test_a_network_begins_with_its_input():
    with pytest.raises(UsageError) as caught:
        Network((Dense(2),), (np.zeros((1, 2), np.float32), np.zeros(2, np.float32)), classes=("a", "b"))
    assert str(caught.value) == "network: expected an Input first, so that the shape of an image is known"
    assert caught.value.hint == "give the first layer input_shape=(28, 28)"


@pytest.mark.parametrize("last", [Dense(4, "softmax"), Dense(3)], ids=["classes", "activation"])
def test_all_end_alike(last):
    with pytest.raises(
        UsageError, match=r"^ladder: every network must end in as many classes, by the same activation, got "
    ):
        Ladder.of([ALONE, (*ALONE[:2], last)])


@pytest.mark.parametrize(
    "other",
    [(Input((5, 4)), *ALONE[1:]), (*ALONE[:2], Dropout(0.1), ALONE[2])],
    ids=["other images", "other preparation"],
)
def test_all_take_the_same_images(other):
    with pytest.raises(UsageError) as caught:
        Ladder.of([ALONE, other])
    said = "ladder: all networks must take the same images, prepared in the same way, before their first Dense"
    assert str(caught.value) == said

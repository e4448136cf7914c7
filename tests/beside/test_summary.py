"""What `summary` counts, beside Keras's own."""

import re

import keras
import pytest

from tests.beside.test_learning import KL, LAYERS
from why128 import layers
from why128.sequential import Sequential

NUMBER = r"[\d,]+"


def counts(text):
    """Numbers of every layer in order, then total, trainable and not."""
    last = re.findall(rf"(Total|Trainable|Non-trainable) params: ({NUMBER})", text)
    return re.findall(rf"\(None, {NUMBER}(?:, {NUMBER})*\)\s+(?:│\s+)?({NUMBER})", text), last


@pytest.mark.parametrize("name", LAYERS)
def test_it_counts_as_keras_does(name, capsys):
    Sequential([layers.Input((64,)), *LAYERS[name](layers)]).summary()
    own = capsys.readouterr().out
    told = []
    keras.Sequential([KL.Input((64,)), *LAYERS[name](KL)]).summary(print_fn=lambda text, **_: told.append(text))
    assert counts(own) == counts("\n".join(told))
    assert [len(part) for part in counts(own)] == [len(LAYERS[name](layers)), 3]

"""Against published figures, on the full Fashion-MNIST (skipped where it is not on this machine)."""

import numpy as np
import pytest

from why128.callbacks import EarlyStopping
from why128.data.catalogue import known
from why128.data.source import open_data
from why128.layers import Dense, Input
from why128.recipe import Recipe
from why128.sequential import Sequential
from why128.single import train
from why128.studies.plan import Candidate

found = {one.name: one.find() for one in known()}["fashion-mnist"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(found is None, reason="Fashion-MNIST is not on this machine")]


@pytest.fixture(scope="module")
def data():
    return open_data("fashion-mnist")


def test_the_textbook_s_network(data):
    """Dense(128), ten epochs of Adam at batch 32: 101,770 parameters, 0.88 ± 0.01 of test images."""
    trained = train(data, Candidate((128,)), Recipe(batch_size=32))
    assert trained.network.parameters == 101_770
    assert trained.test.mean == pytest.approx(0.88, abs=0.01)


@pytest.mark.parametrize(("width", "published", "again"), [(100, 0.871, 0.877), (10, 0.848, 0.847)])
def test_zalando_s_table(data, width, published, again):
    """Xiao et al. 2017, Table 3: relu, pixels standardised per feature, scikit-learn's defaults.

    These are Adam at 1e-3, batches of 200, and at most 200 epochs, until the training loss has not fallen by 1e-4 for ten:
    long enough to overfit, which the published figure shows (ten epochs give 0.884 with 100 neurons).  `again` is what
    scikit-learn 1.9.1 gives today, the mean of 4 seeds (SD 0.002 and 0.003).  One network of ours differs from the next by
    luck with an SD of 0.004: within three of these it must agree with that, and roughly with the published figure.
    """
    learned, test = (part.pixels.reshape(len(part), -1).astype(np.float32) for part in (data.train, data.test))
    mean, spread = learned.mean(0), learned.std(0)
    learned, test = ((x - mean) / np.maximum(spread, 1e-6) for x in (learned, test))
    model = Sequential([Input((784,)), Dense(width, "relu"), Dense(10, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    until_no_better = EarlyStopping(monitor="loss", min_delta=1e-4, patience=10)
    model.fit(learned, data.train.labels, batch_size=200, epochs=200, verbose=0, callbacks=until_no_better)
    accuracy = model.evaluate(test, data.test.labels, verbose=0)[1]
    assert accuracy == pytest.approx(again, abs=0.012)
    assert accuracy == pytest.approx(published, abs=0.018)  # further by what scikit-learn's own has moved

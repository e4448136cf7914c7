"""What a network costs: sizes by hand, times that grow with the work, and no longer measured than promised."""

import time
from dataclasses import asdict

import numpy as np
import pytest

from why128.ladder import Ladder
from why128.network import Network, Preparation
from why128.studies import cost as costs
from why128.studies.candidate import Candidate
from why128.studies.cost import Cost, Timing, measure, timing


def network(*widths, rescaling=True, side=28):
    layers = Candidate(widths).layers((side, side, 1), 10, rescaling)
    ladder = Ladder.of([layers])
    scale = (0.0, 255.0 if rescaling else 1.0)
    return Network(layers, ladder.unpack(ladder.initial(0, 0))[0], preparation=Preparation("gray", scale))


def test_the_textbook_s_network():
    """101,770 numbers: 784 · 128 + 128 · 10 = 101,632 weights, 138 biases, two layers."""
    found = measure(network(128), 3.5)
    assert (found.neurons, found.parameters, found.seconds) == (128, 101_770, 3.5)
    assert found.bytes_float32 == 407_080
    assert found.bytes_int8 == 101_632 + 4 * 138 + 4 * 2


@pytest.mark.parametrize(("widths", "neurons", "int8"), [
    ((), 0, 7840 + 40 + 4), ((32, 16), 48, 784 * 32 + 32 * 16 + 160 + 4 * 58 + 12),
])  # fmt: skip
def test_other_sizes(widths, neurons, int8):
    found = measure(network(*widths), 0.0)
    assert (found.neurons, found.bytes_int8) == (neurons, int8)


def test_a_thousand_images_take_longer_than_one_and_many_neurons_longer_than_few():
    """Multiplications differ 60 times: medians are told apart on any machine."""
    small, large = measure(network(8), 0.0), measure(network(512), 0.0)
    for found in (small, large):
        for each in (found.latency_one, found.latency_thousand):
            assert 0 < each.low <= each.median <= each.high
        assert found.latency_thousand.median > found.latency_one.median
    assert large.latency_thousand.median > small.latency_thousand.median


def test_a_timing_is_the_median_and_the_quartiles(monkeypatch):
    """A clock that makes the calls take 1, 2, 3, 4 and 100 seconds, and reports the budget spent after the fifth."""
    ticks = iter([0.0, *(t for start, took in ((0, 1), (0, 2), (0, 3), (0, 4), (0, 100)) for t in (start, took))])
    monkeypatch.setattr(costs.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(costs, "SECONDS_EACH", 50.0)
    called = []
    assert timing(lambda: called.append(1)) == Timing(3.0, 2.0, 4.0)
    assert len(called) == 6, "the first is not counted"


def test_a_slow_call_is_not_repeated_more_than_it_must():
    called = []
    timing(lambda: (called.append(1), time.sleep(0.02)))
    assert len(called) == 1 + costs.AT_LEAST


def test_a_fast_call_is_not_repeated_without_end(monkeypatch):
    monkeypatch.setattr(costs, "SECONDS_EACH", 1e9)
    called = []
    timing(lambda: called.append(1))
    assert len(called) == 1 + costs.AT_MOST


def test_images_are_what_the_network_takes():
    taken = costs._images(network(4)), costs._images(network(4, rescaling=False))
    assert [(x.shape, x.dtype) for x in taken] == [((1000, 28, 28), np.uint8), ((1000, 28, 28), np.float32)]
    assert (taken[0].min(), taken[0].max()) == (0, 255)
    assert 0 <= taken[1].min() < taken[1].max() <= 1


def test_a_cost_comes_back_from_its_json():
    found = measure(network(4), 1.0)
    assert Cost.of(asdict(found)) == found

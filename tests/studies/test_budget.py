"""Budgets: what is within them, the widest network that is, what a person writes, and every refusal by its text."""

import pytest

from tests.studies.test_plan import refused
from why128.studies.budget import Budget
from why128.studies.candidate import Candidate
from why128.studies.cost import Cost, Timing


def cost(neurons=20, parameters=15_910, latency=50e-6):
    one = Timing(latency, latency / 2, latency * 9)
    return Cost(neurons, parameters, 4 * parameters, parameters, 1.0, one, one)


@pytest.mark.parametrize(("budget", "within"), [
    (Budget(), True),
    (Budget(neurons=20), True), (Budget(neurons=19), False),
    (Budget(bytes=63_640), True), (Budget(bytes=63_639), False),
    (Budget(latency=50e-6), True), (Budget(latency=49e-6), False),
    (Budget(20, 63_640, 50e-6), True), (Budget(20, 63_640, 49e-6), False), (Budget(20, 63_639, 50e-6), False),
])  # fmt: skip
def test_what_is_within(budget, within):
    assert budget.allows(cost()) == within


@pytest.mark.parametrize("activation", ["relu", "glu"])
@pytest.mark.parametrize("limit", [0, 1, 3000, 3220, 12_345, 64_000, 65_536, 1_000_000])
def test_the_widest_is_within_and_the_next_is_not(activation, limit):
    step, budget = (2 if activation == "glu" else 1), Budget(bytes=max(1, limit))
    found = budget.widest(Candidate((2,), activation), 784, 10)

    def within(neurons):
        return budget.holds(neurons, Candidate((neurons,), activation).parameters(784, 10))

    assert found % step == 0
    assert found == 0 or within(found)
    assert not within(found + step)


def test_without_a_limit_on_size_there_is_no_widest():
    assert Budget(latency=1.0).widest(Candidate((2,)), 784, 10) is None
    assert Budget().unlimited
    assert not Budget(latency=1.0).unlimited


@pytest.mark.parametrize(("text", "bytes_"), [
    ("65536", 65_536), ("64KB", 64_000), ("64 kb", 64_000), ("64KiB", 65_536), ("2MB", 2_000_000), ("1.5MiB", 1_572_864),
    (" 7B ", 7), ("0.29MB", 290_000), ("1GB", 10**9), ("1GiB", 2**30),
])  # fmt: skip
def test_sizes_as_they_are_written(text, bytes_):
    assert Budget.of(None, text, None) == Budget(bytes=bytes_)


@pytest.mark.parametrize(("text", "seconds"), [
    ("50us", 50e-6), ("50µs", 50e-6), ("50μs", 50e-6), ("1ms", 1e-3), ("0.1s", 0.1), ("2.5 MS", 2.5e-3),
])  # fmt: skip
def test_times_as_they_are_written(text, seconds):
    assert Budget.of(None, None, text).latency == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "KB", "64K", "64kbit", "-1KB", "1e3", "0", "0.4", "1,000", "6 4KB", "６４KB", "nan"]
)
def test_sizes_that_are_none(text):
    with refused(f"--max-bytes: expected a size such as 64KB, 64KiB, 2MB or 65536, got '{text}'", None):
        Budget.of(None, text, None)


@pytest.mark.parametrize("text", ["", "50", "us", "-1ms", "1min", "0s", "1e-3s", "inf"])
def test_times_that_are_none(text):
    with refused(f"--max-latency: expected a time such as 50us, 1ms or 0.1s, got '{text}'", None):
        Budget.of(None, None, text)


def test_an_escape_in_a_size_is_shown_escaped():
    with refused(r"--max-bytes: expected a size such as 64KB, 64KiB, 2MB or 65536, got '\x1b[31m'", None):
        Budget.of(None, "\x1b[31m", None)


@pytest.mark.parametrize(("given", "text"), [
    ({"neurons": 0}, "budget in neurons: expected a whole number of at least 1, got 0"),
    ({"neurons": 1.5}, "budget in neurons: expected a whole number of at least 1, got 1.5"),
    ({"bytes": -1}, "budget in bytes: expected a whole number of at least 1, got -1"),
    ({"latency": 0}, "budget in latency: expected seconds above 0, got 0"),
    ({"latency": float("nan")}, "budget in latency: expected seconds above 0, got nan"),
])  # fmt: skip
def test_limits_that_are_none(given, text):
    with refused(text, None):
        Budget(**given)


def test_neurons_that_are_none():
    with refused("--max-neurons: expected a whole number of at least 1, got 0", None):
        Budget.of(0, None, None)

"""What a study that stops when it knows may spend: what a person writes, what is afforded, and what is refused."""

import pytest

from tests.studying import plan
from why128.errors import UsageError
from why128.studies.settling import Step, first
from why128.studies.until import Until, limit


def test_what_is_left_is_afforded():
    most, step = Until(networks=100), Step((3, 4), (5, 6, 7))
    assert most.afford(step, 1, 94, 0.0) == step
    assert most.afford(step, 1, 97, 0.0) == Step((3, 4), (5,))
    assert most.afford(step, 1, 99, 0.0) is None
    assert most.afford(step, 1, 200, 0.0) is None
    assert most.afford(step, 3, 90, 0.0) == Step((3, 4), (5,)), "a network for each setting"


def test_new_rungs_are_afforded_whole_or_not():
    """With fewer replicates than the others they would be given up at once."""
    most, step = Until(networks=100), Step((3, 4), (0, 1, 2))
    assert most.afford(step, 1, 94, 0.0) == step
    assert most.afford(step, 1, 95, 0.0) is None


def test_time():
    step = Step((3,), (5, 6))
    assert Until(seconds=10).afford(step, 1, 10**6, 9.9) == step
    assert Until(seconds=10).afford(step, 1, 0, 10.0) is None
    assert Until().afford(step, 1, 10**6, 1e6) == step, "no limit at all"


def test_a_first_look_must_be_affordable():
    step = first(plan(0, 1, 2, 4, 8, 16, 32, 64, 128))
    assert Until(networks=15).begin(step, 1) == step
    assert Until(seconds=0.001).begin(step, 1) == step, "time is not known before"
    with pytest.raises(UsageError) as refused:
        Until(networks=29).begin(step, 2)
    assert str(refused.value) == "budget: expected at least 30 networks, which a first look takes, got 29"
    assert refused.value.hint == "allow more, or try fewer candidates with --widths"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("60s", Until(seconds=60)),
        ("5min", Until(seconds=300)),
        ("1.5h", Until(seconds=5400)),
        (" 90 S ", Until(seconds=90)),
        ("0.5s", Until(seconds=0.5)),
        ("200-networks", Until(networks=200)),
        ("200 networks", Until(networks=200)),
        ("1-network", Until(networks=1)),
    ],
)
def test_what_a_person_writes(text, meant):
    assert limit(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "60", "s", "-5s", "0s", "1.5-networks", "0-networks", "1e3s", "60 seconds", "٦٠s", "9" * 10 + "s", "1h30"],
)
def test_what_is_no_budget(text):
    with pytest.raises(UsageError) as refused:
        limit(text)
    assert str(refused.value) == (
        f"--budget: expected a time such as 60s or 5min, or a number such as 200-networks, got '{text}'"
    )


def test_what_is_no_budget_is_shown_safely():
    with pytest.raises(UsageError, match=r"got 'a\\x1b\[31m'$"):
        limit("a\x1b[31m")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seconds": 0}, "budget: expected seconds above 0, got 0"),
        ({"seconds": float("nan")}, "budget: expected seconds above 0, got nan"),
        ({"networks": -1}, "budget: expected networks above 0, got -1"),
        ({"networks": "many"}, "budget: expected networks above 0, got 'many'"),
        ({"networks": True}, "budget: expected networks above 0, got True"),
    ],
)
def test_limits_that_are_none(given, said):
    with pytest.raises(UsageError) as refused:
        Until(**given)
    assert str(refused.value) == said

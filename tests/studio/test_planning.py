"""What the page asks for is what the command beside it asks for."""

import shlex

import pytest

from tests.cli.test_options import NOT_THE_PLAN_S
from why128.cli.reading import Asked
from why128.cli.study import _plan, command
from why128.errors import UsageError
from why128.studies.plan import Plan
from why128.studies.until import Until, limit
from why128.studio.planning import FIELDS, Wanted, foreseen

PICTURES = {"data": "sample"}


def wanted(settle=False, source=PICTURES, **fields):
    return Wanted.of(
        {
            "source": source,
            "settle": settle,
            "fields": {name.replace("_", "-"): value for name, value in fields.items()},
        }
    )


def by_command(asked):
    """What the command line makes of the command that the page shows."""
    program, name, *words = shlex.split(asked.command)
    assert (program, name) == ("why128", "study")
    given = command.make_context("study", words).params
    plan = _plan(**{key: value for key, value in given.items() if key not in NOT_THE_PLAN_S})
    until = limit(given["budget"]) if given["budget"] is not None else Until() if given["until_settled"] else None
    return given["data"], Asked(given["size"], given["skip_bad"], given["drop"]), plan, until


@pytest.mark.parametrize(
    ("settle", "source", "fields"),
    [
        (False, PICTURES, {}),
        (True, PICTURES, {"widths": "0,8,32x16", "replicates": "3", "epochs": "2", "seed": "7"}),
        (
            True,
            {"data": "/tmp/my pictures", "size": "8x8", "skip_bad": True, "drop": ["a b", "--c"]},
            {"budget": "5min"},
        ),
        (
            False,
            PICTURES,
            {"tolerance": "0.5", "confidence": "0.9", "activations": "relu,tanh", "learning_rates": "0.001,0.01"},
        ),
    ],
)
def test_the_command_asks_the_same(settle, source, fields):
    asked = wanted(settle, source, **fields)
    data, reading, plan, until = by_command(asked)
    assert (data, plan, until) == (asked.source.data, asked.plan, asked.until)
    assert reading == Asked(asked.source.size, asked.source.skip_bad, asked.source.drop)


def test_without_changes_it_is_the_shortest_command():
    assert wanted().command == "why128 study sample"
    assert wanted().plan == Plan()
    assert wanted(widths="  ").plan == Plan(), "an empty field is as it was"


def test_what_it_would_take_is_told():
    found = foreseen(wanted(widths="0,4", replicates="2"))
    assert found["command"] == "why128 study sample --widths 0,4 --replicates 2"
    assert found["said"].startswith("6 networks: ")
    assert found["candidates"] == ["0", "4"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"epochs": "many"}, "--epochs: expected a whole number, got 'many'"),
        ({"tolerance": "1,2"}, "--tolerance: expected one number, got '1,2'"),
        ({"tolerance": "much"}, "--tolerance: expected numbers such as 1, got 'much'"),
        ({"widths": "a"}, "widths: expected whole numbers such as 0,4,16 or 32x16 for two layers, got 'a'"),
        ({"widths": "1" * 401}, "--widths: expected a text of at most 400 characters"),
        ({"colour": "red"}, f"fields: expected some of {', '.join(FIELDS)}, got {{'colour': 'red'}}"),
    ],
)
def test_a_guilty_field_is_named(fields, message):
    with pytest.raises(UsageError) as caught:
        _ = wanted(**fields).plan
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "source: expected which images, got nothing"),
        ({"source": {}}, "data: expected a known name, or the path of a folder, archive or file, got nothing"),
        ({"source": {"data": "sample", "size": 28}}, "size: expected a text such as 28x28, got something else"),
        ({"source": {"data": "sample", "drop": "Bag"}}, "drop: expected a list of texts, got 'Bag'"),
    ],
)
def test_a_guilty_source_is_named(document, message):
    with pytest.raises(UsageError) as caught:
        Wanted.of(document)
    assert str(caught.value) == message

"""What a person asks for in text: ladders, activations, settings, and every refusal by its text."""

import pytest

from tests.studies.test_plan import refused
from why128.studies import asked
from why128.studies.candidate import Setting
from why128.studies.plan import Plan

WHOLE = ["0", "1", "2", "4", "8", "16", "32", "64", "128", "256", "512"]


@pytest.mark.parametrize(("widths", "shapes", "due"), [
    (None, [], WHOLE),
    ("0,4,32x16", [], ["0", "4", "32x16"]),
    (None, ["128,64"], ["0", "16x8", "32x16", "64x32", "128x64", "256x128"]),
    (None, ["64"], ["0", "8", "16", "32", "64", "128"]),
    (None, ["128,64", "32x16", "64"], ["128x64", "32x16", "64"]),
    (None, ["0"], ["0"]),
    ("8", ["128,64"], ["8", "128x64"]),
])  # fmt: skip
def test_ladders(widths, shapes, due):
    assert [c.label for c in asked.ladder(widths, shapes, ["relu"])] == due


def test_the_ladder_that_nobody_asked_for_is_the_plan_s_default():
    assert asked.ladder(None, (), ("relu",)) == Plan().candidates


def test_every_network_with_each_activation_and_softmax_regression_once():
    plan = Plan(asked.ladder("0,4", ["8,4"], asked.names("relu, swish,gelu")))
    assert plan.labels == ("0", "4 gelu", "4 relu", "4 silu", "8x4 gelu", "8x4 relu", "8x4 silu")


@pytest.mark.parametrize(("given", "due"), [
    ((None, None, None), [Setting()]),
    (("0.001,0.01", None, None), [Setting(0.001), Setting(0.01)]),
    (("1e-3, 0.01", "0,0.5", "0.1"), [
        Setting(0.001, 0.0, 0.1), Setting(0.001, 0.5, 0.1), Setting(0.01, 0.0, 0.1), Setting(0.01, 0.5, 0.1),
    ]),
])  # fmt: skip
def test_settings(given, due):
    assert list(asked.settings(*given)) == due


RATES = "0.0003,0.001,0.003"


@pytest.mark.parametrize(("given", "text", "hint"), [
    (("0.1,fast",), f"--learning-rates: expected numbers such as {RATES}, got 'fast'", f"for example --learning-rates {RATES}"),
    (("",), f"--learning-rates: expected numbers such as {RATES}, got ''", f"for example --learning-rates {RATES}"),
    (("1_0",), f"--learning-rates: expected numbers such as {RATES}, got '1_0'", f"for example --learning-rates {RATES}"),
    (("0.1,-0.1",), "learning rate: expected a number above 0, got -0.1", "for example 0.001"),
    (("nan",), "learning rate: expected a number above 0, got nan", "for example 0.001"),
    (("0.1,1e-1",), "--learning-rates: '0.1' is given twice", "give each once"),
    ((None, "0,half"), "--dropouts: expected numbers such as 0,0.2,0.5, got 'half'", "for example --dropouts 0,0.2,0.5"),
    ((None, "1"), "dropout: expected a share of at least 0 and below 1, got 1.0", "0.2 drops a fifth of the neurons at each step"),
    ((None, None, "0,"), "--weight-decays: expected numbers such as 0,0.0001,0.001, got ''", "for example --weight-decays 0,0.0001,0.001"),
    ((None, None, "-1"), "weight decay: expected a number of at least 0, got -1.0", "for example 0.0001"),
])  # fmt: skip
def test_settings_that_are_none(given, text, hint):
    with refused(text, hint):
        asked.settings(*given, *[None] * (3 - len(given)))


def test_an_activation_is_asked_for_once():
    with refused("--activations: 'silu' is given twice", "give each once"):
        asked.names("silu,relu,swish")


def test_a_shape_is_asked_for_once():
    with refused("--hidden: '128x64' is given twice", "give each once"):
        asked.ladder(None, ["128,64", "128x64"], ["relu"])

"""What the options of `study` and `train` come to: the plan, and the trained network."""

import pytest

from tests.cli.conftest import QUICK, why128
from why128 import load_model
from why128.cli.study import _plan, command
from why128.layers import Dropout
from why128.studies.budget import Budget
from why128.studies.candidate import Setting
from why128.studies.plan import Plan

NOT_THE_PLAN_S = {
    "data",
    "workers",
    "on",
    "out",
    "resume",
    "dry_run",
    "size",
    "skip_bad",
    "drop",
    "as_json",
    "until_settled",
    "budget",
}


def plan(*options):
    """The plan that these options ask for."""
    given = command.make_context("study", list(options)).params
    planned = _plan.__code__.co_varnames[: _plan.__code__.co_argcount]
    assert set(planned) <= set(given)
    return _plan(**{name: value for name, value in given.items() if name not in NOT_THE_PLAN_S})


def test_without_options_the_plan_is_the_default_one():
    assert plan() == Plan()


@pytest.mark.parametrize(("options", "labels"), [
    (("--widths", "0,4", "--activation", "tanh"), ("0", "4")),
    (("--widths", "0,4", "--activations", "relu,tanh"), ("0", "4 relu", "4 tanh")),
    (("--hidden", "128,64"), ("0", "16x8", "32x16", "64x32", "128x64", "256x128")),
    (("--hidden", "128,64", "--hidden", "64"), ("64", "128x64")),
    (("--hidden", "128,64", "--widths", "8"), ("8", "128x64")),
])  # fmt: skip
def test_candidates(options, labels):
    assert plan(*options).labels == labels


def test_one_activation_is_every_candidate_s():
    assert {c.activation for c in plan("--widths", "4,8", "--activation", "swish").candidates} == {"silu"}


def test_settings():
    found = plan("--learning-rates", "0.001,0.01", "--dropouts", "0,0.5", "--weight-decays", "0.1")
    assert found.settings == tuple(Setting(rate, drop, 0.1) for rate in (0.001, 0.01) for drop in (0.0, 0.5))


def test_a_sample_of_its_own_and_a_budget():
    found = plan("--resample", "--max-neurons", "100", "--max-bytes", "64KB", "--max-latency", "50us")
    assert found.resample
    assert found.budget == Budget(100, 64_000, found.budget.latency)
    assert found.budget.latency == pytest.approx(50e-6)


SETTING = ("--dropout", "0.5", "--weight-decay", "0.1", "--learning-rate", "0.01")


def test_train_takes_a_setting_and_says_so_in_the_file(desk, tmp_path):
    options = ("--hidden", "4", "--epochs", "1", "--json", "--save", tmp_path / "net.keras")
    set_, plain = (why128("train", "pets", *options, *more, within=desk).document for more in (SETTING, ()))
    assert set_["epochs"] != plain["epochs"]
    for more, dropped, about in ((SETTING, [0.5], 0.1), ((), [], None)):
        why128("train", "pets", *options, *more, within=desk)
        network = load_model(tmp_path / "net.keras").network
        assert [layer.rate for layer in network.layers if isinstance(layer, Dropout)] == dropped
        assert network.about.get("weight_decay") == about


@pytest.mark.parametrize("option", ["--resample", "--tuned"])
def test_train_leaves_out_what_such_a_study_leaves_out(option, desk):
    options = ("train", "pets", "--hidden", "4", "--epochs", "1", "--json")
    with_it, without = (why128(*options, *more, within=desk).document for more in ((option,), ()))
    assert with_it["epochs"] != without["epochs"]


def test_a_study_that_tries_settings_and_draws_samples_ends_with_an_answer(desk, tmp_path):
    tried = ("--learning-rates", "0.001,0.01", "--activations", "relu,tanh", "--resample", "--max-neurons", "3")
    said = why128("study", desk / "pets", *QUICK, *tried, "--json", "--out", tmp_path / "s")
    found = said.document
    assert [c["width"] for c in found["candidates"]] == [0, 3, 3, 4, 4]
    assert found["plan"]["settings"] == [
        {"learning_rate": rate, "dropout": None, "weight_decay": None} for rate in (0.001, 0.01)
    ]
    assert found["plan"]["resample"] is True
    assert found["plan"]["budget"] == {"neurons": 3, "bytes": None, "latency": None}
    assert found["verdict"]["enough"] <= 3

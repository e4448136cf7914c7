"""What the commands print, where, and with which exit status."""

import json
import re
import subprocess
import sys

import click
import numpy as np
import pytest

from tests.cli.conftest import CLASSES, QUICK, listing, picture_folder, pictures, why128
from why128 import Dense, Flatten, Sequential, __version__, load_model, losses
from why128.cli.main import COMMANDS, Commands
from why128.data.found import parse_size
from why128.data.source import open_data
from why128.errors import UsageError
from why128.judging import judge_images
from why128.studies import store

# ---------------------------------------------------------------- help


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=lambda c: " ".join(c) or "why128")
def test_help_has_an_example(command):
    called = [sys.executable, "-m", "why128", *command, "--help"]
    said = subprocess.run(called, capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"Usage: why128 {' '.join(command)}".rstrip())
    assert "Example: why128 " in said.stdout
    assert said.stderr == ""


def test_help_imports_nothing_heavy():
    code = """
import sys
from why128.cli.main import COMMANDS, _status
for command in ((), *((name,) for name in COMMANDS)):
    assert _status([*command, "--help"]) == 0
    print("LOADED", *sorted(m for m in sys.modules if "." not in m))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(" ".join(line for line in said.splitlines() if line.startswith("LOADED")).split())
    assert "click" in loaded
    assert not loaded & {"jax", "numpy", "scipy", "rich", "h5py", "PIL", "sqlite3"}


def test_every_option_is_explained():
    context = click.Context(Commands())
    for name in COMMANDS:
        command = Commands().get_command(context, name)
        assert command.help
        for parameter in command.params:
            assert isinstance(parameter, click.Argument) or parameter.help, f"{name} {parameter.name}"


def test_the_group_lists_its_commands():
    said = why128("--help").out
    assert all(re.search(rf"^  {name} +{re.escape(text)}$", said, re.M) for name, text in COMMANDS.items())
    assert why128("-h").out == said
    assert why128() == why128("--help"), "no command at all is a question, not a mistake"


def test_version():
    assert why128("--version").out == f"why128, version {__version__}\n"


# ---------------------------------------------------------------- study

INTERVAL = {"mean", "low", "high"}
FORECAST = r"{} networks: (less than 10 s|about \d+ s) on \d+ free cores?, at most \d\.\d GB of memory"


def is_share(number):
    return isinstance(number, (int, float)) and 0 <= number <= 1


def test_study_prints_one_document_with_every_key(study, desk):
    found = study.document
    assert {"data", "plan", "candidates", "verdict", "study"} <= set(found)
    data = found["data"]
    assert (data["name"], data["images"], data["classes"], data["image_shape"]) == (
        "pets",
        120,
        list(CLASSES),
        [8, 8, 1],
    )
    assert re.fullmatch("[0-9a-f]{64}", data["fingerprint"])
    assert found["study"] == "enough"
    assert (desk / found["study"]).is_dir()


def test_the_plan_is_what_was_asked_for(study):
    plan = study.document["plan"]
    asked = {
        "widths": [0, 4],
        "replicates": 2,
        "epochs": 2,
        "batch_size": 32,
        "activation": "relu",
        "seed": 0,
        "tolerance": 1.0,
        "confidence": 0.95,
    }
    assert {key: plan[key] for key in asked} == asked
    assert plan["optimizer"]["name"] == "adam"
    assert plan["optimizer"]["learning_rate"] == 0.001


def test_the_candidates_have_types_and_ranges(study):
    candidates = study.document["candidates"]
    assert [c["width"] for c in candidates] == [0, 4]
    assert [c["parameters"] for c in candidates] == [64 * 3 + 3, 64 * 4 + 4 + 4 * 3 + 3]
    for c in candidates:
        for name in ("train_accuracy", "validation_accuracy"):
            assert set(c[name]) == INTERVAL
            assert all(is_share(value) for value in c[name].values())
            assert c[name]["low"] <= c[name]["mean"] <= c[name]["high"]
        assert c["gap"] == pytest.approx(c["train_accuracy"]["mean"] - c["validation_accuracy"]["mean"])
        assert c["seconds"] > 0


def test_the_verdict_has_types_and_ranges(study):
    verdict = study.document["verdict"]
    low, high = verdict["interval"]
    assert verdict["enough"] in (0, 4)
    assert low <= verdict["enough"] <= high
    assert (verdict["confidence"], verdict["tolerance"]) == (0.95, 1.0)
    assert is_share(verdict["test_accuracy"])
    assert isinstance(verdict["sentence"], str)
    assert verdict["sentence"].endswith(".")
    assert verdict["caveats"]
    assert all(set(caveat) == {"kind", "says", "do"} for caveat in verdict["caveats"])


def test_progress_goes_to_standard_error_without_escapes(study):
    assert study.err.splitlines()[0] == "pets: 120 images, 3 classes; 2 candidates × 2 replicates"
    assert study.err.count(" of 2 replicates done") >= 2
    assert re.fullmatch(FORECAST.format(6), study.err.splitlines()[1])
    assert "\x1b" not in study.err + study.out


def test_the_study_s_folder_holds_every_trial(study, desk):
    folder, found = desk / "enough", study.document
    notes, rows, epochs = store.read(folder)
    trials = [t for t in rows if not t.twin]
    assert notes["plan"] == found["plan"]
    assert notes["subject"]["fingerprint"] == found["data"]["fingerprint"]
    assert len(rows) == len(trials) + 2, "a ring of twins of the chosen width"
    assert {(t.candidate, t.replicate) for t in trials} == {("0", 0), ("0", 1), ("4", 0), ("4", 1)}
    assert len(epochs) == 2 * 2 * 2
    for c in found["candidates"]:
        own = [t for t in trials if t.candidate == str(c["width"])]
        assert np.mean([t.val_accuracy for t in own]) == pytest.approx(c["validation_accuracy"]["mean"])
        assert np.mean([t.accuracy for t in own]) == pytest.approx(c["train_accuracy"]["mean"])
        assert all((folder / t.network).is_file() for t in own)


def test_the_network_that_is_handed_over_is_the_one_of_the_table(study, desk):
    found, verdict = study.document, study.document["verdict"]
    network = load_model(desk / found["network"]).network
    assert sum(network.width) == verdict["enough"]
    trials = [t for t in store.read(desk / "enough")[1] if not t.twin]
    (own,) = (t for t in trials if (t.candidate, t.replicate) == (str(verdict["enough"]), verdict["replicate"]))
    same = load_model(desk / "enough" / own.network).network
    assert all((a == b).all() for a, b in zip(network.weights, same.weights, strict=True))
    assert own.val_accuracy == max(t.val_accuracy for t in trials if t.candidate == own.candidate)


def test_its_test_accuracy_is_that_of_the_images_set_aside(study, desk):
    """Divided again by the same seed, the images set aside give the number in the document."""
    from why128.division import divide

    data = open_data(desk / "pets")
    network = load_model(desk / "enough" / "enough.keras").network
    judged = judge_images(network, divide(data, 0.3, 0).test.open(), data.classes)
    assert judged.accuracy.mean == pytest.approx(study.document["verdict"]["test_accuracy"])


def test_the_same_seed_gives_the_same_answer_for_a_person(study, desk):
    """Without --json: a table, the folder, and the verdict as the last line; the numbers are those of the document."""
    said = why128("study", "pets", *QUICK, "--out", "again", within=desk)
    found, lines = study.document, said.out.splitlines()
    assert said.status == 0
    assert lines[0].split() == ["neurons", "parameters", "training", "validation", "gap", "latency", "time"]
    assert [line.split()[:2] for line in lines[1:3]] == [["0", "195"], ["4", "275"]]
    assert "Study: again   (why128 report again draws it)" in lines
    assert lines[-1] == found["verdict"]["sentence"]
    assert "\x1b" not in said.out + said.err
    for caveat in found["verdict"]["caveats"]:
        assert f"! {caveat['says']} {caveat['do']}" in lines


def test_a_study_without_a_folder_gets_a_new_one(desk, tmp_path):
    found = why128("study", desk / "pets.npz", *QUICK, "--json", within=tmp_path).document
    assert found["study"] == "why128-studies/pets.npz-1"
    assert (tmp_path / found["study"] / "study.db").is_file()


def test_a_folder_s_name_is_not_read_as_markup(desk, tmp_path):
    (tmp_path / "[").mkdir()
    (tmp_path / "[" / "b]red[").symlink_to(desk / "pets")
    said = why128("study", "[/b]red[", *QUICK, "--out", "s", within=tmp_path)
    assert said.status == 0
    assert said.err.startswith("b]red[: 120 images")


def test_a_dry_run_says_what_it_would_take_and_does_nothing(desk):
    before = listing(desk)
    said = why128("study", "pets", *QUICK, "--dry-run", within=desk)
    first, second = said.out.splitlines()
    assert (said.status, said.err) == (0, "")
    assert first == "pets: 120 images, 3 classes; 2 candidates × 2 replicates"
    assert re.fullmatch(FORECAST.format(6), second)
    found = why128("study", "pets", *QUICK, "--workers", "1", "--dry-run", "--json", within=desk).document
    assert found["candidates"] == ["0", "4"]
    assert found["data"]["images"] == 120
    assert (found["forecast"]["networks"], found["forecast"]["cores"]) == (6, 1)
    assert found["forecast"]["seconds"] > 0
    assert found["forecast"]["memory"] > 10**8
    assert listing(desk) == before


def test_a_dry_run_is_of_this_machine_and_of_a_study_that_begins(study, desk):
    said = why128("study", "pets", "--dry-run", "--on", "dask", within=desk)
    assert (said.status, said.out) == (2, "")
    assert said.err.splitlines()[-2:] == [
        "why128: error: --dry-run: expected to train on this machine, got --on dask",
        "why128: hint: how fast a cluster is shows only when it trains",
    ]
    again = why128("study", "--resume", "enough", "--dry-run", within=desk)
    assert again.status == 2
    assert again.err.startswith(
        "why128: error: --resume: expected no other options than --workers, --on and --json, got --dry-run"
    )


# ---------------------------------------------------------------- train, evaluate, predict, inspect, data


def test_train_prints_one_document(trained, desk):
    found = trained.document
    assert found["parameters"] == 275
    assert len(found["epochs"]) == 2
    for epoch in found["epochs"]:
        assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(epoch)
        assert epoch["loss"] > 0
        assert is_share(epoch["accuracy"])
        assert is_share(epoch["val_accuracy"])
    assert is_share(found["test_accuracy"])
    assert found["model"] == "net.keras"
    assert (desk / "net.keras").is_file()
    assert trained.err.splitlines()[0].startswith("epoch 1/2 - loss: ")


def test_train_s_trial_is_the_study_s(study, desk):
    """The same recipe, seed and replicate: the accuracies of each epoch are those in the study's data base."""
    found = why128(
        "train",
        "pets",
        "--hidden",
        "4",
        "--epochs",
        "2",
        "--batch-size",
        "32",
        "--replicate",
        "1",
        "--json",
        within=desk,
    ).document
    _, trials, epochs = store.read(desk / "enough")
    (trial,) = (t for t in trials if (t.candidate, t.replicate, t.twin) == ("4", 1, ""))
    due = [e for e in epochs if (e.candidate, e.replicate) == ("4", 1)]
    assert found["model"] is None
    assert found["epochs"][-1]["val_accuracy"] == pytest.approx(trial.val_accuracy)
    assert [e["loss"] for e in found["epochs"]] == pytest.approx([e.loss for e in due], rel=1e-5)
    assert [e["val_loss"] for e in found["epochs"]] == pytest.approx([e.val_loss for e in due], rel=1e-5)


def test_train_for_a_person(desk):
    said = why128("train", "pets", "--hidden", "4", "--epochs", "2", within=desk)
    first, second = said.out.splitlines()
    assert first == "pets: 4 neurons, 275 parameters"
    assert re.fullmatch(
        r"After 2 epochs: [\d.]+ % of the images learned from, [\d.]+ % of validation images, "
        r"[\d.]+ % \([\d.]+ to [\d.]+ %\) of test images answered rightly\.",
        second,
    )


def test_evaluate_prints_one_document(trained, desk):
    found = why128("evaluate", "net.keras", "pets", "--json", within=desk).document
    assert set(found["accuracy"]) == INTERVAL
    assert (found["images"], found["part"]) == (120, "all")
    assert found["loss"] > 0
    assert set(found["classes"]) == set(CLASSES)
    assert sum(c["right"] for c in found["classes"].values()) == pytest.approx(120 * found["accuracy"]["mean"])


def test_evaluate_for_a_person(trained, desk):
    lines = why128("evaluate", "net.keras", "pets", within=desk).out.splitlines()
    assert re.fullmatch(r"[\d.]+ % \([\d.]+ to [\d.]+ %\) of 120 images answered rightly; loss [\d.]+\.", lines[0])
    assert [line.split()[0] for line in lines[1:]] == list(CLASSES)


def test_predict_prints_a_list(trained, desk):
    files = ["pets/cat/000.png", "pets/emu/119.png"]
    found = why128("predict", "net.keras", *files, "--json", within=desk).document
    assert [each["file"] for each in found] == files
    for each in found:
        assert set(each["probabilities"]) == set(CLASSES)
        assert sum(each["probabilities"].values()) == pytest.approx(1, abs=1e-6)
        assert each["label"] == max(each["probabilities"], key=each["probabilities"].get)


def test_predict_answers_as_evaluate_does(trained, desk):
    """A picture file, prepared by what the network's file says, is answered as it was among the data."""
    files = sorted((desk / "pets" / "cat").glob("*.png"))
    answers = why128("predict", "net.keras", *files, "--json", within=desk).document
    right = why128("evaluate", "net.keras", "pets", "--json", within=desk).document["classes"]["cat"]["right"]
    assert sum(each["label"] == "cat" for each in answers) == right


def test_predict_for_a_person(trained, desk):
    said = why128("predict", "net.keras", "pets/cat/000.png", within=desk).out
    assert re.fullmatch(r"pets/cat/000.png: (cat|dog|emu) \((\w+ [\d.]+ %(, )?){3}\)\n", said)


def test_inspect_data_prints_one_document(desk):
    found = why128("inspect", "pets", "--json", within=desk).document
    due = {
        "count": 120,
        "shape": [8, 8, 1],
        "labels": dict.fromkeys(CLASSES, 40),
        "scale": "0-255",
        "test_count": 0,
        "bad": [],
    }
    assert {key: found[key] for key in due} == due


def test_inspect_a_model_prints_one_document(trained, desk):
    found = why128("inspect", "net.keras", "--json", within=desk).document
    due = {"input": [8, 8, 1], "layers": [64, 4, 3], "parameters": 275, "bytes": (desk / "net.keras").stat().st_size}
    assert {key: found[key] for key in due} == due


def test_inspect_for_a_person(trained, desk):
    assert why128("inspect", "pets", within=desk).out.startswith(
        "pets: 120 images, 3 classes, and 0 test images\nshape (height, width, channels): 8 x 8 x 1; pixels 0-255\n"
    )
    lines = why128("inspect", "net.keras", within=desk).out.splitlines()
    assert [line.split(maxsplit=1) for line in lines[:3]] == [
        ["input:", "8 x 8 x 1"],
        ["layers:", "64 -> 4 -> 3"],
        ["parameters:", "275"],
    ]


def test_inspect_names_what_was_skipped(desk, tmp_path):
    images, labels = pictures(4)
    root = picture_folder(tmp_path / "some", images, labels)
    (root / "cat" / "broken.png").write_bytes(b"\x89PNG")
    said = why128("inspect", root, "--skip-bad", "--json")
    assert said.document["bad"] == ["cat/broken.png"]
    assert "why128: warning: " in said.err


def test_data_lists_what_is_known():
    found = why128("data", "--json").document
    assert {"sample", "fashion-mnist", "mnist", "kmnist", "digits"} <= {each["name"] for each in found}
    for each in found:
        assert {"name", "description", "classes", "path"} <= set(each)
    assert next(each["path"] for each in found if each["name"] == "sample")
    assert "found: " in why128("data").out


def test_data_says_where_a_set_is():
    found = why128("data", "sample", "--json").document
    assert found["name"] == "sample"
    assert why128("data", "sample").out == f"sample: {found['path']}\n"


@pytest.mark.parametrize(
    ("text", "size"), [("28x28", (28, 28)), ("8X16", (8, 16)), ("28", (28, 28)), ("1024x1", (1024, 1))]
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0x3", "28x", "x", "28x28x3", "-1x2", "1025x2", "２８x28", "9" * 5000, "a"])
def test_sizes_that_are_none(text):
    with pytest.raises(
        UsageError, match=r"^--size: expected a height and a width from 1 to 1024, such as 28x28, got '"
    ):
        parse_size(text)


def test_json_cannot_say_nan():
    """A network that diverged has losses that are no numbers; the document stays JSON."""
    from why128.cli.output import _sayable

    assert (
        json.dumps(_sayable({"a": [float("nan"), 1.5], "b": {"c": float("-inf")}}))
        == '{"a": [null, 1.5], "b": {"c": null}}'
    )


def test_a_network_that_diverges_is_told_and_kept(desk):
    wild = ("--activation", "linear", "--learning-rate", "1e5", "--optimizer", "sgd", "--epochs", "9")
    said = why128("study", "pets", *QUICK, *wild, "--json", "--out", "wild", within=desk)
    assert "diverged" in [caveat["kind"] for caveat in said.document["verdict"]["caveats"]]
    assert sum(not t.twin for t in store.read(desk / "wild")[1]) == 4


def test_probabilities_are_probabilities_whatever_the_network_answers(desk, tmp_path):
    images, labels = pictures()
    model = Sequential([Flatten(input_shape=(8, 8)), Dense(3)], seed=0)
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images, labels, verbose=0)
    model.save(tmp_path / "sums.keras")
    (found,) = why128("predict", tmp_path / "sums.keras", desk / "pets/cat/000.png", "--json").document
    assert all(is_share(p) for p in found["probabilities"].values())

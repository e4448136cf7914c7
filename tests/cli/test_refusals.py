"""Bad input: one line on standard error, at most one hint, the exit status of product.md, and nothing written."""

import os
import re

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import CLASSES, listing, picture_folder, pictures, why128
from tests.data import making

USAGE, INPUT, SURROUNDINGS = 2, 3, 4


def check_form(said):
    """`why128: error: …`, then at most one `why128: hint: …`; no traceback, no raw escape, nothing on standard output."""
    errors = [line for line in said.err.splitlines() if line.startswith("why128: error: ")]
    hints = [line for line in said.err.splitlines() if line.startswith("why128: hint: ")]
    assert len(errors) == 1
    assert len(hints) <= 1
    assert said.err.endswith(f"{(hints or errors)[0]}\n")
    assert "Traceback" not in said.err
    assert "fault of ours" not in said.err
    assert "\x1b" not in said.err
    assert said.out == ""
    return errors[0].removeprefix("why128: error: ")


# what is in the folder, by name
def empty(root):
    (root / "empty").mkdir()


def lonely(root):
    images, labels = pictures(5)
    picture_folder(root / "lonely", images[:11], labels[:11])


def truncated(root):
    making.idx_folder(root / "cut", making.idx_bytes(making.X)[:-10], making.idx_bytes(making.Y))


def arrays(name, change):
    def make(root):
        images, labels = pictures(5)
        np.savez(root / f"{name}.npz", **change(images / np.float32(255), labels))

    return make


def with_nan(images, labels):
    images[3, 2, 2] = np.nan
    return {"images": images, "labels": labels}


def broken_picture(root):
    images, labels = pictures(5)
    picture_folder(root / "torn", images, labels)
    (root / "torn" / "cat" / "000.png").write_bytes((root / "torn" / "cat" / "000.png").read_bytes()[:40])


def good(root):
    images, labels = pictures(12)
    picture_folder(root / "pets", images, labels)


def used(root):
    good(root)
    (root / "used").mkdir()
    (root / "used" / "mine.txt").write_text("mine")


def in_the_way(root):
    good(root)
    (root / "file").write_text("mine")


def rubbish_model(root):
    good(root)
    (root / "net.keras").write_bytes(b"PK\3\4 rubbish")


DATA = {
    "missing path": (
        None,
        "nowhere",
        INPUT,
        r"nowhere: no file or folder of that name, and not a known data set \(sample, ",
    ),
    "empty folder": (empty, "empty", INPUT, "empty: no class folders and no images in it"),
    "truncated IDX": (
        truncated,
        "cut",
        INPUT,
        "cut/train-images-idx3-ubyte: truncated: by its header 12 x 8 x 8 images are expected: 768 bytes, only 758 bytes follow",
    ),
    "NaN pixels": (
        arrays("nan", with_nan),
        "nan.npz",
        INPUT,
        r"nan.npz: image 3 \(counted from 0\) has a pixel that is nan, expected finite numbers",
    ),
    "labels that do not match": (
        arrays("few", lambda x, y: {"images": x, "labels": y[:-1]}),
        "few.npz",
        INPUT,
        "few.npz: .*15 images, but 14 labels",
    ),
    "a torn picture": (broken_picture, "torn", INPUT, "torn: 1 of 15 pictures cannot be read: cat/000.png"),
}


@pytest.mark.parametrize(
    "command",
    [
        ("inspect",),
        ("train", "--epochs", "1", "--save", "net.keras"),
        ("study", "--widths", "0", "--replicates", "1", "--epochs", "1"),
    ],
    ids=lambda c: c[0],
)
@pytest.mark.parametrize("case", DATA)
def test_data_that_cannot_be_read(case, command, tmp_path):
    make, source, status, text = DATA[case]
    if make:
        make(tmp_path)
    before = listing(tmp_path)
    said = why128(command[0], source, *command[1:], within=tmp_path)
    assert re.search(text, check_form(said))
    assert said.status == status
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "command",
    [
        ("train", "--epochs", "1", "--save", "net.keras"),
        ("study", "--widths", "0", "--replicates", "1", "--epochs", "1"),
    ],
    ids=lambda c: c[0],
)
def test_a_class_with_one_image_cannot_be_divided(command, tmp_path):
    lonely(tmp_path)
    before = listing(tmp_path)
    said = why128(command[0], "lonely", *command[1:], within=tmp_path)
    assert "classes with 1 image cannot be split, expected at least 2 of each class: emu" in check_form(said)
    assert said.status == INPUT
    assert listing(tmp_path) == before
    assert "why128: warning: lonely: classes with 1 image only" in why128("inspect", "lonely", within=tmp_path).err


def test_pictures_of_mixed_sizes_are_read_at_one_size_and_said_so(tmp_path):
    images, labels = pictures(5)
    picture_folder(tmp_path / "mixed", images, labels)
    Image.new("L", (20, 10)).save(tmp_path / "mixed" / "dog" / "large.png")
    said = why128("inspect", "mixed", "--json", within=tmp_path)
    assert said.document["shape"] == [8, 8, 1]
    assert re.search(
        r"^why128: warning: mixed: pictures come in 2 sizes \(width x height\): 8 x 8 \(15\), 20 x 10 \(1\): all are resized to 8 x 8",
        said.err,
        re.M,
    )


USE = {
    "unknown activation": (
        ("study", "pets", "--activation", "rellu"),
        USAGE,
        "activation: 'rellu' is not known; expected a Keras name or a function of one array",
        "did you mean 'relu'? known names: ",
    ),
    "widths": (
        ("study", "pets", "--widths", "4,four"),
        USAGE,
        "widths: expected whole numbers such as 0,4,16 or 32x16 for two layers, got 'four'",
        "for example --widths 0,8,32,128",
    ),
    "no width": (
        ("study", "pets", "--widths", ""),
        USAGE,
        "widths: expected whole numbers such as 0,4,16 or 32x16 for two layers, got ''",
        "for example --widths 0,8,32,128",
    ),
    "a wide width": (
        ("study", "pets", "--widths", "99999999"),
        USAGE,
        "widths: expected 1 to 1,048,576 neurons a layer, got '99999999'",
        "0 alone means softmax regression, without neurons",
    ),
    "0 within": (
        ("study", "pets", "--widths", "4x0"),
        USAGE,
        "widths: expected 1 to 1,048,576 neurons a layer, got '4x0'",
        "0 alone means softmax regression, without neurons",
    ),
    "replicates": (
        ("study", "pets", "--replicates", "0"),
        USAGE,
        "replicates: expected a whole number of at least 1, got 0",
        None,
    ),
    "many replicates": (
        ("study", "pets", "--replicates", "1001"),
        USAGE,
        "study: at most 256 networks (candidates × settings) and 1000 replicates, got 11 × 1 and 1001",
        None,
    ),
    "epochs": (
        ("study", "pets", "--epochs", "-1"),
        USAGE,
        "epochs: expected a whole number of at least 1, got -1",
        None,
    ),
    "batch size": (
        ("study", "pets", "--batch-size", "0"),
        USAGE,
        "batch size: expected a whole number of at least 1, got 0",
        None,
    ),
    "seed": (("study", "pets", "--seed", "-1"), USAGE, "seed: expected a whole number of at least 0, got -1", None),
    "learning rate": (
        ("study", "pets", "--learning-rate", "nan"),
        USAGE,
        "--learning-rate: expected a number above 0 and below 1,000,000, got nan",
        None,
    ),
    "a learning rate that is a slip": (
        ("study", "pets", "--learning-rate", "1e30"),
        USAGE,
        "--learning-rate: expected a number above 0 and below 1,000,000, got 1e+30",
        None,
    ),
    "learning rates": (
        ("study", "pets", "--learning-rates", "0.1,fast"),
        USAGE,
        "--learning-rates: expected numbers such as 0.0003,0.001,0.003, got 'fast'",
        "for example --learning-rates 0.0003,0.001,0.003",
    ),
    "a negative rate": (
        ("study", "pets", "--learning-rates", "0.1,-0.1"),
        USAGE,
        "learning rate: expected a number above 0, got -0.1",
        "for example 0.001",
    ),
    "a rate twice": (
        ("study", "pets", "--learning-rates", "0.1,0.10"),
        USAGE,
        "--learning-rates: '0.1' is given twice",
        "give each once",
    ),
    "a rate and rates": (
        ("study", "pets", "--learning-rate", "0.1", "--learning-rates", "0.1,0.2"),
        USAGE,
        "--learning-rate and --learning-rates: expected one of the two, got both",
        None,
    ),
    "dropouts": (
        ("study", "pets", "--dropouts", "0,1"),
        USAGE,
        "dropout: expected a share of at least 0 and below 1, got 1.0",
        "0.2 drops a fifth of the neurons at each step",
    ),
    "weight decays": (
        ("study", "pets", "--weight-decays", "-1"),
        USAGE,
        "weight decay: expected a number of at least 0, got -1.0",
        "for example 0.0001",
    ),
    "many settings": (
        ("study", "pets", "--learning-rates", ",".join(f"0.{n:02}" for n in range(1, 25))),
        USAGE,
        "study: at most 256 networks (candidates × settings) and 1000 replicates, got 11 × 24 and 5",
        None,
    ),
    "an unknown activation of several": (
        ("study", "pets", "--activations", "relu,tahn"),
        USAGE,
        "activation: 'tahn' is not known; expected a Keras name or a function of one array",
        "did you mean 'tanh'? known names: ",
    ),
    "an activation twice": (
        ("study", "pets", "--activations", "relu,swish,silu"),
        USAGE,
        "--activations: 'silu' is given twice",
        "give each once",
    ),
    "an activation and activations": (
        ("study", "pets", "--activation", "tanh", "--activations", "relu"),
        USAGE,
        "--activation and --activations: expected one of the two, got both",
        None,
    ),
    "odd neurons for glu": (
        ("study", "pets", "--activations", "glu"),
        USAGE,
        "Dense: glu halves the neurons and needs an even number of them, got 1",
        None,
    ),
    "hidden layers": (
        ("study", "pets", "--hidden", "128,many"),
        USAGE,
        "--hidden: expected whole numbers such as 128, or 128,64 for two layers, got '128xmany'",
        "for example --hidden 128",
    ),
    "hidden layers twice": (
        ("study", "pets", "--hidden", "8,4", "--hidden", "8x4"),
        USAGE,
        "--hidden: '8x4' is given twice",
        "give each once",
    ),
    "max neurons": (
        ("study", "pets", "--max-neurons", "0"),
        USAGE,
        "--max-neurons: expected a whole number of at least 1, got 0",
        None,
    ),
    "max bytes": (
        ("study", "pets", "--max-bytes", "64 potatoes"),
        USAGE,
        "--max-bytes: expected a size such as 64KB, 64KiB, 2MB or 65536, got '64 potatoes'",
        None,
    ),
    "max latency": (
        ("study", "pets", "--max-latency", "50"),
        USAGE,
        "--max-latency: expected a time such as 50us, 1ms or 0.1s, got '50'",
        None,
    ),
    "a budget that nothing is within": (
        ("study", "pets", "--widths", "4,8", "--max-bytes", "100"),
        USAGE,
        "budget: no candidate is within it; the smallest has 4 neurons and takes 1,100 bytes for these images",
        "raise --max-neurons or --max-bytes, or shrink the images with --size",
    ),
    "one dropout": (
        ("train", "pets", "--dropout", "1"),
        USAGE,
        "dropout: expected a share of at least 0 and below 1, got 1.0",
        "0.2 drops a fifth of the neurons at each step",
    ),
    "one weight decay": (
        ("train", "pets", "--weight-decay", "-0.5"),
        USAGE,
        "weight decay: expected a number of at least 0, got -0.5",
        "for example 0.0001",
    ),
    "optimizer": (
        ("study", "pets", "--optimizer", "adamm"),
        USAGE,
        "optimizer: 'adamm' is not known",
        "did you mean 'adam'? known names: sgd, rmsprop, adam, adamw",
    ),
    "tolerance": (
        ("study", "pets", "--tolerance", "-1"),
        USAGE,
        "tolerance: expected points from 0 to 100, got -1.0",
        "0.5 means half a percentage point of accuracy",
    ),
    "confidence": (
        ("study", "pets", "--confidence", "95"),
        USAGE,
        "confidence: expected a share from 0.5 to below 1, got 95.0",
        "0.95 means 95 %",
    ),
    "workers": (
        ("study", "pets", "--workers", "0"),
        USAGE,
        "--workers: expected a whole number of at least 1, got 0",
        None,
    ),
    "size": (
        ("study", "pets", "--size", "8xx8"),
        USAGE,
        "--size: expected a height and a width from 1 to 1024, such as 28x28, got '8xx8'",
        None,
    ),
    "replicate": (
        ("train", "pets", "--replicate", "-1"),
        USAGE,
        "--replicate: expected a whole number of at least 0, got -1",
        None,
    ),
    "not a number": (
        ("train", "pets", "--epochs", "ten"),
        USAGE,
        "Invalid value for '--epochs': 'ten' is not a valid integer.",
        "see why128 train --help",
    ),
    "unknown option": (
        ("train", "--epoch\x1b[31m", "3"),
        USAGE,
        r"No such option '--epoch\x1b[31m'.",
        "see why128 train --help",
    ),
    "unknown command": (("studdy",), USAGE, "No such command 'studdy'.", "see why128 --help"),
    "missing argument": (("predict", "net.keras"), USAGE, "Missing argument 'IMAGES...'.", "see why128 predict --help"),
    "unknown name": (
        ("data", "mmnist"),
        USAGE,
        "mmnist: not a known data set, expected one of sample, fashion-mnist, mnist, kmnist, digits",
        None,
    ),
    "another ending": (
        ("train", "pets", "--save", "net.h5"),
        USAGE,
        "net.h5: expected a path that ends in .keras",
        "for example net.keras",
    ),
    "no model": (
        ("evaluate", "none.keras", "pets"),
        INPUT,
        "none.keras: there is no such file; expected a .keras file",
        "check the path",
    ),
    "a model that is none": (
        ("evaluate", "pets/cat/000.png", "pets"),
        INPUT,
        "pets/cat/000.png: not a .keras file: it begins with",
        None,
    ),
}


@pytest.mark.parametrize("case", USE)
def test_what_cannot_be_asked(case, tmp_path):
    arguments, status, text, hint = USE[case]
    good(tmp_path)
    before = listing(tmp_path)
    said = why128(*arguments, within=tmp_path)
    assert check_form(said).startswith(text)
    assert said.status == status
    if hint:
        assert f"\nwhy128: hint: {hint}" in said.err
    assert listing(tmp_path) == before


def test_a_refusal_names_the_option_that_was_given(tmp_path):
    said = why128("train", "--hidden", "128,many", within=tmp_path)
    assert check_form(said).startswith("--hidden")
    assert "--widths" not in said.err


def test_a_rubbish_model(tmp_path):
    rubbish_model(tmp_path)
    for arguments in (
        ("inspect", "net.keras"),
        ("evaluate", "net.keras", "pets"),
        ("predict", "net.keras", "pets/cat/000.png"),
    ):
        said = why128(*arguments, within=tmp_path)
        assert check_form(said).startswith("net.keras: ")
        assert said.status == INPUT


def test_a_study_does_not_write_where_something_is(tmp_path):
    used(tmp_path)
    before = listing(tmp_path)
    said = why128("study", "pets", "--out", "used", within=tmp_path)
    assert check_form(said) == "used: expected a new or an empty folder, found something there"
    assert "hint: give another folder with --out" in said.err
    assert said.status == USAGE
    assert listing(tmp_path) == before


@pytest.mark.parametrize(("arguments", "text"), [
    (("train", "pets", "--save", "none/net.keras"), "none/net.keras: could not be written: No such file or directory; nothing was changed"),
    (("study", "pets", "--out", "file/study"), "file/study: cannot write a study here"),
])  # fmt: skip
def test_what_cannot_be_written_is_refused_before_training(arguments, text, tmp_path):
    in_the_way(tmp_path)
    before = listing(tmp_path)
    said = why128(*arguments, within=tmp_path)
    assert check_form(said).startswith(text)
    assert said.status == SURROUNDINGS
    assert "epoch 1/" not in said.err
    assert "replicate 1 of" not in said.err
    assert listing(tmp_path) == before


def test_a_file_in_the_place_of_the_folder(tmp_path):
    in_the_way(tmp_path)
    said = why128("train", "pets", "--save", "file/net.keras", within=tmp_path)
    assert said.status == SURROUNDINGS
    assert check_form(said) == "file/net.keras: could not be written: Not a directory; nothing was changed"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path):
    good(tmp_path)
    (tmp_path / "closed").mkdir(mode=0o500)
    for arguments in (("train", "pets", "--save", "closed/net.keras"), ("study", "pets", "--out", "closed/study")):
        said = why128(*arguments, within=tmp_path)
        assert "Permission denied" in check_form(said)
        assert said.status == SURROUNDINGS


def test_a_folder_in_the_place_of_the_file(tmp_path):
    good(tmp_path)
    (tmp_path / "net.keras").mkdir()
    said = why128("train", "pets", "--save", "net.keras", within=tmp_path)
    assert check_form(said)
    assert said.status in (USAGE, SURROUNDINGS)


@pytest.mark.parametrize("picture", ["nope.png", "pets", "pets.txt"])
def test_one_bad_picture_among_good_ones_is_refused(picture, trained, desk, tmp_path):
    good(tmp_path)
    (tmp_path / "pets.txt").write_text("no picture")
    said = why128("predict", desk / "net.keras", "pets/cat/000.png", picture, within=tmp_path)
    assert check_form(said).startswith(f"{picture}: ")
    assert said.status == INPUT


def test_a_network_that_knows_other_classes(trained, desk, tmp_path):
    images, labels = pictures(5)
    picture_folder(tmp_path / "pets", images, labels)
    (tmp_path / "pets" / "dog").rename(tmp_path / "pets" / "wolf")
    said = why128("evaluate", desk / "net.keras", "pets", within=tmp_path)
    assert check_form(said) == "pets: class 'wolf' is not one of the network's (cat, dog, emu)"
    assert "hint: give data with the classes that the network learned" in said.err
    assert said.status == INPUT


def test_a_network_for_another_shape(trained, desk, tmp_path):
    images, labels = pictures(5)
    np.savez(
        tmp_path / "colour.npz", images=np.stack([images, images // 2, images], -1), labels=np.array(CLASSES)[labels]
    )
    said = why128("evaluate", desk / "net.keras", "colour.npz", within=tmp_path)
    assert check_form(said) == "colour.npz: expected images of shape (8, 8, 1) (height, width, channels), got (8, 8, 3)"
    assert said.status == INPUT


def test_nothing_is_resized_in_silence(trained, desk, tmp_path):
    images, labels = (each[np.random.default_rng(0).permutation(15)] for each in pictures(5))
    np.savez(tmp_path / "tall.npz", images=np.repeat(images, 2, 1), labels=np.array(CLASSES)[labels])
    said = why128("evaluate", desk / "net.keras", "tall.npz", within=tmp_path)
    assert said.status == 0
    assert said.err == "why128: warning: tall.npz: resized from 16 x 8 to 8 x 8, which the network takes\n"


def test_a_name_with_escapes_is_shown_escaped(tmp_path):
    said = why128("inspect", "a\x1b[31mb", within=tmp_path)
    assert check_form(said).startswith(r"a\x1b[31mb: no file or folder of that name")


def test_a_fault_of_ours_is_said_to_be_ours(monkeypatch, tmp_path):
    monkeypatch.setattr("why128.data.source.open_data", lambda *_: 1 / 0)
    monkeypatch.delenv("WHY128_DEBUG", raising=False)
    said = why128("inspect", "pets", within=tmp_path)
    assert said.status == 1
    assert (
        said.err
        == "why128: error: a fault of ours: ZeroDivisionError: division by zero\nwhy128: hint: please report it; WHY128_DEBUG=1 shows where it happened\n"
    )


def test_memory_that_is_not_enough(monkeypatch, tmp_path):
    def greedy(*_):
        raise MemoryError

    monkeypatch.setattr("why128.data.source.open_data", greedy)
    said = why128("inspect", "pets", within=tmp_path)
    assert said.status == SURROUNDINGS
    assert check_form(said) == "memory: there is not enough for this"
    assert said.err.endswith("why128: hint: try fewer or smaller images, or fewer widths\n")


def test_glu_asks_for_an_even_number(tmp_path):
    good(tmp_path)
    before = listing(tmp_path)
    said = why128(
        "study", "pets", "--activation", "glu", "--widths", "0,3", "--replicates", "1", "--epochs", "1", within=tmp_path
    )
    assert said.status == USAGE
    check_form(said)
    assert listing(tmp_path) == before

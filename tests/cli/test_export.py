"""`why128 export`: what it prints, whose images it finds, and what it refuses."""

import re

import pytest

from tests.cli.conftest import listing, why128
from tests.cli.test_refusals import INPUT, SURROUNDINGS, USAGE, check_form
from why128.exporting import Comparison, Written
from why128.formats.exports import FORMATS
from why128.report import words

SIZES = r"needs: ([\d,]+) bytes of weights and ([\d,]+) bytes of RAM, beside an image's ([\d,]+)"
COMPARED = (
    r"on 120 images of pets, answered by (.+): no probability differs by more than [\d.e-]+; "
    r"(\d+\.\d\d) % are answered alike; \d+\.\d\d % rightly \(the original: \d+\.\d\d %\)"
)


@pytest.mark.parametrize("ending", FORMATS)
def test_three_lines(ending, study, desk, tmp_path):
    """The images are found where the study had them."""
    out = tmp_path / f"net{ending}"
    said = why128("export", "enough/enough.keras", out, within=desk)
    assert (said.status, said.err) == (0, "")
    first, second, third = said.out.splitlines()
    assert first == f"written: {out} ({FORMATS[ending].name}, float32): {out.stat().st_size:,} bytes"
    assert re.fullmatch(SIZES, second)
    assert re.fullmatch(COMPARED, third)


def test_whole_numbers(study, desk, tmp_path):
    said = why128("export", "enough/enough.keras", tmp_path / "net.h", "--int8", within=desk)
    assert "(C, int8): " in said.out
    assert "answered by its arithmetic in NumPy" in said.out
    assert why128("export", "enough/enough.keras", tmp_path / "net.h", "--int8", "--json", within=desk).document["int8"]


def test_every_network_of_a_study_finds_its_images(study, desk, tmp_path):
    network = next((desk / "enough" / "networks").glob("*.keras"))
    found = why128("export", network, tmp_path / "net.npz", "--json").document
    assert found["comparison"]["images"] == 120
    assert found["file"] == str(tmp_path / "net.npz")
    assert found["bytes"] == (tmp_path / "net.npz").stat().st_size


def test_images_that_are_not_found_are_asked_for(trained, desk, tmp_path):
    said = why128("export", "net.keras", tmp_path / "net.onnx", within=desk)
    missing = "not compared with the original: the images that it learned from were not found; give some with --data"
    assert said.out.splitlines()[2] == missing
    assert why128("export", "net.keras", tmp_path / "net.onnx", "--json", within=desk).document["comparison"] is None
    given = why128("export", "net.keras", tmp_path / "net.onnx", "--data", "pets", within=desk)
    assert re.search(COMPARED, given.out)
    refused = why128("export", "net.keras", tmp_path / "net.h", "--int8", within=desk)
    assert refused.status == USAGE
    assert check_form(refused) == "int8: expected images to calibrate it by; those that it learned from were not found"


def test_an_older_file_is_replaced(study, desk, tmp_path):
    (tmp_path / "net.h").write_text("mine")
    first = why128("export", "enough/enough.keras", tmp_path / "net.h", within=desk)
    content = (tmp_path / "net.h").read_bytes()
    assert why128("export", "enough/enough.keras", tmp_path / "net.h", within=desk) == first
    assert (tmp_path / "net.h").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["net.h"]


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("enough/enough.keras", "net.pb"), USAGE, "net.pb: expected a path that ends in .onnx, "),
        (("enough/enough.keras", "net.json", "--int8"), USAGE, "net.json: JSON is written in float32 only, and int8"),
        (("nowhere.keras", "net.h"), INPUT, "nowhere.keras: there is no such file"),
        (("pets.npz", "net.h"), INPUT, "pets.npz: not a Keras file: "),
        (("enough/enough.keras", "nowhere/net.h"), SURROUNDINGS, "nowhere/net.h: could not be written: No such file"),
        (("enough/enough.keras", "net.h", "--data", "digits"), INPUT, "digits: class '"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else None,
)
def test_refusals(arguments, status, text, study, desk):
    before = listing(desk)
    said = why128("export", *arguments, within=desk)
    assert check_form(said).startswith(text)
    assert said.status == status
    assert listing(desk) == before


def test_the_help_names_every_ending():
    said = why128("export", "--help").out
    assert all(ending in said for ending in FORMATS)


def test_the_words_for_a_test_part():
    """Which images these were is said as `evaluate` says it."""
    seen = Comparison("sample", "test", 2000, "ONNX Runtime 1.0", 1.24e-6, 1.0, 0.85, 0.85)
    assert words.exported(Written("a.onnx", "ONNX", False, 1, 2, 3, 4, seen))[2] == (
        "on 2,000 test images of sample, answered by ONNX Runtime 1.0: no probability differs by more than 1.2e-06; "
        "100.00 % are answered alike; 85.00 % rightly (the original: 85.00 %)"
    )

"""`neurons`, `shrink`, `grow` and `predict --explain` as a person types them."""

import pytest

from tests.cli.conftest import listing, why128

MISSING = "expected images; those that it learned from were not found"


@pytest.fixture(scope="module")
def net(desk):
    said = why128("train", "pets", "--hidden", "8", "--epochs", "3", "--save", "eight.keras", within=desk)
    assert said.status == 0, said.err
    return "eight.keras"


def test_an_atlas_is_written_beside_the_network(desk, net):
    said = why128("neurons", net, "--data", "pets", within=desk)
    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == "8 hidden neurons, one by one"
    assert lines[-1] == "written: eight-neurons.html"
    assert "8 hidden neurons, one by one" in (desk / "eight-neurons.html").read_text("utf-8")


@pytest.mark.parametrize("ending", ["png", "csv", "html"])
def test_its_ending_says_as_what(desk, net, tmp_path, ending):
    said = why128("neurons", net, "--data", "pets", "--out", tmp_path / f"atlas.{ending}", "--json", within=desk)
    assert len(said.document["neurons"]) == 8
    assert (tmp_path / f"atlas.{ending}").stat().st_size > 100


def test_a_study_s_neurons_are_matched(desk, study):
    said = why128("neurons", "enough", within=desk)
    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert (
        lines[0] == "Neurons matched by what they do on the same 120 images; alike means a correlation of 0.8 or more."
    )
    assert lines[1].startswith("4: of ")
    assert " are in nearly all of the other 1 network, " in lines[1]
    refused = why128("neurons", "enough", "--out", "x.html", within=desk)
    assert refused.err.startswith(
        "why128: error: --out: expected a network's file before it, got a study, of which nothing is written"
    )


def test_a_study_of_one_replicate_has_nothing_to_match(desk):
    why128("study", "pets", "--widths", "0,4", "--replicates", "1", "--epochs", "1", "--out", "single", within=desk)
    said = why128("neurons", "single", within=desk)
    assert said.status == 3
    assert "single: expected two networks of a width with hidden neurons, found fewer" in said.err
    assert "hint: a study of several replicates has them" in said.err


def test_a_smaller_and_a_wider_one(desk, net):
    said = why128("shrink", net, "--data", "pets", "--to", "3", within=desk)
    assert said.status == 0, said.err
    assert said.out.splitlines()[0].startswith("8 neurons to 3 neurons: ")
    size = (desk / "eight-small.keras").stat().st_size
    assert said.out.splitlines()[-1] == f"written: eight-small.keras: {size:,} bytes"
    said = why128("grow", net, "--to", "12", within=desk)
    assert said.out.splitlines()[0].startswith("8 neurons to 12 neurons, ")
    assert why128("grow", net, "--to", "12", "--epochs", "1", "--data", "pets", "--json", within=desk).document[
        "to"
    ] == [12]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("neurons", "eight.keras"), f"neurons: {MISSING}"),
        (("shrink", "eight.keras"), f"shrink: {MISSING}"),
        (("grow", "eight.keras", "--to", "9", "--epochs", "1"), f"grow: {MISSING}"),
        (("neurons", "eight.keras", "--out", "x.pdf"), "x.pdf: expected a path that ends in .html, .png, .csv, got '.pdf'"),
        (("shrink", "eight.keras", "--data", "pets", "--to", "much"), "--to: expected whole numbers such as 32, or 64,32 for two layers, got 'much'"),
        (("shrink", "eight.keras", "--out", "x.h5"), "x.h5: expected a path that ends in .keras"),
        (("grow", "eight.keras", "--to", "8"), "grow: expected more than the 8 neurons that there are, got 8"),
        (("grow", "eight.keras"), "Missing option '--to'."),
        (("predict", "eight.keras", "pets/cat/000.png", "--out", "x.png"),
            "--out: expected --explain and one image; it is a picture of what speaks for one answer"),
        (("predict", "eight.keras", "pets/cat/000.png", "--explain", "--out", "x.gif"), "--out: expected a path that ends in .png, got 'x.gif'"),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(desk, net, arguments, said):
    before = listing(desk)
    refused = why128(*arguments, within=desk)
    assert refused.status in (2, 3)
    assert refused.err.startswith(f"why128: error: {said}")
    assert listing(desk) == before


def test_why_a_picture_is_what_it_is(desk, net, tmp_path):
    said = why128("predict", net, "pets/cat/000.png", "--explain", "--out", tmp_path / "why.png", within=desk)
    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert lines[1].startswith("  scores: ")
    assert lines[1].endswith(" of 8 neurons fired")
    assert lines[4].startswith("  enough to decide it: ")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")

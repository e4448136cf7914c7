"""The yardstick's pure parts: what is played, how much work it is, how a sample is scaled, and what is printed."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from benchmarks import bench, learning, scenarios, table
from benchmarks.judging import judged
from benchmarks.peers import why128_study
from benchmarks.peers.job import Images, Job, initial
from benchmarks.scenarios import LADDER, OURS, PEERS, SCENARIOS, WIDTHS, Part

PAIR = Part("pair", (0, 4), 3, 32, 10, (OURS, "keras_jax", "torch_bmm", "parallel_mlps"))
ALONE = {
    "seconds": 11.0,  # 1 of them for importing and judging
    "memory": 10**9,
    "groups": [
        {"widths": [0], "epochs": [3.0, 1.0], "accuracies": [0.5]},
        {"widths": [4], "epochs": [4.0, 2.0], "accuracies": [0.7]},
    ],
    "versions": {},
}
TOGETHER = {
    "seconds": 8.0,
    "memory": 10**9,
    "groups": [{"widths": [0, 0, 0, 4, 4, 4], "epochs": [5.0, 2.0], "accuracies": [0.5, 0.5, 0.5, 0.6, 0.7, 0.8]}],
    "versions": {},
}
STUDY = {
    "seconds": 12.0,
    "finished": 15.0,
    "memory": 10**9,
    "groups": [{"widths": [w], "epochs": [], "accuracies": [0.9]} for w in (0, 4) for _ in range(3)],
    "curves": [[epoch, w, epoch / 10] for epoch in range(1, 11) for w in (0, 4) for _ in range(3)],
    "versions": {},
}
TOLD = {OURS: STUDY, "keras_jax": ALONE, "torch_bmm": TOGETHER, "parallel_mlps": {"missing": "torch"}}


def test_the_default_ladder_is_192_gflop_an_epoch_of_60_000_images_a_replicate():
    """The figure that the engine was planned by."""
    assert scenarios.gflop(replace(LADDER, replicates=1, epochs=1), 60_000) == pytest.approx(192.5, abs=0.1)


def test_judging_is_the_forward_product_of_those_watched_after_every_epoch_and_of_all_images_at_the_end():
    part = replace(LADDER, replicates=1, epochs=2)
    forward = scenarios.gflop(replace(part, epochs=1), 1) / 2
    assert scenarios.gflop_of_judging(part, learned=70, held_out=30) == pytest.approx(forward * (2 * 30 + 70 + 30))
    many = 10 * scenarios.WATCHED
    watched = 2 * scenarios.WATCHED + 70 + many
    assert scenarios.gflop_of_judging(part, learned=70, held_out=many) == pytest.approx(forward * watched)


def test_the_ladder_is_the_product_s_default():
    from why128.studies import plan

    assert (WIDTHS, LADDER.replicates) == (plan.WIDTHS, plan.REPLICATES)
    assert (LADDER.batch, LADDER.epochs) == (plan.Recipe().batch_size, plan.Recipe().epochs)


def test_a_sample_is_scaled_by_its_own_seconds():
    # a replicate of each width: first epochs 3 + 4, nine more at 1 + 2; three replicates; 1 s once
    assert scenarios.whole(PAIR, "keras_jax", ALONE) == pytest.approx(1 + 3 * (3 + 4 + 9 * (1 + 2)))
    # the whole population was trained for two of ten epochs
    assert scenarios.whole(PAIR, "torch_bmm", TOGETHER) == pytest.approx(1 + 5 + 9 * 2)
    assert scenarios.whole(PAIR, OURS, STUDY) == 12.0


def test_what_a_peer_trains_of_a_part():
    assert PAIR.sampled(OURS) == PAIR
    assert (PAIR.sampled("keras_jax").networks, PAIR.sampled("keras_jax").epochs) == (2, 2)
    assert (PAIR.sampled("torch_bmm").networks, PAIR.sampled("torch_bmm").epochs) == (6, 2)


def test_seconds_a_network_epoch_leave_the_first_epoch_out_but_of_a_whole_study_nothing():
    assert scenarios.network_epoch(PAIR, ALONE) == pytest.approx((1 + 2) / 2)
    assert scenarios.network_epoch(PAIR, TOGETHER) == pytest.approx(2 / 6)
    assert scenarios.network_epoch(PAIR, STUDY) == pytest.approx(12 / 60)


def test_accuracies_are_compared_after_equally_many_epochs():
    assert scenarios.accuracies(PAIR, OURS, STUDY) == {0: [0.2] * 3, 4: [0.2] * 3}
    assert scenarios.accuracies(PAIR, "torch_bmm", TOGETHER)[4] == [0.6, 0.7, 0.8]


def test_each_thing_is_played_once_a_round():
    names = [(part.name, peer) for part, peer in scenarios.plays(tuple(SCENARIOS), PEERS)]
    assert len(names) == len(set(names))
    assert (LADDER.name, "parallel_mlps") in names
    assert [peer for _, peer in scenarios.plays(["replicates"], PEERS)] == [OURS, OURS]


def rounds(count=2):
    peak = {"float32": 100.0, "bfloat16": None}
    things = [(PAIR, peer) for peer in TOLD]
    each = {(PAIR.name, bench.PEAK): peak} | {(PAIR.name, peer): told for peer, told in TOLD.items()}
    return [each] * count, things


def test_figures_and_table_say_what_is_missing_and_what_was_scaled():
    found = {"data": "sample"} | bench.figures(*rounds(), {"learned": 1000, "held_out": 100})
    json.dumps(found)  # can be kept
    peers = found["parts"]["pair"]["peers"]
    assert peers["parallel_mlps"] == {"missing": "torch"}
    assert peers["keras_jax"]["trained"] == {"networks": 2, "epochs": 2}
    assert (peers["keras_jax"]["scaled"], peers[OURS]["scaled"]) == (True, False)
    assert peers["torch_bmm"]["accuracy"]["4"] == {
        "n": 6,
        "mean": pytest.approx(0.7),
        "sd": pytest.approx(0.0894, abs=1e-4),
    }
    work = 4 * 784 * 4 * 3 * 10 * 1000 / 1e9
    assert peers[OURS]["share"]["median"] == pytest.approx(work / 12 / 100)

    lines = table.text(found).splitlines()
    assert "parallel_mlps      missing: torch" in lines
    assert any(line.startswith("keras_jax") and "103.0 (103.0–103.0)*" in line for line in lines)
    assert any(line.startswith(OURS) and "12.0 (12.0–12.0) " in line for line in lines)
    assert any("to the command's end 15.0 (15.0–15.0) s; with judging's products" in line for line in lines)
    assert "peak: float32 100 (100–100) GFLOP/s; bfloat16 missing: the processor has no such products" in lines


def test_a_judged_line_needs_what_it_compares():
    seen = {
        (LADDER.name, OURS): {"whole": 10.0, "share": 0.8, "share_with_judging": 0.9},
        (LADDER.name, "keras_jax"): {"whole": 50.0},
        (LADDER.name, "torch_eager"): {"whole": 25.0},
    }
    ratios = {each["line"]: each["ratios"] for each in judged([seen, seen])}
    assert ratios["ladder, batch 128: share of the float32 peak"] == [0.8, 0.8]
    assert ratios["ladder, batch 128: the same, with judging's products"] == [0.9, 0.9]
    assert ratios["ladder, batch 128: of Keras/JAX's"] == [0.2, 0.2]
    assert ratios["ladder, batch 128: of the fastest one at a time"] == [0.4, 0.4]
    assert ratios["ladder, batch 128: of Keras/TensorFlow's"] == []  # missing


def test_a_judgement_says_whether_it_holds():
    spread = {"median": 0.4, "min": 0.3, "max": 0.5}
    line = {"line": "a ratio", "due": 1 / 3, "ratios": spread}
    assert table.judgement(line | {"at_most": True}).split()[-5:] == ["at", "most", "0.333", "NOT", "YET"]
    assert table.judgement(line | {"at_most": False}).split()[-4:] == ["at", "least", "0.333", "holds"]


def test_equal_learning_is_less_than_two_standard_errors():
    mine, theirs = [0.80, 0.82, 0.84], [0.81, 0.83, 0.85]
    assert learning.compared(mine, theirs)["errors"] == pytest.approx(-0.01 / (2 * 0.02**2 / 3) ** 0.5)
    assert learning.compared(mine, theirs)["equal"]
    assert not learning.compared(mine, [0.90, 0.92, 0.94])["equal"]


def test_a_study_is_the_command_that_a_person_would_type(tmp_path):
    job = Job("sample", "", (0, 8), 5, 1, 128, 10)
    typed = " ".join(why128_study.command(job, tmp_path / "s")[1:])
    assert typed.startswith("-m why128 study sample --out ")
    assert typed.endswith("--widths 0,8 --replicates 5 --epochs 10 --batch-size 128 --seed 1 --precision float32")
    assert why128_study.REPLICATES.match("5 of 5 replicates done · telling").groups() == ("5", "5")


def test_initial_weights_are_glorot_s():
    first, second = initial(100, seed=3)
    assert (first.shape, second.shape, first.dtype) == ((784, 100), (100, 10), np.float32)
    assert first.std() == pytest.approx((2 / 884) ** 0.5, rel=0.02)
    assert [k.shape for k in initial(0, seed=3)] == [(784, 10)]


def images(folder):
    """200 images of two classes that differ in their first half, as bench.py puts them aside."""
    draws = np.random.default_rng(0)
    labels = np.arange(200) % 2
    pixels = draws.integers(0, 100, (200, 784), np.uint8)
    pixels[labels == 1, :392] += 100
    file = folder / "images.npz"
    np.savez(file, images=pixels, labels=labels, held_out_images=pixels[:50], held_out_labels=labels[:50])
    return file


def test_images_come_between_0_and_1(tmp_path):
    read = Images.of(str(images(tmp_path)))
    assert (read.learned.shape, read.held_out.shape, read.learned.dtype) == ((200, 784), (50, 784), np.float32)
    assert read.learned.max() <= 1
    assert read.labels.dtype == read.held_out_labels.dtype == np.int64


@pytest.fixture
def no_peers(monkeypatch, tmp_path):
    """As where `make bench-peers` was never run."""
    monkeypatch.setattr(bench, "THEIRS", tmp_path / "none")


@pytest.mark.usefixtures("no_peers")
def test_a_peer_answers_with_one_document(tmp_path):
    """scikit-learn: the tests' own environment has it."""
    job = {"data": "", "images": str(images(tmp_path)), "widths": [0, 4], "replicates": 2, "seed": 0, "batch": 32}
    told = bench.ask("scikit_learn", job | {"epochs": 2})
    assert [(g["widths"], len(g["epochs"]), len(g["accuracies"])) for g in told["groups"]] == [
        ([w], 2, 1) for w in (0, 0, 4, 4)
    ]
    assert told["seconds"] > sum(sum(g["epochs"]) for g in told["groups"])
    assert told["memory"] > 10**7


@pytest.mark.usefixtures("no_peers")
def test_a_peer_that_ends_otherwise_is_said_to_have_failed(tmp_path):
    assert "unexpected keyword argument" in bench.ask("scikit_learn", {"data": "", "colour": "red"})["failed"]


@pytest.mark.slow
def test_a_study_is_timed_to_its_last_evaluation(tmp_path):
    """The command's own words say when; the bench must notice if they change."""
    job = Job("sample", "", (0, 4), 2, 0, 128, 2)
    found = why128_study.conducted(job, tmp_path / "study") | why128_study.results(job, tmp_path / "study")
    assert 0 < found["seconds"] <= found["finished"]
    assert found["memory"] > 10**8
    assert sorted((epoch, width) for epoch, width, _ in found["curves"]) == sorted([(1, 0), (1, 4), (2, 0), (2, 4)] * 2)


def test_what_is_not_installed_is_said_to_be_missing(tmp_path):
    job = {"data": "", "images": str(images(tmp_path)), "widths": [4], "replicates": 1, "seed": 0, "batch": 32}
    code = "import sys; sys.modules['torch'] = None; import runpy; runpy.run_module('benchmarks.peers.torch_bmm', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(job | {"epochs": 1}),
        capture_output=True,
        text=True,
        cwd=bench.ROOT,
    )
    assert json.loads(done.stdout) == {"missing": "torch"}

"""Checkpoints: sound ones are found again, all others are as good as none."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from why128.studies import checkpoint
from why128.studies.checkpoint import DIGEST, Checkpoint

KEPT = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "epoch": np.array(3), "nan": np.array([np.nan, 1.0])}


@pytest.fixture
def kept(tmp_path):
    found = Checkpoint(tmp_path, "x")
    found.write(KEPT)
    found.settle()
    return found


def test_what_goes_in_comes_out_to_the_bit(kept):
    found = kept.read()
    assert set(found) == set(KEPT)
    for name, array in KEPT.items():
        assert found[name].tobytes() == array.tobytes()
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)


@pytest.mark.parametrize("change", [
    lambda raw: b"",
    lambda raw: raw[:10],
    lambda raw: raw[:-1],
    lambda raw: raw[:60] + bytes([raw[60] ^ 1]) + raw[61:],
    lambda raw: bytes(DIGEST) + raw[DIGEST:],
    lambda raw: b"mine",
])  # fmt: skip
def test_a_damaged_one_is_as_good_as_none(kept, change):
    kept.path.write_bytes(change(kept.path.read_bytes()))
    assert kept.read() is None


def test_a_pipe_or_a_device_is_as_good_as_none(kept, tmp_path):
    kept.path.unlink()
    os.mkfifo(kept.path)
    assert kept.read() is None
    kept.path.unlink()
    kept.path.symlink_to("/dev/zero")
    assert kept.read() is None


def test_another_cohort_s_is_as_good_as_none(kept, tmp_path):
    (tmp_path / "y.npz").write_bytes(kept.path.read_bytes())
    assert Checkpoint(tmp_path, "y").read() is None


def test_none_where_there_is_none(tmp_path):
    assert Checkpoint(tmp_path, "y").read() is None
    nowhere = Checkpoint(None, "y")
    nowhere.write(KEPT)
    nowhere.settle()
    nowhere.remove()
    assert nowhere.read() is None
    assert not nowhere.due


def test_a_disk_that_refuses_costs_no_result(tmp_path):
    refused = Checkpoint(tmp_path / "missing", "x")
    refused.write(KEPT)
    refused.settle()
    assert refused.read() is None


def test_it_is_due_after_a_while_and_later_where_it_takes_much_work(tmp_path, monkeypatch):
    now, worked = [100.0], [0.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(checkpoint.time, "thread_time", lambda: worked[0])
    kept = Checkpoint(tmp_path, "x")
    assert not kept.due
    now[0] += checkpoint.EVERY
    assert kept.due
    monkeypatch.setattr(checkpoint.aside, "write", lambda *_: worked.__setitem__(0, 1.0))
    kept.write(KEPT)
    kept.settle()
    now[0] += 0.99 / checkpoint.SHARE
    assert not kept.due
    now[0] += 0.02 / checkpoint.SHARE
    assert kept.due


def test_training_does_not_wait_for_a_slow_disk(tmp_path, monkeypatch):
    asked, ready = [], threading.Event()

    def slow(path, raw):
        asked.append(raw)
        assert ready.wait(60)

    monkeypatch.setattr(checkpoint.aside, "write", slow)
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    array = np.zeros(3)
    kept = Checkpoint(tmp_path, "x")
    kept.write({"a": array})
    array[:] = 1.0  # the training has gone on
    assert not kept.due, "the disk has not taken the last one"
    ready.set()
    kept.settle()
    assert len(asked) == 1
    (tmp_path / "x.npz").write_bytes(asked[0])
    assert kept.read()["a"].tolist() == [0.0, 0.0, 0.0]


def test_two_threads_never_parse_at_once(tmp_path, monkeypatch):
    """CPython 3.11.7 cannot: a study that went on ended with a SystemError, once in some fifty times."""
    cohorts = [Checkpoint(tmp_path, f"cohort{i}") for i in range(4)]
    for each in cohorts:
        each.write(KEPT)
        each.settle()
    at_once, most, load = [], [], np.load

    def slow(*arguments, **how):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.01)
        at_once.pop()
        return load(*arguments, **how)

    monkeypatch.setattr(checkpoint.np, "load", slow)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(Checkpoint.read, cohorts))
    assert max(most) == 1


def test_it_is_removed(kept):
    kept.remove()
    kept.remove()
    assert kept.read() is None

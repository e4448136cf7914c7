"""Several devices, as four simulated ones in processes of their own: JAX knows how many there are when it starts."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.cli.conftest import pictures
from tests.engine.test_laws import SAME_OVER_100_STEPS
from why128.formats import keras_file
from why128.studies import store

FOUR = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}


def said(*command, within=None, **environment):
    """What a process writes."""
    done = subprocess.run(
        [sys.executable, *command], cwd=within, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ON_FOUR = """
import json
from tests.engine.test_groups import *
group = Group(tuple(run(r) for r in range(5)), 2, 4)
data = data_for(group)
begun = together(group, beginnings(group))
*_, last = advance(COHORT, data, group, begun)
found = assess(COHORT, data, np.arange(100), last.state.parameters, group)
places = lambda array: sorted([shard.device.id, list(shard.data.shape)] for shard in array.addressable_shards)
program, = programs(COHORT, group.over).learn._compiled.values()
print(json.dumps({
    "images": places(data.all.images),
    "kernel": places(last.state.parameters.kernel),
    "moments": places(last.state.moments.second.rest),
    "hits": found.hits.shape,
    "speaks": [word for word in ("all-reduce", "all-gather", "all-to-all", "collective") if word in program.as_text()],
    "bits": [digest(OWN.unpack(each.state.parameters)) for each in apart(group, last)],
    "on_one": [digest(each) for pair in ((0, 1), (2, 3), (4,)) for each in trained(pair, 2)],
}))
"""


def test_replicates_lie_on_all_devices_and_come_to_what_one_device_gives():
    found = json.loads(said("-c", ON_FOUR, **FOUR))
    assert found["images"] == [[device, [320, 64]] for device in range(4)], "whole on each"
    assert found["kernel"] == [[device, [2, 4 + 1 + 3 + 16, 64]] for device in range(4)], "two replicates on each"
    assert [device for device, _ in found["moments"]] == [0, 1, 2, 3]
    assert found["hits"] == [8, 4, 100], "three lanes nobody needs"
    assert found["speaks"] == [], "no device waits for another"
    assert found["bits"] == found["on_one"]
    assert len(set(found["bits"])) == 5


@pytest.fixture
def pets(tmp_path):
    pixels, labels = pictures()
    np.savez(tmp_path / "pets.npz", images=pixels, labels=labels)
    return tmp_path


def test_a_study_on_four_devices_is_the_study_on_one(pets):
    asked = ("-m", "why128", "study", "pets.npz", "--widths", "0,8", "--replicates", "5", "--epochs", "3",
             "--batch-size", "32", "--json", "--out")  # fmt: skip
    on_four = json.loads(said(*asked, "four", within=pets, **FOUR))
    on_one = json.loads(said(*asked, "one", within=pets))
    assert on_four["verdict"] == on_one["verdict"]
    trials = {name: store.read(pets / name)[1] for name in ("four", "one")}
    seconds = {name: {t.seconds for t in rows if t.candidate == "8" and not t.twin} for name, rows in trials.items()}
    assert (len(seconds["four"]), len(seconds["one"])) == (1, 5), "mapped, they share their seconds"
    for a, b in zip(*(sorted(rows, key=lambda t: t.network) for rows in trials.values()), strict=True):
        assert (a.network, a.twin) == (b.network, b.twin)
        assert a.val_accuracy == b.val_accuracy
        if a.network:
            pair = (keras_file.load(pets / name / a.network).weights for name in trials)
            assert max(float(np.abs(x - y).max()) for x, y in zip(*pair, strict=True)) < SAME_OVER_100_STEPS
    assert not list((pets / "four").glob("checkpoints/*"))

"""Memory is planned before it is taken."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studies.conftest import DATA, PLAN
from why128.data import spool
from why128.division import divide
from why128.engine.cohort import ASSESSED_AT_ONCE
from why128.engine.data import WINDOW
from why128.errors import SurroundingsError
from why128.studies import asked, conduct, memory
from why128.studies.plan import Plan, candidates

WIDE = Plan(candidates("0,64,1024x512,20000x9000")).on(DATA)
DIVISION = divide(DATA, WIDE.recipe.held_out, WIDE.recipe.seed)


def affordable(monkeypatch, free, workers=2, plan=WIDE):
    monkeypatch.setattr(memory, "available", lambda: free)
    return memory.affordable(plan, DATA, DIVISION, workers)


def test_where_there_is_enough_all_workers_train(monkeypatch):
    assert affordable(monkeypatch, 10**12) == 2
    assert affordable(monkeypatch, None) == 2, "a system that does not say"
    assert affordable(monkeypatch, 10**12, workers=7) == 7


def test_where_there_is_less_fewer_do(monkeypatch):
    due = memory.needed(WIDE, DATA, DIVISION, WIDE.entries, 1)
    assert affordable(monkeypatch, int(due / memory.SPARE) + 1) == 1


def test_processes_of_their_own_take_more(monkeypatch):
    together = memory.needed(WIDE, DATA, DIVISION, WIDE.entries, 2)
    monkeypatch.setattr(memory, "available", lambda: int(together / memory.SPARE) + 1)
    assert memory.affordable(WIDE, DATA, DIVISION, 2) == 2
    assert memory.affordable(WIDE, DATA, DIVISION, 2, apart=True) == 1


def test_a_ladder_that_will_not_fit_says_so_with_the_one_that_would(monkeypatch):
    with pytest.raises(SurroundingsError) as caught:
        affordable(monkeypatch, 2 * 10**9)
    assert str(caught.value) == "memory: this ladder takes about 15.3 GB to train, 1.8 GB are free; nothing was begun"
    assert caught.value.hint == "the ladder up to 1024x512 neurons would fit: --widths 0,64,1024x512"


def test_a_width_with_several_activations_is_one_width(monkeypatch):
    several = Plan(asked.ladder("0,64,20000x9000", (), ("relu", "tanh"))).on(DATA)
    with pytest.raises(SurroundingsError) as caught:
        affordable(monkeypatch, 2 * 10**9, plan=several)
    assert caught.value.hint == "the ladder up to 64 neurons would fit: --widths 0,64"


def test_where_nothing_fits(monkeypatch):
    with pytest.raises(SurroundingsError) as caught:
        affordable(monkeypatch, 10**8)
    assert caught.value.hint == "use fewer or smaller images, such as with --size, or a machine with more memory"


def test_it_is_asked_before_anything_is_begun(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "available", lambda: 10**8)
    with pytest.raises(SurroundingsError, match="nothing was begun"):
        conduct.study(PLAN, DATA, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_images_count_as_often_as_they_are_held(monkeypatch):
    plan, count = Plan(candidates("0")).on(DATA), DATA.train.pixels.nbytes
    near = replace(DATA, train=DATA.train.take(np.arange(len(DATA.train))), test=DATA.test.take(np.arange(9)))
    monkeypatch.setattr(spool, "MOST", 100)
    far = replace(near, train=near.train.take(np.arange(len(near.train))))
    here, on_disk = (memory.needed(plan, each, DIVISION, plan.entries, 1) for each in (near, far))
    assert here - on_disk == count
    apart = [memory.needed(plan, each, DIVISION, plan.entries, 1, apart=True) for each in (near, far)]
    assert apart == [on_disk + 2 * count] * 2, "each process of a cluster has them sent"
    assert (memory.on_disk(near), memory.on_disk(far)) == (0, count)


def test_this_machine_says_what_it_has():
    assert memory.available() > 10**8


def test_a_container_s_limit_counts_no_pages_that_it_gives_back(tmp_path, monkeypatch):
    """What was read from disk, or spooled there, stays in memory while there is room."""
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    for name, text in {
        "memory.max": "4000000", "memory.current": "3900000",
        "memory.stat": "anon 900000\nfile 3000000\ninactive_file 2000000\nactive_file 1000000\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    assert memory.available() == 4_000_000 - (3_900_000 - 3_000_000)
    (tmp_path / "memory.max").write_text("max")
    assert memory.available() > 10**8


def test_what_the_engine_does_at_a_time_is_what_is_planned_for():
    """memory.py must not import the engine, and so says its numbers again."""
    assert memory.ASSESSED == ASSESSED_AT_ONCE
    assert memory.LAID_OUT == 2 * WINDOW

"""A crew: its process may be killed, stopped or fail, and every cohort still ends as a result or is given up by name."""

import os
import signal
import sys
import threading
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection

import numpy as np
import pytest

from tests.data import making
from tests.studies.conftest import DATA, PLAN
from tests.studies.test_hiring import LONG, LUCKS, NOTICED, bench, same
from why128.data import spool
from why128.data.source import open_data
from why128.data.spool import descriptor
from why128.studies import crew as crews
from why128.studies import run
from why128.studies.bench import Pictures, Task
from why128.studies.crew import ATTEMPTS, GRACE, Crew, _ending
from why128.studies.events import EpochDone, Lost, Luck, Replicate


@pytest.fixture
def crew(tmp_path):
    with Crew(Pictures.of(DATA), tmp_path, 2) as crew:
        yield crew


def test_a_group_on_several_devices_goes_on_after_its_process_was_killed(tmp_path, monkeypatch):
    """Part of it as a group, the rest one at a time; on two simulated devices, of which only the crew's process knows."""
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")

    def trained(folder, killing):
        folder.mkdir()
        found = {}
        with Crew(Pictures.of(DATA), folder, 1) as crew:
            for event in crew.run(bench(), LUCKS):
                if isinstance(event, EpochDone) and killing:
                    os.kill(crew._child.process.pid, signal.SIGKILL)
                    killing = False
                if isinstance(event, Replicate):
                    found[event.luck] = event
        return found

    due, found = trained(tmp_path / "calm", False), trained(tmp_path / "killed", True)
    assert len({tuple(done.seconds) for done in due.values()}) == 1, "mapped, they share their seconds"
    assert set(found) == set(due) == set(LUCKS)
    assert all(same(found[luck], due[luck]) for luck in LUCKS)


def test_ctrl_c_in_the_middle_of_a_message_does_not_wait_for_its_end(crew, monkeypatch):
    """What is left of the message cannot be told from another; read as one, it may promise gigabytes that never come."""
    read = Connection._recv

    def cut(self, size):
        if size < 99:  # a header
            return read(self, size)
        monkeypatch.undo()
        read(self, 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(Connection, "_recv", cut)
    process = crew._child.process
    with pytest.raises(KeyboardInterrupt):
        list(crew.run(bench(LONG), LUCKS[:1]))
    assert process.poll() == -signal.SIGKILL


def test_how_it_ended_is_told_also_where_its_end_takes_a_while(tmp_path, monkeypatch):
    """It closes the connection first, as Python does that tidies up."""
    dying = tmp_path / "dying"
    dying.write_text(
        f"#!{sys.executable}\nimport os, sys, time\nos.close(int(sys.argv[4]))\ntime.sleep(0.2)\nos._exit(7)\n"
    )
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with Crew(Pictures.of(DATA), tmp_path, 1) as crew:
        assert list(crew.run(bench(), LUCKS[:1])) == [Lost(LUCKS[0], "ended with status 7", ATTEMPTS)]


def test_it_leaves_no_process_behind(tmp_path):
    with Crew(Pictures.of(DATA), tmp_path, 1) as crew:
        process = crew._child.process
        assert process.poll() is None
    assert process.poll() is not None


def test_its_process_ends_when_nobody_listens_any_more(tmp_path):
    """As where this process is killed: what it trains is stopped, and it goes."""
    crew = Crew(Pictures.of(DATA), tmp_path, 1)
    process = crew._child.process
    with closing(crew.run(bench(LONG), LUCKS[:1])) as events:
        next(events)
        crew._child.connection.close()
        process.wait(GRACE + NOTICED)


def test_too_little_memory_is_no_fault_of_ours(crew, monkeypatch):
    """A process that says so is another that ended: its cohorts are tried again, then given up."""
    from why128.studies import crew as crews

    told = crews.Crew._heard

    def poor(self, task):
        raise crews._Ended("not enough memory (MemoryError: )")
        yield from told(self, task)

    monkeypatch.setattr(crews.Crew, "_heard", poor)
    assert list(crew.run(bench(), LUCKS[:1])) == [Lost(LUCKS[0], "not enough memory (MemoryError: )", ATTEMPTS)]


def test_how_a_process_ended_in_words():
    assert _ending(1) == "ended with status 1"
    assert _ending(-9) == "killed by signal 9 (SIGKILL)"
    assert _ending(-99) == "killed by signal 99"


def test_threads_stop_when_they_are_told_to():
    """A task that is stopped from outside ends without results, and without a thread left."""
    before, stop = threading.active_count(), threading.Event()
    events = run.trials(Task(0, bench(LONG), tuple(LUCKS), 2, None), Pictures.of(DATA), stop)
    next(events)
    stop.set()
    assert not any(isinstance(event, Replicate) for event in events)
    assert threading.active_count() == before


def test_an_address_is_of_everything_that_decides_the_bits():
    own = bench().address(Luck.of(0))
    others = [
        bench().address(Luck.of(1)),
        bench().address(replace(Luck.of(0), order=1)),
        bench(replace(PLAN, recipe=replace(PLAN.recipe, epochs=3))).address(Luck.of(0)),
        bench(replace(PLAN, recipe=replace(PLAN.recipe, seed=4))).address(Luck.of(0)),
        bench(replace(PLAN, resample=True)).address(Luck.of(0)),
        bench(replace(PLAN, candidates=PLAN.candidates[:2])).address(Luck.of(0)),
        replace(bench(), learned=bench().learned[1:]).address(Luck.of(0)),
        replace(bench(), data="other").address(Luck.of(0)),
    ]
    assert len({own, *others}) == len(others) + 1
    assert bench(replace(PLAN, tolerance=0.1)).address(Luck.of(0)) == own, "what is asked of them does not change them"


def test_pictures_arrive_as_they_are():
    from why128.studies.crew import _shared
    from why128.studies.worker import _pictures

    for pixels in (DATA.train.pixels.reshape(240, -1), DATA.train.pixels.reshape(240, -1) / np.float32(255)):
        given = _shared(Pictures(pixels, DATA.train.labels))
        found = _pictures(*map(descriptor, given))
        assert (found.pixels == pixels).all()
        assert found.pixels.dtype == pixels.dtype
        assert (found.labels == DATA.train.labels).all()
        assert not found.pixels.flags.writeable


def test_pictures_that_were_read_from_a_file_are_passed_on_and_not_copied(tmp_path, monkeypatch):
    from why128.studies.crew import _shared
    from why128.studies.worker import _pictures

    for most in (spool.MOST, 1000):  # in memory, and on disk
        monkeypatch.setattr(spool, "MOST", most)
        data = open_data(making.sound_idx(tmp_path / str(most)))
        pixels, _ = _shared(Pictures.of(data))
        assert np.shares_memory(pixels, data.train.pixels)
        found = _pictures(*map(descriptor, _shared(Pictures.of(data))))
        data.train.pixels[0, 0, 0] = 77
        assert found.pixels[0, 0] == 77, "it is the same memory"
        part = replace(data, train=data.train.take(slice(1, None)))
        assert not np.shares_memory(_shared(Pictures.of(part))[0], data.train.pixels), "a part is another array"


def test_a_process_that_was_started_ahead_is_the_next_crew_s(tmp_path):
    with crews.started_ahead():
        (ahead,) = crews._ahead
        with Crew(Pictures.of(DATA), tmp_path, 1) as crew:
            assert crew._child is ahead
            assert crews._ahead == []
            assert sum(isinstance(event, Replicate) for event in crew.run(bench(), LUCKS[:1])) == 1
        assert ahead.process.poll() is not None


def test_one_that_nobody_takes_ends():
    with crews.started_ahead():
        (ahead,) = crews._ahead
        assert ahead.process.poll() is None
    assert ahead.process.poll() is not None
    assert crews._ahead == []


def test_one_that_died_before_it_was_taken_is_another_s_turn(tmp_path):
    with crews.started_ahead():
        (ahead,) = crews._ahead
        ahead.process.kill()
        ahead.process.wait()
        with Crew(Pictures.of(DATA), tmp_path, 1) as crew:
            assert crew._child is not ahead
            assert sum(isinstance(event, Replicate) for event in crew.run(bench(), LUCKS[:1])) == 1


def test_where_no_process_can_be_told_the_images_its_replicates_are_lost(tmp_path, monkeypatch):
    """As where they die while they train: three times tried, then told."""
    monkeypatch.setattr(crews.reduction, "send_handle", lambda *_: (_ for _ in ()).throw(BrokenPipeError))
    with Crew(Pictures.of(DATA), tmp_path, 1) as crew:
        (lost,) = crew.run(bench(), LUCKS[:1])
    assert isinstance(lost, Lost)
    assert lost.attempts == ATTEMPTS

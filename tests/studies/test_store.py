"""The store: what goes in comes out, all of it or none, and nothing of a person's is overwritten."""

import dataclasses
import os
import sqlite3
import subprocess
import sys
import threading

import pytest

from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.formats import aside
from why128.studies import store
from why128.studies.store import EpochRow, Store, Trial

TRIAL = Trial("4", 0, 0, "", 275, 0.9, 0.7, 1.0, 0.6, None, b"\x80\x00", "networks/4-replicate0.keras", 0.5)
EPOCH = EpochRow("4", 0, 0, 0, 1.0, 0.5, 1.1, 0.4)
KEPT = ["lock", "networks", "study.db"]  # of a study that has ended
NOTES = {"plan": {"widths": [0, 4], "seed": 0}, "data": {"name": "häuser"}}


def test_what_goes_in_comes_out(tmp_path):
    second = dataclasses.replace(TRIAL, candidate="0", parameters=195)
    with Store(tmp_path / "s") as kept:
        kept.note(**NOTES)
        kept.add([TRIAL, second], [EPOCH, dataclasses.replace(EPOCH, epoch=1)])
    notes, trials, epochs = store.read(tmp_path / "s")
    assert notes == NOTES
    assert trials == [second, TRIAL], "by replicate, then by size"
    assert epochs == [EPOCH, dataclasses.replace(EPOCH, epoch=1)]
    assert (tmp_path / "s" / "networks").is_dir()


def test_settings_and_twins_are_trials_of_their_own(tmp_path):
    """One candidate in one replicate: under another setting, and with another's luck."""
    others = [dataclasses.replace(TRIAL, setting=1, tuning=0.25), dataclasses.replace(TRIAL, twin="order", network="")]
    with Store(tmp_path) as kept:
        kept.add([TRIAL, *others], [EPOCH, dataclasses.replace(EPOCH, setting=1)])
    _, trials, epochs = store.read(tmp_path)
    assert {(t.setting, t.twin) for t in trials} == {(0, ""), (0, "order"), (1, "")}
    assert set(trials) == {TRIAL, *others}
    assert len(epochs) == 2


def test_it_can_be_read_while_it_is_written(tmp_path):
    with Store(tmp_path) as kept:
        kept.add([TRIAL], [])
        assert store.read(tmp_path)[1] == [TRIAL]
        kept.add([dataclasses.replace(TRIAL, replicate=1)], [])
        assert len(store.read(tmp_path)[1]) == 2


def test_a_note_can_be_renewed(tmp_path):
    with Store(tmp_path) as kept:
        kept.note(verdict=None)
        kept.note(verdict=4)
    assert store.read(tmp_path)[0] == {"verdict": 4}


def test_all_or_none(tmp_path):
    """The second trial of a transaction is there already: neither it nor the first may be kept, and the next one is."""
    other = dataclasses.replace(TRIAL, candidate="8")
    with Store(tmp_path) as kept:
        kept.add([TRIAL], [EPOCH])
        with pytest.raises(sqlite3.IntegrityError):
            kept.add([other, TRIAL], [])
        with pytest.raises(sqlite3.IntegrityError):
            kept.add([other], [EPOCH])
        assert store.read(tmp_path)[1:] == ([TRIAL], [EPOCH])
        kept.add([other], [])
    assert len(store.read(tmp_path)[1]) == 2


def test_a_loss_that_is_not_a_number_is_kept_as_unknown(tmp_path):
    with Store(tmp_path) as kept:
        kept.add(
            [dataclasses.replace(TRIAL, loss=float("nan"), val_loss=float("inf"))],
            [dataclasses.replace(EPOCH, loss=float("nan"))],
        )
    _, (trial,), (epoch,) = store.read(tmp_path)
    assert (trial.loss, trial.val_loss, epoch.loss) == (None, float("inf"), None)


def test_the_file_says_whose_it_is_and_writes_ahead(tmp_path):
    with Store(tmp_path):
        database = sqlite3.connect(tmp_path / "study.db")
        found = [
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode")
        ]
        database.close()
    assert found == [store.APPLICATION, store.VERSION, "wal"]


def test_a_finished_study_is_one_file_that_opens_where_nothing_may_be_written(tmp_path):
    with Store(tmp_path / "s") as kept:
        kept.add([TRIAL], [EPOCH])
        assert (tmp_path / "s" / "study.db-wal").exists()
        kept.tidy()
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == KEPT
    assert store.read(tmp_path / "s")[1] == [TRIAL]
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == KEPT, "reading leaves nothing"


def test_closing_while_somebody_reads_loses_nothing(tmp_path):
    kept = Store(tmp_path)
    kept._database.execute("PRAGMA busy_timeout=50")
    kept.add([TRIAL], [])
    reader = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT COUNT(*) FROM trials").fetchone() == (1,)
    kept.__exit__()
    reader.close()
    assert store.read(tmp_path)[1] == [TRIAL]


@pytest.mark.parametrize("name", ["mine.txt", ".hidden", "lock", "networks/mine.keras", "checkpoints/mine.npz"])
def test_a_folder_that_holds_something_is_refused_and_left(tmp_path, name):
    """Also where it is named as what a study writes there, and in the end removes."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError) as caught:
        Store(tmp_path)
    assert str(caught.value) == f"{tmp_path}: expected a new or an empty folder, found something there"
    assert caught.value.hint == "give another folder with --out"
    assert [p.name for p in tmp_path.iterdir()] == [name.partition("/")[0]]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["lock", "networks", "checkpoints"])
def test_what_leads_elsewhere_is_refused(tmp_path, name):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / name).symlink_to(tmp_path / "mine")
    (tmp_path / "mine").write_text("1") if name == "lock" else (tmp_path / "mine").mkdir()
    with pytest.raises(UsageError, match="expected a new or an empty folder, found something there"):
        Store(tmp_path / "s")
    assert not (tmp_path / "mine").is_file() or (tmp_path / "mine").read_text() == "1"


@pytest.mark.parametrize(
    "name", ["lock", "study.db", "enough.keras", "networks", "networks/8-replicate0.keras", "checkpoints/x.npz"]
)
def test_a_link_in_a_study_is_refused_and_what_it_leads_to_is_left(tmp_path, name):
    with Store(tmp_path / "s") as kept:
        kept.add([TRIAL], [])
    elsewhere, place = tmp_path / "mine", tmp_path / "s" / name
    if place.exists():
        place.rename(elsewhere)
    else:
        elsewhere.write_text("mine")
    before = elsewhere.read_bytes() if elsewhere.is_file() else b""
    place.symlink_to(elsewhere)
    with pytest.raises(InputRefused) as caught:
        Store(tmp_path / "s")
    assert str(caught.value) == f"{place}: expected a study's own file, found a link; nothing was changed"
    assert caught.value.hint == "put in its place what it leads to, if that is the study's"
    assert (elsewhere.read_bytes() if elsewhere.is_file() else b"") == before
    assert len(store.read(tmp_path / "s")[1]) == 1, "it can still be read"


def test_a_pipe_for_a_lock_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "lock")
    assert not store.is_written(tmp_path)


def test_how_it_is_gone_on_with_can_be_typed():
    assert store.going_on("why128-studies/pets-1") == "why128 study --resume why128-studies/pets-1"
    assert store.going_on("my study") == "why128 study --resume 'my study'"
    assert store.going_on("x" * 300, "DATA") == "why128 study DATA --resume " + "x" * 300


def test_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "s").write_text("mine")
    with pytest.raises(UsageError, match="expected a new or an empty folder, found something there"):
        Store(tmp_path / "s")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SurroundingsError) as caught:
        Store(tmp_path / "file" / "s")
    assert str(caught.value).startswith(f"{tmp_path}/file/s: cannot write a study here (")
    assert caught.value.hint == "give another folder with --out"


def test_a_locked_data_base_is_the_surroundings_fault(tmp_path):
    with Store(tmp_path) as kept:
        kept._database.execute("PRAGMA busy_timeout=50")
        other = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            SurroundingsError,
            match=r"cannot write the study's results \(database is locked\); what was written before is safe$",
        ) as caught:
            kept.add([TRIAL], [])
        assert caught.value.hint == "free some space"
        other.execute("ROLLBACK")
        other.close()
        kept.add([TRIAL], [])


def test_an_empty_folder_and_a_deep_one_will_do(tmp_path):
    Store(tmp_path / "a" / "b").__exit__()
    (tmp_path / "empty").mkdir()
    Store(tmp_path / "empty").__exit__()


@pytest.mark.parametrize("name", ["a b", "ünï", "50%41", "what?#"])
def test_a_folder_of_any_name_can_be_read(tmp_path, name):
    with Store(tmp_path / name) as kept:
        kept.add([TRIAL], [])
    assert store.read(tmp_path / name)[1] == [TRIAL]


# ---------------------------------------------------------------- what is no study

NEXT = "give the folder that why128 study named at its end"


def refused(folder):
    with pytest.raises(InputRefused) as caught:
        store.read(folder)
    assert caught.value.hint == NEXT
    said = str(caught.value)
    assert said.startswith(f"{folder}: not a study, or a damaged one (")
    assert said.endswith("; expected a folder with study.db")
    return said


def test_a_folder_without_a_study(tmp_path):
    assert "it has no study.db" in refused(tmp_path)
    assert "it has no study.db" in refused(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == [], "reading makes nothing"


def test_a_file_that_is_no_data_base(tmp_path):
    (tmp_path / "study.db").write_text("mine " * 100)
    assert "study.db is not a data base" in refused(tmp_path)


def untouched(folder, said, hint):
    """The folder is refused in these words, by who reads and by who would write, and not a byte of it is changed."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for door in (store.read, Store):
        with pytest.raises(InputRefused) as caught:
            door(folder)
        assert str(caught.value) == f"{folder}: {said}"
        assert caught.value.hint == hint
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert all(path.is_file() for path in folder.iterdir() if path.name != "networks")


def changed(folder, *statements):
    """A study in which somebody executed this."""
    with Store(folder) as kept:
        kept.add([TRIAL], [EPOCH])
        kept.tidy()
    (folder / "lock").unlink()
    database = sqlite3.connect(folder / "study.db")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_another_s_data_base(tmp_path, mode):
    """One that writes ahead too: merely to open it would put files beside it."""
    database = sqlite3.connect(tmp_path / "study.db")
    database.execute(f"PRAGMA journal_mode={mode}")
    database.execute("CREATE TABLE mine (x)")
    database.close()
    said = "not a study: study.db is another program's; expected one that why128 study wrote"
    untouched(tmp_path, said, NEXT)


@pytest.mark.parametrize(("version", "age"), [(9999, "a newer"), (2, "an older")])
def test_a_study_of_another_version(tmp_path, version, age):
    changed(tmp_path, f"PRAGMA user_version={version}")
    said = f"a study of {age} why128 (version {version} of its files); expected version {store.VERSION}"
    untouched(tmp_path, said, "open it with the why128 that wrote it")


@pytest.mark.parametrize("statement", [
    "CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM trials; END",
    "CREATE VIEW more AS SELECT load_extension('./mine')",
    "CREATE TABLE mine (x)",
    "ALTER TABLE trials ADD COLUMN mine",
])  # fmt: skip
def test_tables_that_are_not_a_study_s(tmp_path, statement):
    changed(tmp_path, statement)
    untouched(tmp_path, "a damaged study: expected the tables of a study, found others", None)


@pytest.mark.parametrize("at", [4096, 8192, 12288])
def test_a_data_base_with_bytes_overwritten(tmp_path, at):
    changed(tmp_path)
    raw = bytearray((tmp_path / "study.db").read_bytes())
    raw[at : at + 200] = b"\xff" * 200
    (tmp_path / "study.db").write_bytes(raw)
    with pytest.raises(InputRefused, match=r"a damaged (study|one)"):
        store.read(tmp_path)
    assert (tmp_path / "study.db").read_bytes() == raw


def test_a_check_that_fails_is_told(tmp_path, monkeypatch):
    changed(tmp_path)

    class Unsound:
        def execute(self, statement):
            return self if statement == "PRAGMA quick_check(1)" else store._layout()

        def fetchone(self):
            return ("row 3 missing",)

    with pytest.raises(InputRefused) as caught:
        store._check_database("s", Unsound())
    assert str(caught.value) == "s: a damaged study (row 3 missing); expected a sound data base"


def test_a_trial_without_its_time(tmp_path):
    changed(tmp_path, "DELETE FROM times")
    assert "a trial without its time" in refused(tmp_path)


# ---------------------------------------------------------------- one writer, and going on


def test_two_never_write_into_one_folder(tmp_path):
    with Store(tmp_path) as kept:
        kept.add([TRIAL], [EPOCH])
        assert store.is_written(tmp_path)
        with pytest.raises(SurroundingsError) as caught:
            Store(tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}: another process ({os.getpid()}) is writing this study; two never write into one folder"
        )
        assert caught.value.hint == "wait until it has ended, or give another folder with --out"
    assert not store.is_written(tmp_path)


def test_a_study_is_gone_on_with(tmp_path):
    with Store(tmp_path, NOTES) as kept:
        kept.add([TRIAL], [EPOCH])
    with Store(tmp_path, {"plan": "another"}) as kept:
        kept.add([dataclasses.replace(TRIAL, replicate=1)], [])
    notes, trials, _ = store.read(tmp_path)
    assert notes == NOTES, "its first notes stay"
    assert [trial.replicate for trial in trials] == [0, 1]


def test_what_a_power_cut_leaves_of_a_beginning_is_begun_anew(tmp_path):
    """The folders, the lock and a data base that is half written: nothing was earned."""
    (tmp_path / "networks").mkdir()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "lock").write_text("1")
    (tmp_path / aside.PART.replace("*", "12ab")).write_bytes(b"SQLite")
    assert not store.is_begun(tmp_path)
    with Store(tmp_path, NOTES):
        pass
    assert store.read(tmp_path)[0] == NOTES


def test_a_kill_while_the_data_base_changes_its_way_of_writing(tmp_path):
    """A journal is left whose undoing is due: whoever looks next undoes it, and finds all that was there."""
    with Store(tmp_path, NOTES) as kept:
        kept.add([TRIAL], [EPOCH])
    killed = f"""
import os, sqlite3
database = sqlite3.connect({str(tmp_path / "study.db")!r}, isolation_level=None)
database.executescript("PRAGMA cache_size=1; PRAGMA cache_spill=1; BEGIN; UPDATE study SET value = zeroblob(99999)")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", killed], check=True)
    assert (tmp_path / "study.db-journal").exists()
    assert store.read(tmp_path) == (NOTES, [TRIAL], [EPOCH])


def test_what_was_half_written_is_tidied_and_nothing_else(tmp_path):
    with Store(tmp_path) as kept:
        for name in ("networks/{}", "checkpoints/{}", "{}"):
            (tmp_path / name.format(aside.PART.replace("*", "12ab"))).write_bytes(b"half")
        for name in ("networks/4.keras", "checkpoints/mine.pt", "checkpoints/ours.npz"):
            (tmp_path / name).write_bytes(b"whole")
        kept.tidy()
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == ["checkpoints/mine.pt", "lock", "networks/4.keras", "study.db"]


def test_a_note_that_is_no_json(tmp_path):
    with Store(tmp_path) as kept:
        kept._database.execute("INSERT INTO study VALUES ('plan', '{')")
    assert "Expecting property name" in refused(tmp_path)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("sample", "sample-1"),
        ("my pets.csv", "my-pets.csv-1"),
        ("../../x", "x-1"),
        ("..", "study-1"),
        ("", "study-1"),
        ("日本", "日本-1"),
        ("a" * 99, "a" * 60 + "-1"),
    ],
)
def test_a_new_folder_is_named_after_the_data(tmp_path, name, folder):
    assert store.new_folder(name, tmp_path) == tmp_path / folder
    assert not (tmp_path / folder).exists()


def test_a_new_folder_takes_the_first_free_number(tmp_path):
    (tmp_path / "sample-1").mkdir()
    (tmp_path / "sample-2").write_text("")
    assert store.new_folder("sample", tmp_path).name == "sample-3"


def test_several_readers_do_not_stop_the_writer(tmp_path):
    with Store(tmp_path) as kept:
        threads = [threading.Thread(target=lambda: [store.read(tmp_path) for _ in range(20)]) for _ in range(3)]
        for thread in threads:
            thread.start()
        for replicate in range(20):
            kept.add([dataclasses.replace(TRIAL, replicate=replicate)], [])
        for thread in threads:
            thread.join()
    assert len(store.read(tmp_path)[1]) == 20

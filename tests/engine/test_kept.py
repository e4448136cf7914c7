"""Compiled programs are kept for the next process, where nobody else can put any."""

import os
import subprocess
import sys
import time

import jax
import pytest

from why128.engine import kept


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "why128" / "programs"


@pytest.fixture
def told(monkeypatch):
    """What JAX is told, which it is not to believe for the rest of the tests."""
    found = {}
    monkeypatch.setattr(jax.config, "update", found.__setitem__)
    return found


def test_programs_are_kept_in_the_cache_folder(folder, told):
    kept.keep_programs()
    assert told["jax_compilation_cache_dir"] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_to_is_not_used(folder, told):
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    kept.keep_programs()
    assert not told


def test_a_folder_of_somebody_else_is_not_used(folder, told, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: folder.parent.parent.stat().st_uid + 1)
    kept.keep_programs()
    assert not told


def test_where_there_can_be_no_folder_nothing_is_kept(folder, told):
    folder.parent.write_bytes(b"a file where a folder would be")
    kept.keep_programs()
    assert not told


def test_what_was_not_used_for_a_month_is_thrown_away(folder, told):
    kept.keep_programs()
    old, new = folder / "old", folder / "new"
    for path in (old, new):
        path.write_bytes(b"x")
    month_ago = time.time() - kept.UNUSED - 60
    os.utime(old, (month_ago, month_ago))
    kept.keep_programs()
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_a_second_process_compiles_nothing_and_survives_a_damaged_entry(folder):
    asked = (
        "import jax; from why128.engine import keep_programs; keep_programs();"
        "import jax.numpy as jnp; print(float(jax.jit(lambda x: (x * 2.0).sum())(jnp.ones(3))))"
    )

    def run():
        done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
        return done.stdout.strip(), done.stderr

    assert run() == ("6.0", "")
    entries = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert entries
    assert run() == ("6.0", "")
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == entries
    for path in entries:
        path.write_bytes(path.read_bytes()[:10])
    assert run() == ("6.0", "")

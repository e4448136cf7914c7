"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os

import pytest

from why128.errors import SurroundingsError
from why128.formats import aside


def test_it_writes_and_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a"
    aside.write(path, b"old")
    aside.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_no_other(broken, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(SurroundingsError) as caught:
        aside.write(path, b"new")
    assert str(caught.value) == f"{path}: could not be written: No space left on device; nothing was changed"
    assert caught.value.hint == "free some space, or choose another disk"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_an_interruption_leaves_nothing_behind(tmp_path, monkeypatch):
    def stopped(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        aside.write(tmp_path / "a", b"new")
    assert os.listdir(tmp_path) == []


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(SurroundingsError, match="could not be written: Is a directory; nothing was changed") as caught:
        aside.write(tmp_path, b"new")
    assert caught.value.hint == "give the name of a file inside it"


def test_a_disk_that_is_read_only_is_called_so(tmp_path, monkeypatch):
    class ReadOnly:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SurroundingsError, match="could not be written: Permission denied; nothing was changed"):
        aside.check(tmp_path / "a")
    monkeypatch.setattr(os, "statvfs", lambda _: ReadOnly)
    with pytest.raises(SurroundingsError, match="could not be written: Read-only file system; nothing was changed"):
        aside.check(tmp_path / "a")


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to("target")
    aside.write(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_the_longest_name_is_written(tmp_path):
    aside.write(tmp_path / ("n" * 255), b"new")
    assert os.listdir(tmp_path) == ["n" * 255]
    with pytest.raises(SurroundingsError, match="File name too long"):
        aside.write(tmp_path / ("n" * 256), b"new")


def test_the_mode_is_that_of_any_new_file(tmp_path):
    aside.write(tmp_path / "a", b"")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode

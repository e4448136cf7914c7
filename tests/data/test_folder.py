"""Folders of pictures: layouts, one size and mode for all, and what is refused or left out by name."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data import making
from tests.data.making import X, Y
from why128.data.found import Reading
from why128.data.source import open_data
from why128.errors import InputRefused, SurroundingsError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sound folder of the classes 0, 1 and 2, four pictures each."""
    return making.picture_folder(tmp_path / "d")


def save(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def warned(root: Path, text: str, reading: Reading | None = None) -> None:
    data = open_data(root, reading or Reading())
    assert any(text in line for line in data.warnings), data.warnings


def refused(root: Path, message: str) -> InputRefused:
    with pytest.raises(InputRefused, match=message) as caught:
        open_data(root)
    assert str(caught.value).startswith(f"{root}: ")
    return caught.value


def test_classes_are_sorted_by_number_or_by_name(tmp_path: Path) -> None:
    for name in ("10", "9", "1"):
        making.picture_folder(tmp_path / "n", y=np.full(len(Y), int(name)))
    assert open_data(tmp_path / "n").classes == ("1", "9", "10")
    (tmp_path / "n" / "9").rename(tmp_path / "n" / "b")
    assert open_data(tmp_path / "n").classes == ("1", "10", "b")


def test_hidden_and_system_files_do_not_count(root: Path) -> None:
    for name in (
        ".DS_Store",
        "0/.DS_Store",
        "1/Thumbs.db",
        "1/desktop.ini",
        "2/._00.png",
        "__MACOSX/x",
        ".ipynb_checkpoints/00.png",
    ):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"rubbish")
    data = open_data(root)
    assert data.warnings == ()
    np.testing.assert_array_equal(data.train.pixels[..., 0], X)


def test_what_is_no_picture_is_left_out_and_said(root: Path) -> None:
    (root / "0" / "notes.txt").write_text("hello")
    (root / "README.md").write_text("hello")
    (root / "0" / "x.png").mkdir()
    (root / "1" / "deeper").mkdir()
    save(root / "1" / "deeper" / "a.png", X[0])
    save(root / "1" / "zz.png", 255 - X[0]).rename(root / "1" / "zz-no-ending")
    assert len(open_data(root).train) == len(X) + 1
    warned(root, "2 files that are no pictures in class folders are left out: 0/notes.txt, README.md")
    warned(root, "folders inside class folders are not searched: 1/deeper")


def test_sizes(root: Path) -> None:
    save(root / "1" / "wide.png", making.pixels(1, 40)[0, :20, :, 0])
    warned(
        root,
        "pictures come in 2 sizes (width x height): 8 x 8 (12), 40 x 20 (1): all are resized to 8 x 8, another size can be chosen with --size",
    )
    assert open_data(root, Reading(size=(5, 7))).image_shape == (5, 7, 1)
    assert open_data(root, Reading(size=(5, 7))).warnings == ()


def test_large_pictures_are_reduced(tmp_path: Path) -> None:
    making.picture_folder(tmp_path / "d", X.repeat(20, 1).repeat(20, 2))
    assert open_data(tmp_path / "d").image_shape == (32, 32, 1)
    warned(tmp_path / "d", "pictures come in 1 size (width x height): 160 x 160 (12): all are resized to 32 x 32")


def test_modes_and_frames_and_clear_parts(root: Path) -> None:
    save(root / "1" / "colour.png", making.pixels(1, 8, 3)[0])
    assert open_data(root).image_shape == (8, 8, 3)
    warned(root, "12 gray and 1 colour pictures: all are read as RGB")
    Image.fromarray(X[0]).save(root / "2" / "a.gif", save_all=True, append_images=[Image.fromarray(X[1])])
    warned(root, "animated, or of several pages, only the first frame (page) is read: 2/a.gif")
    save(root / "2" / "clear.png", np.stack([X[0], X[1]], -1))
    warned(root, "transparent parts are shown on white: 2/clear.png")


def test_parts_need_a_train_folder_with_class_folders(tmp_path: Path) -> None:
    making.picture_folder(tmp_path / "train")
    making.picture_folder(tmp_path / "valid", 255 - X)
    data = open_data(tmp_path)
    assert data.test is not None
    np.testing.assert_array_equal(data.test.pixels[..., 0], 255 - X)
    (tmp_path / "train" / "2").rename(tmp_path / "train" / "7")
    refused(tmp_path, "classes that the training part does not have: valid/2, expected 0, 1, 7")


def test_train_and_test_may_be_classes(tmp_path: Path) -> None:
    for row, name in enumerate(["train", "train", "bus", "bus"]):
        save(tmp_path / name / f"{row}.png", X[row])
    assert open_data(tmp_path).classes == ("bus", "train")


def test_bad_pictures_are_refused_all_at_once_or_left_out(root: Path) -> None:
    for row in range(12):
        (root / str(row % 3) / f"zz{row:02d}.png").write_bytes(b"junk")
    error = refused(
        root,
        r"12 of 24 pictures cannot be read: 0/zz00.png \(not an image in one of the formats .*; and 2/zz08.png, 2/zz11.png",
    )
    assert error.hint == "mend or remove them, or leave them out with --skip-bad"
    data = open_data(root, Reading(skip_bad=True))
    assert data.skipped == tuple(
        f"{row % 3}/zz{row:02d}.png" for row in sorted(range(12), key=lambda row: (row % 3, row))
    )
    np.testing.assert_array_equal(data.train.pixels[..., 0], X)
    warned(root, "12 unreadable pictures are left out: 0/zz00.png, 0/zz03.png", Reading(skip_bad=True))


def test_large_bad_pictures_are_found_as_well(root: Path) -> None:
    path = save(root / "1" / "cut.png", making.pixels(1, 100)[0, ..., 0])
    path.write_bytes(path.read_bytes()[:5000])
    refused(root, r"1 of 13 pictures cannot be read: 1/cut.png \(corrupt or truncated")
    assert open_data(root, Reading(skip_bad=True)).skipped == ("1/cut.png",)


def test_what_is_left_out_may_not_cost_a_class(root: Path) -> None:
    for path in (root / "1").iterdir():
        path.write_bytes(b"junk")
    with pytest.raises(
        InputRefused, match=r"without the bad pictures no picture is left in train/1: 1/04.png \(not an image"
    ):
        open_data(root, Reading(skip_bad=True))
    for path in root.glob("*/*"):
        path.write_bytes(b"junk")
    refused(root, "no readable picture: all 12 are bad: ")


def test_links_and_special_files(root: Path) -> None:
    (root / "0" / "loop").symlink_to("..")
    (root / "self").symlink_to("self")
    (root / "back").symlink_to(".")
    (root / "1" / "link.png").symlink_to("04.png")
    assert len(open_data(root).train) == len(X) + 1
    (root / "1" / "gone.png").symlink_to("nothing.png")
    (root / "1" / "passwd.png").symlink_to("/etc/passwd")
    (root / "1" / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(root / "1" / "pipe.png")
    here = os.getcwd()
    os.chdir(root / "1")  # the path of a socket is limited to some 100 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock.png")
    os.chdir(here)
    error = refused(root, "5 of 18 pictures cannot be read")
    for words in (
        r"gone.png (cannot be opened: No such file",
        "passwd.png (not an image",
        "zero.png (expected a file, found a device)",
        "pipe.png (expected a file, found a FIFO)",
        "sock.png (expected a file, found a socket)",
    ):
        assert words in str(error)
    assert "root:" not in str(error)


def test_layouts_that_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "d"
    root.mkdir()
    refused(root, "no class folders and no images in it")
    (root / "notes.txt").touch()
    refused(
        root,
        r"no class folders: 1 files \(notes.txt\) lie directly in it, expected one sub-folder for each class with its pictures",
    )
    save(root / "a.png", X[0])
    refused(root, "no class folders: 1 pictures lie directly in it")
    save(root / "ant" / "deep" / "a.png", X[0])
    refused(
        root,
        r"class folders without any picture: ant \(there are folders inside, which are not searched\); leaving them out would number the classes anew",
    )
    save(root / "ant" / "a.png", X[0])
    refused(root, r"only one class \(ant\) in 1 image, expected two or more")
    (root / "bee").mkdir()
    refused(root, "class folders without any picture: bee; leaving them out")
    save(root / "bee" / "a.png", X[1])
    refused(root, "2 classes with 1 image each: no split can hold them")


def test_names_are_kept_exactly_and_shown_escaped(tmp_path: Path) -> None:
    names = ["new\nline", "\x1b[31mred", "-rf", "<b>"]
    for row, name in enumerate(names * 3):
        save(tmp_path / "d" / name / f"{row}.png", X[row])
    (tmp_path / "d" / "\x1b[31mred" / "notes\x1b.txt").touch()
    data = open_data(tmp_path / "d")
    assert data.classes == tuple(sorted(names))
    assert "\x1b" not in "".join(data.warnings)
    assert "\\x1b[31mred/notes\\x1b.txt" in data.warnings[0]


def test_a_folder_that_may_not_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("why128.data.tree.os.scandir", denied)
    with pytest.raises(SurroundingsError, match=f"{root}: the system refuses to read it: Permission denied"):
        open_data(root)

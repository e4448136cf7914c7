"""What a person is told to do next about a network's file: the hint of every refusal, whole; and what other files are."""

from __future__ import annotations

import errno
import json
import os
import struct

import numpy as np
import pytest

from tests.formats.networks import build
from tests.formats.test_keras_refusals import layer, refusal
from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.formats import aside, keras_file
from why128.layers import Dense, Input

WHENCE = "such a file comes from why128 train --save NAME.keras, or from Keras's model.save('NAME.keras')"
AGAIN = "copy it again, or save it again with model.save('NAME.keras')"
NOT_RUN = "nothing of the file was run; in Keras, build a Sequential of these layers and save that"
EXEC = {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "exec"}


def hint(path) -> str:
    with pytest.raises(InputRefused) as caught:
        keras_file.load(path)
    return str(caught.value.hint)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.update(class_name="Functional"), "in Keras, put its layers into keras.Sequential and save that"),
        (lambda d: d["config"]["layers"][3].update(class_name="Conv2D"), NOT_RUN),
        (
            layer(0, batch_shape=[None, None, 5]),
            "for example [null, 28, 28]: in Keras, build the model with keras.Input((28, 28)) and save it again",
        ),
        (layer(3, dtype="int8"), "quantised layers are not read: save the model before quantising it"),
        (layer(2, data_format="channels_first"), "the other order would mix up the pixels"),
        (layer(3, activation=EXEC), "for example activation='relu'; nothing of the file was run"),
        (layer(3, name="dropout"), "rename one of them, or leave the name out"),
        (layer(3, name="a/b"), "rename it, or leave the name out"),
        (layer(3, use_bias=1), AGAIN),
    ],
)
def test_a_config(edit, said, changed):
    assert hint(changed(edit)) == said


def test_an_archive(saved, members, changed):
    newer = json.loads(members["why128.json"]) | {"format": 2}
    path = changed(companion=json.dumps(newer).encode())
    assert hint(path) == "it may be of a newer why128: update this one"
    assert hint(changed(config=None)) == "save the model with model.save('NAME.keras')"
    data = saved.read_bytes()
    saved.write_bytes(data[:-100])
    assert hint(saved) == "copy or download it again"
    saved.write_bytes(data.replace(b"sequential", b"sequentiaL"))
    assert hint(saved) == "copy or download the file again"


def test_a_member_that_is_shorter_than_the_list_of_contents_says(saved):
    data = bytearray(saved.read_bytes())
    entry = data.rindex(b"config.json") - 46
    size = struct.unpack_from("<I", data, entry + 24)[0]
    struct.pack_into("<I", data, entry + 24, size + 9)
    saved.write_bytes(data)
    assert refusal(saved) == f"config.json is truncated: {size:,} bytes, {size + 9:,} were due"


@pytest.mark.parametrize(
    ("ending", "what"),
    [
        ("tflite", "a TFLite model, which is written here and never read"),
        ("safetensors", "safetensors: a header and raw numbers without layers"),
        ("json", "JSON, which is not a format of networks here"),
        ("pb", "a TensorFlow graph, a format that is not read here"),
        ("ckpt", "a checkpoint or pickle of another tool, a format that is not read here"),
        ("joblib", "a pickle, which can run code and is never opened"),
    ],
)
def test_files_of_other_tools(ending, what, tmp_path):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"hello there")
    assert refusal(path) == f"not a .keras file: {what}; expected a zip archive as Keras 3 writes it"
    assert hint(path) == WHENCE


def test_an_older_keras_and_what_is_nothing(tmp_path):
    (tmp_path / "a.keras").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(9))
    assert hint(tmp_path / "a.keras") == "in Keras, load it and save it with model.save('NAME.keras')"
    (tmp_path / "a.keras").write_bytes(b"hello there")
    assert hint(tmp_path / "a.keras") == WHENCE
    assert hint(tmp_path / "b.keras") == "check the path"


def test_a_link_to_itself_cannot_be_opened(tmp_path):
    (tmp_path / "a.keras").symlink_to("a.keras")
    with pytest.raises(SurroundingsError) as caught:
        keras_file.load(tmp_path / "a.keras")
    assert str(caught.value) == f"{tmp_path}/a.keras: cannot be opened: Too many levels of symbolic links"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (errno.ENOTDIR, "choose a path inside a folder"),
        (errno.EACCES, "choose a folder that you may write to"),
        (errno.EROFS, "choose a folder that you may write to"),
        (errno.EDQUOT, "free some space, or choose another disk"),
        (errno.ENAMETOOLONG, "choose a shorter name"),
    ],
)
def test_a_disk_that_refuses(fault, said, tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(SurroundingsError) as caught:
        aside.write(tmp_path / "a", b"new")
    assert caught.value.hint == said
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_written(tmp_path):
    def refused(network) -> UsageError:
        with pytest.raises(UsageError) as caught:
            keras_file.save(network, tmp_path / "net.keras")
        return caught.value

    assert refused(build(about={"seed": np.int64(3)})).hint == "use plain texts, numbers and lists"
    network = build((Input((2,)), Dense(2)))
    network.weights[0][:] = np.inf
    assert refused(network).hint == "train again with a smaller learning rate"

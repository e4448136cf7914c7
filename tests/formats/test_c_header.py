"""A header compiled by gcc without a warning answers as the network does, and takes the bytes that were announced."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from scipy import special

from tests.formats.compiled import program, run, symbols
from tests.formats.every import NAMES, NEAR, NETWORKS, images
from tests.formats.networks import build
from why128.activations import NAMED
from why128.errors import InputRefused, UsageError
from why128.formats import c_header, c_source
from why128.formats.quantised import quantised
from why128.formats.steps import Applied, Product, Quantised, constants, steps
from why128.layers import Dense, Flatten, Input

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
SAME = 1e-6  # the same sums; an exponential may end in another digit
A_LEVEL = 0.02  # of a probability: one activity rounded to the next of 256 levels, where an exponential ended in another digit


def pixels(network, rows, int8):
    return rows.astype(np.uint8) if int8 and c_header.takes_bytes(network) else rows


@needs_gcc
@pytest.mark.parametrize("name", NETWORKS)
def test_it_answers_as_the_network_does(name, tmp_path):
    network = NETWORKS[name]
    made = c_header.exported(network)
    rows, ours = images(network), network.outputs(images(network))
    found, _ = run(program(tmp_path, made.data), rows, network.ladder.classes)
    np.testing.assert_allclose(found, ours, rtol=NEAR, atol=NEAR)
    np.testing.assert_allclose(made.answers(rows), ours, rtol=NEAR, atol=NEAR)


@needs_gcc
@pytest.mark.parametrize("name", NETWORKS)
def test_whole_numbers_are_what_is_said_of_them(name, tmp_path):
    """The compiled program and the simulation by which it is compared: the same whole numbers."""
    network, rows = NETWORKS[name], images(NETWORKS[name])
    made = c_header.exported_int8(network, rows)
    found, _ = run(program(tmp_path, made.data), pixels(network, rows, True), network.ladder.classes)
    simulated = made.answers(rows)
    scale = max(1.0, np.abs(simulated).max())
    assert np.abs(found - simulated).max() <= scale * (SAME if "relu" in name or "layer" in name else A_LEVEL)
    assert made.by == "its arithmetic in NumPy"


def test_whole_numbers_of_a_network_that_takes_no_bytes():
    network = NETWORKS["0 to 1"]
    assert not c_header.takes_bytes(network)
    made = c_header.exported_int8(network, images(network))
    assert "typedef float why128_pixel;" in made.data.decode()
    assert made.pixels == 4 * 20
    of_bytes = c_header.exported_int8(NETWORKS["no bias"], images(network))
    assert "typedef unsigned char why128_pixel;" in of_bytes.data.decode()
    assert np.abs(made.answers(images(network)) - network.outputs(images(network))).max() < 0.05


@needs_gcc
@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize(
    "name", ["every kind of layer", "no hidden layer", "three hidden layers", "0 to 1", "glu at the end"]
)
def test_the_compiled_object_has_the_announced_bytes(name, int8, tmp_path):
    network = NETWORKS[name]
    made = c_header.exported_int8(network, images(network)) if int8 else c_header.exported(network)
    for option in ("-O0", "-Os"):
        found = symbols(tmp_path, made.data, option)
        assert found.pop("why128_memory", 0) == made.memory
        weights = [size for name, size in found.items() if name.split("_")[1] in ("kernel", "bias", "scales", "factor")]
        if option == "-O0":  # a compiler that looks closer leaves out an array of one number
            assert sum(weights) == made.constants
        said = subprocess.run(["size", "-A", "main.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        sections = {
            row[0]: int(row[1]) for row in map(str.split, said.splitlines()) if len(row) == 3 and row[1].isdigit()
        }
        own = made.pixels + 4 * network.ladder.classes  # the test program's own arrays are static, too
        assert made.memory + own <= sections[".bss"] < made.memory + own + 128, "nothing but what aligns them"


@needs_gcc
def test_alone_its_memory_is_all_that_it_takes(tmp_path):
    """Without the arrays of a caller, .bss is the announced memory to the byte."""
    made = c_header.exported(NETWORKS["three hidden layers"])
    assert made.memory == 4 * (8 + 9)  # the larger of the first and the third hidden layer, and the second
    (tmp_path / "network.h").write_bytes(made.data)
    (tmp_path / "alone.c").write_text(
        '#include "network.h"\nint ask(const float *p, float *a);\n'
        "int ask(const float *p, float *a) { why128_predict(p, a); return why128_best(a); }\n"
        "typedef char as_announced[sizeof why128_memory == 68 ? 1 : -1];\nint size(as_announced *x);\n"
    )
    subprocess.run(["gcc", "-std=c99", "-ffreestanding", "-O2", "-c", "alone.c"], cwd=tmp_path, check=True)
    said = subprocess.run(["size", "-A", "alone.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    sections = {row[0]: int(row[1]) for row in map(str.split, said.splitlines()) if len(row) == 3 and row[1].isdigit()}
    assert sections[".bss"] == 68
    assert sections[".data"] == 0
    missing = subprocess.run(["nm", "-u", "alone.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert missing == "", "no allocation, no library"


@needs_gcc
def test_names_of_all_kinds(tmp_path):
    network = NETWORKS["names of all kinds"]
    data = c_header.exported(network).data
    assert data.isascii()
    assert b"?" not in data.partition(b"why128_classes[WHY128_CLASSES] = {")[2].partition(b"};")[0]
    assert run(program(tmp_path, data), images(network), 6)[1] == list(NAMES)


@needs_gcc
def test_classes_without_names_are_numbered(tmp_path):
    network = NETWORKS["no bias"]
    assert run(program(tmp_path, c_header.exported(network).data), images(network), 3)[1] == ["0", "1", "2"]


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
@pytest.mark.parametrize("int8", [False, True])
def test_it_is_c_plus_plus_too(int8, tmp_path):
    network = NETWORKS["every kind of layer"]
    rows = images(network)
    made = c_header.exported_int8(network, rows) if int8 else c_header.exported(network)
    built = program(tmp_path, made.data, ("g++", "-std=c++14", "-O2"))
    found, _ = run(built, pixels(network, rows, int8), 3)
    np.testing.assert_allclose(found, made.answers(rows), atol=A_LEVEL if int8 else NEAR)


MATHS = r"""
#include <math.h>
#include <stdint.h>
#include <stdio.h>
{functions}
int main(void)
{{
    for (float x = -95.0f; x < 95.0f; x += 0.001f) {{
        const float up = (float)fabs(x) + 1.0f;
        printf("%.9g %.9g %.9g %.9g %.9g\n", x, why128_exp(x), why128_log(up * up), why128_tanh(x / 8.0f), why128_erf(x / 8.0f));
        printf("%.9g %.9g 0 0 0\n", x, why128_sqrt(4.0f * up * up * up));
    }}
    return 0;
}}
"""


@needs_gcc
def test_its_own_functions_are_near_the_true_ones(tmp_path):
    (tmp_path / "maths.c").write_text(MATHS.format(functions="\n".join(c_source.CALLED.values())))
    subprocess.run(["gcc", "-std=c99", "-O2", "maths.c", "-lm", "-o", "maths"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "maths"], capture_output=True, text=True, check=True).stdout
    found = np.array(said.split(), np.float64).reshape(-1, 2, 5)
    x, up = found[:, 0, 0], np.abs(found[:, 0, 0]).astype(np.float32).astype(np.float64) + 1.0
    exp, log, tanh, erf = found[:, 0, 1:].T
    inside = (x > -85.9) & (x < 88.7)
    np.testing.assert_allclose(exp[inside], np.exp(x[inside]), rtol=2e-7)
    assert (exp[x < -86.01] == 0).all()
    assert np.isinf(exp[x > 88.73]).all()
    np.testing.assert_allclose(log, np.log(up * up), rtol=2e-7, atol=2e-7)
    np.testing.assert_allclose(tanh, np.tanh(x / 8), atol=2e-7)
    np.testing.assert_allclose(erf, special.erf(x / 8), atol=3e-7)
    np.testing.assert_allclose(found[:, 1, 1], np.sqrt(4 * up**3), rtol=3e-7)


def test_the_same_network_gives_the_same_bytes():
    network = NETWORKS["every kind of layer"]
    assert c_header.exported(network).data == c_header.exported(network).data
    rows = images(network)
    assert c_header.exported_int8(network, rows).data == c_header.exported_int8(network, rows).data


def test_every_activation_has_a_form_in_c():
    assert set(c_source.ACTIVATIONS) == set(NAMED)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.0f"), (-0.5, "-0.5f"), (1e-9, "1e-09f"), (1e9, "1e+09f"), (-0.0, "-0.0f"), (0.1, "0.1f")],
)
def test_numbers_in_c(value, text):
    assert c_header.number(value) == text


def test_what_c_has_no_form_of(monkeypatch):
    monkeypatch.delitem(c_source.ACTIVATIONS, "tanh")
    with pytest.raises(UsageError) as refused:
        c_header.exported(NETWORKS["every kind of layer"])
    assert str(refused.value) == "a C header cannot hold this network: the activation 'tanh' has no form there"
    assert refused.value.hint == "choose another format"
    monkeypatch.delitem(c_header.WRITERS, Product)
    with pytest.raises(UsageError) as refused:
        c_header.exported(NETWORKS["no bias"])
    assert str(refused.value) == "a C header cannot hold this network: the step Product has no form there"


# ---------------------------------------------------------------- whole numbers


def test_a_product_in_whole_numbers_by_hand():
    step = Product(np.array([[1.0, 0.0], [-2.0, 0.0]], np.float32), np.array([0.5, 3.0], np.float32))
    entered, whole = quantised([step], np.array([[0.0, 5.1], [-5.1, 20.4]], np.float32), bytes_enter=False)
    assert entered == Quantised(pytest.approx(0.1), 51)  # -5.1 to 20.4 in 255 levels: 0 is the 51st
    assert whole.kernel.tolist() == [[64, 0], [-127, 0]]  # 63.5 goes to the even number
    assert whole.scales.tolist() == pytest.approx([0.1 * 2 / 127, 0.1])
    assert whole.bias.tolist() == pytest.approx([0.5 - 51 * (0.2 / 127) * (64 - 127), 3.0], rel=1e-6)


def test_bytes_stay_as_they_are():
    step = Product(np.ones((2, 1), np.float32), np.zeros(1, np.float32))
    images = np.array([[0.0, 100.0]], np.float32)
    after = Product(np.ones((1, 1), np.float32), np.zeros(1, np.float32))
    found = quantised([step, Applied("relu"), after], images, bytes_enter=True)
    assert found[0] == Quantised(1.0, 0)
    assert found[3] == Quantised(pytest.approx(100 / 255), 0)
    assert quantised([step], np.zeros((1, 2)), bytes_enter=False)[0] == Quantised(1.0, 0), (
        "a range of nothing has a scale"
    )


def test_sums_beyond_32_bits_are_refused():
    wide = Product(np.ones((66_400, 1), np.float32), np.zeros(1, np.float32))
    with pytest.raises(InputRefused) as refused:
        quantised([wide], np.zeros((1, 66_400), np.float32), bytes_enter=True)
    assert str(refused.value) == (
        "int8: a neuron's sum over 66,400 inputs may reach 2,150,364,000, more than 32 bits hold (2,147,483,647)"
    )
    assert refused.value.hint == "train on smaller images, or export it in float32"


def test_the_announced_weights_are_a_quarter():
    network = build((Input((28, 28)), Flatten(), Dense(128, "relu"), Dense(10, "softmax")))
    made = c_header.exported_int8(network, np.zeros((2, 784), np.float32))
    assert made.constants == 784 * 128 + 128 * 10 + 8 * (128 + 10)
    assert made.memory == 4 * 128 + 128
    floats = c_header.exported(network)
    assert floats.constants == constants(steps(network)) == 4 * network.parameters
    assert floats.memory == 4 * 128

"""A network as one header of plain C99, in float32 or in whole numbers, for whatever has a C compiler."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from why128.formats import c_source
from why128.formats.exported import FLOAT, Exported, names
from why128.formats.quantised import quantised
from why128.formats.stepping import taken
from why128.formats.steps import (
    Applied,
    Bent,
    IntegerProduct,
    Product,
    Quantised,
    Scaling,
    Sloped,
    Standardised,
    Step,
    constants,
    folded,
    outputs,
    rule,
    steps,
)
from why128.network import Network

WHAT = "a C header"
BYTE = "unsigned char"
PER_LINE = 12  # numbers of an array on a line of text
BYTES = (0.0, 255.0)  # the scale of networks whose pixels are bytes
SIMULATED = "its arithmetic in NumPy"
FLOATS, OTHER_FLOATS, WHOLES = "floats", "other_floats", "bytes"  # the working memory's arrays


@dataclass(frozen=True)
class Place:
    """Where a step stands: its number, what it reads, how many numbers these are, and where it writes."""

    number: int
    source: str
    count: int
    target: str


@dataclass(frozen=True)
class Said:
    """A step in C: its arrays, the function that it calls, and the call."""

    arrays: tuple[str, ...]
    function: str
    call: str


def exported(network: Network) -> Exported:
    """In float32.  Raises UsageError for a step or an activation that C has no form of here."""
    own = folded(steps(network))
    return _exported(network, own, own, "float")


def exported_int8(network: Network, images: np.ndarray) -> Exported:
    """In whole numbers, on scales calibrated on `images` (N, D) on the network's own scale; raises as `exported`, and InputRefused."""
    as_bytes = takes_bytes(network)
    whole = quantised(folded(steps(network)), images, as_bytes)
    return _exported(network, whole, whole[1:] if as_bytes else whole, BYTE if as_bytes else "float")


def takes_bytes(network: Network) -> bool:
    """Whether pixels are 0..255 and a product takes them, so that whole numbers need no scale of their own."""
    return network.preparation.scale == BYTES and isinstance(folded(steps(network))[0], Product)


def _exported(network: Network, whole: tuple[Step, ...], own: tuple[Step, ...], pixel: str) -> Exported:
    """The header that does `own`, to pixels of type `pixel`; `whole` is what that comes to, for floats."""
    data, memory = _written(network, own, pixel)
    pixels = math.prod(network.input_shape) * (1 if pixel == BYTE else FLOAT)
    return Exported(data, constants(own), memory, pixels, lambda images: taken(whole, images), SIMULATED)


def _written(network: Network, own: Sequence[Step], pixel: str) -> tuple[bytes, int]:
    places = tuple(_places(own, math.prod(network.input_shape)))
    said = [rule(WRITERS, type(step), WHAT)(step, place) for step, place in zip(own, places, strict=True)]
    sizes, memory = _memory(own, places)
    text = c_source.HEADER.format(
        classes=network.ladder.classes,
        inputs=math.prod(network.input_shape),
        shape=" x ".join(map(str, network.input_shape)),
        black=network.preparation.scale[0],
        white=network.preparation.scale[1],
        constants=constants(own),
        memory=memory,
        pixel=pixel,
        names=",\n".join(f"    {quoted(name)}" for name in names(network)),
        memories=_declared(sizes),
        arrays="".join(f"{array}\n" for each in said for array in each.arrays),
        functions="\n".join(_functions(dict.fromkeys(each.function for each in said))),
        calls="\n".join(f"    {each.call}" for each in said),
    )
    return text.encode("ascii"), memory


def _functions(wanted: Iterable[str]) -> list[str]:
    """The functions that are wanted, after those that they call."""
    found = list(wanted)
    for name, text in reversed(c_source.CALLED.items()):
        if any(name in own for own in found):
            found.insert(0, text)
    return found


def _places(own: Sequence[Step], count: int) -> Iterator[Place]:
    """Each step's place: the last ones write to the answers, the others to working memory, no product onto what it reads."""
    source = "pixels"
    sizes = [count]
    for step in own:
        sizes.append(outputs(step, sizes[-1]))
    for number, step in enumerate(own):
        alone = not any(isinstance(later, (Product, IntegerProduct)) for later in own[number + 1 :])
        if alone and all(size == sizes[-1] for size in sizes[number + 1 :]):
            target = "answers"
        elif isinstance(step, Quantised):
            target = f"why128_memory.{WHOLES}"
        elif source.endswith(f".{FLOATS}") and isinstance(step, Product):
            target = f"why128_memory.{OTHER_FLOATS}"
        elif source.startswith("why128_memory.") and not isinstance(step, (Product, IntegerProduct)):
            target = source
        else:
            target = f"why128_memory.{FLOATS}"
        yield Place(number, source, sizes[number], target)
        source = target


def _memory(own: Sequence[Step], places: Sequence[Place]) -> tuple[dict[str, int], int]:
    """How many numbers each array of the working memory holds, and the bytes of them all, as C lays them out."""
    sizes: dict[str, int] = {}
    for step, place in zip(own, places, strict=True):
        name = place.target.partition(".")[2]
        if name:
            sizes[name] = max(sizes.get(name, 0), outputs(step, place.count))
    floats = FLOAT * (sizes.get(FLOATS, 0) + sizes.get(OTHER_FLOATS, 0))
    wholes = sizes.get(WHOLES, 0)
    return sizes, floats + (
        -(-wholes // FLOAT) * FLOAT if floats else wholes
    )  # a struct ends where its floats could begin


def _declared(sizes: dict[str, int]) -> str:
    types = {FLOATS: "float", OTHER_FLOATS: "float", WHOLES: BYTE}
    members = "\n".join(f"    {types[name]} {name}[{sizes[name]}];" for name in types if name in sizes)
    return c_source.MEMORY.format(members=members) if members else ""


def quoted(text: str) -> str:
    """A text as a C string of plain characters: all others as the octal digits of their UTF-8; no ? could begin a trigraph."""
    return '"' + "".join(_character(byte) for byte in text.encode("utf-8", "surrogatepass")) + '"'


def _character(byte: int) -> str:
    plain = 32 <= byte < 127 and chr(byte) not in '"\\?'
    return chr(byte) if plain else f"\\{byte:03o}"


def number(value: float) -> str:
    """A float32 in C, exactly: nine digits tell every one from the next."""
    digits = f"{value:.9g}"
    return f"{digits}f" if set(digits) & set(".e") else f"{digits}.0f"


def _array(kind: str, name: str, values: Iterable[str]) -> str:
    words = list(values)
    lines = (", ".join(words[i : i + PER_LINE]) for i in range(0, len(words), PER_LINE))
    return c_source.ARRAY.format(kind=kind, name=name, count=len(words), values=",\n".join(lines))


def _floats(name: str, values: np.ndarray) -> str:
    return _array("float", name, map(number, values.ravel().tolist()))


def _product(step: Product, at: Place) -> Said:
    kernel, bias = f"why128_kernel_{at.number}", f"why128_bias_{at.number}"
    call = f"why128_product({at.source}, {at.count}, {kernel}, {bias}, {len(step.bias)}, {at.target});"
    return Said((_floats(kernel, step.kernel.T), _floats(bias, step.bias)), c_source.PRODUCT, call)


def _scaling(step: Scaling, at: Place) -> Said:
    factor, offset = f"why128_factor_{at.number}", f"why128_offset_{at.number}"
    several = int(len(step.factor) > 1)
    call = f"why128_scaling({at.source}, {at.count}, {factor}, {offset}, {several}, {at.target});"
    return Said((_floats(factor, step.factor), _floats(offset, step.offset)), c_source.SCALING, call)


def _applied(step: Applied, at: Place) -> Said:
    function = rule(c_source.ACTIVATIONS, step.activation, WHAT)
    return Said((), function, f"why128_apply_{step.activation}({at.source}, {at.count}, {at.target});")


def _bent(step: Bent, at: Place) -> Said:
    values = {name: "3.402823466e+38f" if value == float("inf") else number(value) for name, value in step.parameters}
    name = f"{step.activation}_{at.number}"
    function = c_source.ELEMENT.format(
        name=name, formula=rule(c_source.PARAMETRIC, step.activation, WHAT).format(**values)
    )
    return Said((), function, f"why128_apply_{name}({at.source}, {at.count}, {at.target});")


def _sloped(step: Sloped, at: Place) -> Said:
    alpha = f"why128_alpha_{at.number}"
    return Said(
        (_floats(alpha, step.alpha),), c_source.SLOPED, f"why128_sloped({at.source}, {at.count}, {alpha}, {at.target});"
    )


def _standardised(step: Standardised, at: Place) -> Said:
    gamma, beta = f"why128_gamma_{at.number}", f"why128_beta_{at.number}"
    call = f"why128_standardised({at.source}, {at.count}, {gamma}, {beta}, {number(step.epsilon)}, {at.target});"
    return Said((_floats(gamma, step.gamma), _floats(beta, step.beta)), c_source.STANDARDISED, call)


def _quantised(step: Quantised, at: Place) -> Said:
    factor, offset = number(float(np.float32(1 / step.scale))), number(step.zero + 0.5)
    return Said((), c_source.QUANTISED, f"why128_quantised({at.source}, {at.count}, {factor}, {offset}, {at.target});")


def _integers(step: IntegerProduct, at: Place) -> Said:
    kernel, scales, bias = (f"why128_{name}_{at.number}" for name in ("kernel", "scales", "bias"))
    whole = _array("int8_t", kernel, map(str, step.kernel.T.ravel().tolist()))
    call = f"why128_integers({at.source}, {at.count}, {kernel}, {scales}, {bias}, {len(step.bias)}, {at.target});"
    return Said((whole, _floats(scales, step.scales), _floats(bias, step.bias)), c_source.INTEGER_PRODUCT, call)


WRITERS: dict[type, Callable[[Any, Place], Said]] = {
    Product: _product,
    Scaling: _scaling,
    Applied: _applied,
    Bent: _bent,
    Sloped: _sloped,
    Standardised: _standardised,
    Quantised: _quantised,
    IntegerProduct: _integers,
}

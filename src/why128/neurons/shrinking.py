"""Neurons removed for real: first those whose removal changes nothing, then in the order that costs least, each made up for.

What a removed neuron gave is taken over by the others as well as they can: the next layer's weights are fitted anew, by least squares, to
give the sums that it had before (as in Hassibi and Stork 1993 with a layer's sums as the aim; Dong et al. 2017).  Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dger

from why128.formats.stepping import one
from why128.formats.steps import Applied
from why128.network import Network
from why128.neurons.activity import Seen, seen
from why128.neurons.flags import Flags, flags
from why128.neurons.parts import Parts, kept, reweighted

RIDGE = 1e-4  # of the mean variance, added to each: what the images hardly show is not fitted to


@dataclass(frozen=True, eq=False)
class Tidied:
    """A network without the neurons that do nothing of their own."""

    network: Network
    dead: int
    constant: int  # each taken into the next layer's bias
    twins: int  # each merged with the first that gives the same


def tidied(network: Network, images: np.ndarray) -> Tidied:
    """Remove what changes no answer: dead neurons, constants, twins; on these images, (N, ...) on the network's own scale.

    A layer whose neurons are looked at together (LayerNormalization) stays as it is: there each counts.
    """
    found, counts = seen(network, images), [0, 0, 0]
    for layer, (activity, part) in enumerate(zip(found.layers, found.parts.hidden, strict=True)):
        if not part.alone:
            continue
        marks = flags(activity, part.after)
        kernel, bias = _taken_over(marks, activity.given, *_next(Parts.of(network), layer))
        left = [j for j, mark in enumerate(marks) if not (mark.dead or mark.constant or mark.twin is not None)] or [0]
        if len(left) < part.outputs:
            network = kept(reweighted(network, layer, kernel, bias), layer, left)
        for place, own in enumerate(
            zip(*((mark.dead, mark.constant, mark.twin is not None) for mark in marks), strict=True)
        ):
            counts[place] += sum(own)
    return Tidied(network, *counts)


def _taken_over(
    marks: Sequence[Flags], given: np.ndarray, kernel: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The next layer's weights where constants are in its bias, and twins in the weights of their first."""
    kernel, bias = kernel.astype(np.float64), bias.astype(np.float64)
    for j, mark in enumerate(marks):
        if mark.twin is not None:
            kernel[mark.twin] += mark.factor * kernel[j]
    for j, mark in enumerate(marks):
        if mark.constant:
            bias += given[:, j].mean(dtype=np.float64) * kernel[j]
    return kernel, bias


def _next(parts: Parts, layer: int) -> tuple[np.ndarray, np.ndarray]:
    product = parts.layers[layer + 1].product
    return product.kernel, product.bias


# ---------------------------------------------------------------- the order that costs least


@dataclass(frozen=True, eq=False)
class Order:
    """In which order a layer's neurons leave, and what each removal adds to the error of the next layer's sums."""

    leaving: tuple[int, ...]  # all of them, the first to leave first
    costs: np.ndarray  # (H,) as shares of the variance of those sums


def order(found: Seen, layer: int) -> Order:
    """The order of one hidden layer: always the one that the others make up for best."""
    given = found.layers[layer].given.astype(np.float64)
    kernel = _counted(found.parts, layer)
    covariance = np.cov(given, rowvar=False, bias=True).reshape(len(kernel), -1)
    whole = float(np.einsum("ic,ij,jc->", kernel, covariance, kernel)) or 1.0
    inverse = np.asfortranarray(np.linalg.inv(covariance + _ridge(covariance) * np.eye(len(covariance))))
    left, leaving, costs = np.ones(len(kernel), bool), [], []
    for _ in range(len(kernel)):
        diagonal = np.diag(inverse)
        each = np.where(left, np.square(kernel).sum(1) / np.where(left, diagonal, 1.0), np.inf)
        j = int(each.argmin())
        leaving.append(j)
        costs.append(each[j] / whole)
        column = inverse[:, j] / diagonal[j]
        kernel = kernel - np.outer(column, kernel[j])
        inverse = dger(
            -1.0, column, inverse[j].copy(), a=inverse, overwrite_a=1
        )  # in place: a copy would take most of the time
        left[j] = False
    return Order(tuple(leaving), np.array(costs))


def by_magnitude(found: Seen, layer: int) -> Order:
    """The plain order to compare with: the smallest weights, coming in and going out, first."""
    kernel = found.parts.layers[layer + 1].product.kernel
    size = np.linalg.norm(found.parts.layers[layer].product.kernel, axis=0) * np.linalg.norm(kernel, axis=1)
    return Order(tuple(map(int, np.argsort(size, kind="stable"))), np.sort(size))


def _counted(parts: Parts, layer: int) -> np.ndarray:
    """The next layer's kernel as far as it counts: what moves all scores alike is nothing to a softmax."""
    kernel = parts.layers[layer + 1].product.kernel.astype(np.float64)
    last = parts.layers[layer + 1]
    alike = layer + 2 == len(parts.layers) and any(
        isinstance(s, Applied) and s.activation == "softmax" for s in last.after
    )
    return kernel - kernel.mean(1, keepdims=True) if alike else kernel


def _ridge(covariance: np.ndarray) -> float:
    return RIDGE * float(np.trace(covariance)) / len(covariance) or 1.0


# ---------------------------------------------------------------- as many as are wanted


def shrunk(
    network: Network, images: np.ndarray, keep: Sequence[Sequence[int]], original: Seen | None = None
) -> Network:
    """The network with only the neurons `keep` of each hidden layer, what the others gave made up for on images (N, ...).

    `original` is the network seen on the same images, where that is known already.
    """
    due = original or seen(network, images)
    for layer, neurons in enumerate(keep):
        chosen = sorted(neurons)
        if len(chosen) == due.parts.layers[layer].outputs:
            continue
        sums = one(due.parts.layers[layer + 1].product, due.layers[layer].given).astype(np.float64)  # (N, n)
        network = kept(network, layer, chosen)
        first = not layer and due.parts.layers[layer].alone
        given = due.layers[layer].given[:, chosen] if first else seen(network, images).layers[layer].given
        network = reweighted(network, layer, *_fitted(given.astype(np.float64), sums))
    return network


def _fitted(given: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias that give these sums (N, n) from this activity (N, H), by least squares."""
    middle, aim = given.mean(0), sums.mean(0)
    away = given - middle
    covariance = away.T @ away / len(away)
    kernel = np.linalg.solve(
        covariance + _ridge(covariance) * np.eye(len(covariance)), away.T @ (sums - aim) / len(away)
    )
    return kernel, aim - middle @ kernel

"""Studies of known truths: hits of networks whose accuracies, luck and images are all drawn from what is planted.

An image is answered rightly where a normal number exceeds a threshold.  Its parts: how hard the image is for every
network, for a width, and for one replicate's order of images; the network's luck; and what only this network makes of
this image.  The shares of the first three are those found on the built-in sample (networks of 32 to 512 neurons: two
replicates of a width agree with a correlation of 0.94, two widths with 0.92, in one replicate with 0.95).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

OF_IMAGES, OF_WIDTH, OF_ORDER = 0.91, 0.025, 0.02


@dataclass(frozen=True, eq=False)
class Truth:
    """The true accuracies of a ladder, and the SD of luck of each, as shares of 1."""

    name: str
    means: np.ndarray  # (K,)
    luck: np.ndarray  # (K,)
    images: int
    tolerance: float  # in points
    replicates: int = 5

    @property
    def sufficient(self) -> np.ndarray:
        """Which candidates are within the tolerance of the best.  # (K,) bool"""
        return self.means >= self.means.max() - self.tolerance / 100 - 1e-12

    @property
    def rung(self) -> int:
        """The smallest of them: the true answer."""
        return int(np.flatnonzero(self.sufficient)[0])

    def hits(self, rng, replicates=None, images=None):
        """A study's hits (R, K, N)."""
        return Population(self, rng, images or self.images).replicates(replicates or self.replicates)


class Population:
    """One set of images, of which further replicates can be drawn."""

    def __init__(self, truth, rng, images):
        self.truth, self.rng = truth, rng
        threshold = stats.norm.ppf(truth.means)
        self.luck = truth.luck / stats.norm.pdf(threshold)
        self.threshold = threshold * np.sqrt(1 + self.luck**2)
        common = np.sqrt(OF_IMAGES) * rng.standard_normal(images)
        self.images = common + np.sqrt(OF_WIDTH) * rng.standard_normal((len(threshold), images))  # (K, N)

    def replicates(self, count, images=None):
        """Hits of `count` more replicates, on all images or the first so many.  # (count, K, N) bool"""
        rng, shared = self.rng, self.images[:, :images].astype(np.float32)
        candidates, images = shared.shape
        networks = self.threshold + self.luck * rng.standard_normal((count, candidates))
        order = np.sqrt(OF_ORDER) * rng.standard_normal((count, 1, images), dtype=np.float32)
        own = rng.standard_normal((count, candidates, images), dtype=np.float32)
        own *= np.float32(np.sqrt(1 - OF_IMAGES - OF_WIDTH - OF_ORDER))
        return networks[:, :, None].astype(np.float32) + shared + order + own > 0


def truth(name, percents, luck, images, tolerance, **more):
    """A truth from accuracies and SDs as people write them, in points."""
    percents = np.asarray(percents, float)
    return Truth(name, percents / 100, np.broadcast_to(luck, percents.shape) / 100, images, tolerance, **more)


# MNIST by width (8 to 2,048), ten seeds each: a public ablation study's accuracies and SDs.
MNIST = (91.14, 93.12, 95.49, 96.74, 97.37, 97.62, 98.01, 98.09, 98.25)
MNIST_LUCK = (0.24, 0.33, 0.20, 0.12, 0.14, 0.19, 0.05, 0.05, 0.06)
# The built-in sample: what 5 replicates of the default ladder (0 to 512) came to, and their SDs.
SAMPLE = (82.2, 21.8, 30.7, 60.8, 80.2, 82.8, 83.8, 84.5, 84.9, 85.2, 85.6)
SAMPLE_LUCK = (0.1, 0.9, 7.0, 8.0, 0.8, 0.5, 0.45, 0.3, 0.4, 0.4, 0.4)

TRUTHS = {
    found.name: found
    for found in (
        truth("MNIST, 10,000 images", MNIST, MNIST_LUCK, 10_000, 0.5),
        truth("MNIST, 2,000 images", MNIST, MNIST_LUCK, 2_000, 0.5),
        truth("MNIST, 1 point", MNIST, MNIST_LUCK, 2_000, 1.0),
        truth("sample", SAMPLE, SAMPLE_LUCK, 3_000, 1.0),
        truth("sample, half a point", SAMPLE, SAMPLE_LUCK, 3_000, 0.5),
        truth("flat, 10,000 images", [97.0] * 9, 0.1, 10_000, 0.5),
        truth("flat, little evidence", [85.0] * 11, 0.3, 2_000, 0.5),
        truth("a fall", [70, 75, 80, 82, 83, 82.5, 81, 79], 0.4, 2_000, 1.0),
        truth("a fall, steep", [60, 80, 85, 84, 80, 74], 0.4, 2_000, 1.0),
        truth("steep, lucky", [60, 80, 85, 84.5], 1.0, 3_000, 1.5),
        truth("hardly any luck", [60, 80, 80.4, 80.5], 0.02, 600, 1.5),
        truth("one step beyond the tolerance", [60, 75, 83.9, 84.6, 85, 85, 85], 0.35, 3_000, 1.0),
        truth("half beyond the tolerance", [84.49] * 5 + [85.0] * 5, 0.35, 3_000, 0.5),
        truth("all but one beyond the tolerance", [84.49] * 9 + [85.0], 0.35, 3_000, 0.5),
        truth("the small ones luckier", [83.99] * 5 + [85.0] * 5, [0.8] * 5 + [0.1] * 5, 3_000, 1.0),
        truth("the large ones luckier", [83.99] * 5 + [85.0] * 5, [0.1] * 5 + [0.8] * 5, 3_000, 1.0),
    )
}

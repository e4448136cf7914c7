"""Choosing settings: each candidate's own best, so that no width is judged by a learning rate that suits another.

The images that choose neither train nor judge: chosen on those that judge, the luckiest of several settings would look
better than it is, and the more so the more settings were tried.
"""

from __future__ import annotations

import numpy as np


def best_settings(hits: np.ndarray) -> np.ndarray:
    """The setting of each candidate with the highest mean accuracy on tuning images, over all replicates.

    hits: (R, K, S, N) bool, S settings.  Of equally good ones, the first.  Returns their places, (K,) whole numbers.
    """
    right = np.count_nonzero(hits, axis=3).sum(axis=0)  # (K, S): counts, so that equal means are equal numbers
    return right.argmax(axis=1)

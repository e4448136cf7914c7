"""A trained candidate as a network that says where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from why128.data.images import Dataset
from why128.network import Network, Preparation
from why128.studies.candidate import Candidate
from why128.studies.events import Luck
from why128.studies.plan import Plan


def finished(plan: Plan, data: Dataset, candidate: Candidate, luck: Luck, weights: Sequence[np.ndarray]) -> Network:
    """A trained candidate (under its setting) as a network that says where it comes from."""
    bytes_of_pixels = data.train.pixels.dtype == np.uint8
    about = {
        "data": data.name,
        "fingerprint": data.fingerprint,
        "seed": plan.recipe.seed,
        "replicate": luck.initialisation,
        "width": candidate.label,
        "epochs": plan.recipe.epochs,
        **{
            name: value for name in ("learning_rate", "weight_decay") if (value := getattr(candidate, name)) is not None
        },
    }
    preparation = Preparation("rgb" if data.image_shape[2] == 3 else "gray", (0.0, 255.0 if bytes_of_pixels else 1.0))
    return Network(candidate.layers_for(data), tuple(weights), data.classes, preparation, about)

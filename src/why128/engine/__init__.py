"""The machinery: the only folder that imports JAX.

It takes arrays and a cohort (cohort.py), trains by the one loop (training.py), and gives back numbers and weights.
"""

from why128.engine.cohort import Cohort, Data, State
from why128.engine.kept import keep_programs
from why128.engine.training import (
    Assessment,
    Epoch,
    Progress,
    Run,
    advance,
    assess,
    begin,
    epoch,
    leaves,
    restored,
    start,
    train,
)

__all__ = [
    "Assessment", "Cohort", "Data", "Epoch", "Progress", "Run", "State",
    "advance", "assess", "begin", "epoch", "keep_programs", "leaves", "restored", "start", "train",
]  # fmt: skip

"""The machinery: the only folder that imports JAX.

It takes arrays and a cohort (cohort.py), trains one replicate of it or a group of them (runs.py) by the one loop
(training.py), on one device or several (devices.py), and gives back numbers and weights.
"""

from why128.engine.cohort import Cohort, State
from why128.engine.data import Data
from why128.engine.devices import devices, maps, mesh, room
from why128.engine.kept import keep_programs
from why128.engine.runs import Group, Run
from why128.engine.training import (
    Assessment,
    Epoch,
    Progress,
    advance,
    apart,
    assess,
    begin,
    epoch,
    here,
    leaves,
    order,
    restored,
    start,
    together,
    train,
)

__all__ = [
    "Assessment", "Cohort", "Data", "Epoch", "Group", "Progress", "Run", "State", "advance", "apart", "assess", "begin",
    "devices", "epoch", "here", "keep_programs", "leaves", "maps", "mesh", "order", "restored", "room", "start", "together", "train",
]  # fmt: skip

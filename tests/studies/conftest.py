"""One small study with real training, and what happened while it ran."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from tests import networks
from tests.studies.clusters import Processes
from why128.data.images import Dataset, Images
from why128.division import Sealed
from why128.recipe import Recipe
from why128.studies import conduct
from why128.studies.plan import Plan, candidates
from why128.studies.study import Study


def dataset(count=240, tested=60):
    """Pictures of four classes with a test part of their own."""
    pixels, labels = networks.pictures(count + tested)
    part = [
        Images(pixels[rows, ..., None], labels[rows].astype(np.int32)) for rows in (slice(count), slice(count, None))
    ]
    return Dataset("pets", ("a", "b", "c", "d"), part[0], part[1], "0-255", (), ())


DATA = dataset()
PLAN = Plan(candidates("0,2,4"), 3, Recipe(epochs=2, batch_size=16, seed=3), tolerance=5.0)


@dataclass
class Ran:
    """A study, and in their order: what it told, what it trained from, and when it opened the test images."""

    study: Study | None = None
    told: list = field(default_factory=list)
    given: list = field(default_factory=list)  # the data sets and divisions that training was given
    opened: list = field(default_factory=list)  # how much had been told when test images were opened


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    found, bench, opens = Ran(), conduct.Bench.of, Sealed.open

    def watched(plan, data, division, *rest):
        found.given.append((data, division))
        return bench(plan, data, division, *rest)

    def recorded(sealed):
        found.opened.append(len(found.told))
        return opens(sealed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conduct.Bench, "of", watched)
        patch.setattr(Sealed, "open", recorded)
        found.study = conduct.study(PLAN, DATA, tmp_path_factory.mktemp("ran") / "s", found.told.append, workers=2)
    return found


@pytest.fixture(scope="session")
def _processes(tmp_path_factory):
    processes = Processes(tmp_path_factory.mktemp("cluster"))
    yield processes
    processes.end()


@pytest.fixture
def processes(_processes):
    """A scheduler and three workers."""
    _processes.tend()
    return _processes


@pytest.fixture(scope="session")
def small(ran):
    """The study alone."""
    return ran.study

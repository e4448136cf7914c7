"""How Keras's own published tests are run against this package: their text as it is, with some of its imports led here.

What is led here says, for a module's name, what stands in for its names; all else (`backend`, `ops`, `random`: the tests' own
arithmetic) is Keras's.  Every test passes, or is named with the reason for which it is not claimed; a named one that passes fails.
"""

import builtins
import importlib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import pytest
from keras.src import testing

from tests import networks

KERAS = Path(keras.__file__).parent / "src"


class Absent:
    """A library that the tests ask for and that is not installed: whoever uses it fails."""


@dataclass(frozen=True)
class Suite:
    """Files of Keras's tests, what stands in for its modules, and what is not claimed: a test, or Class.test, each maybe with a *, to the reason."""

    files: tuple[str, ...]
    here: dict[str, dict[str, Any]]  # module to name to stand-in
    case: type  # stands in for keras.src.testing.TestCase
    not_claimed: dict[str, str]

    def tests(self) -> list[tuple[str, type, str]]:
        """(file, class, method) of every test."""
        return [
            (file, kind, method)
            for file in self.files
            for kind in self._classes(file)
            for method in sorted(name for name in dir(kind) if name.startswith("test_") and name != "test_session")
        ]

    def reason(self, kind: type, method: str) -> str | None:
        """Why a test is not claimed; None for one that is."""
        return next((said for name, said in self.not_claimed.items() if _is(kind, method, name)), None)

    def _classes(self, file: str) -> list[type]:
        scope = {"__name__": "published", "__builtins__": {**vars(builtins), "__import__": self._imported}}
        text = re.sub(r"^ *@pytest.mark.requires_trainable_backend\n", "", (KERAS / file).read_text(), flags=re.M)
        exec(compile(text, file, "exec"), scope)
        return [
            one
            for one in scope.values()
            if isinstance(one, type) and issubclass(one, self.case) and one is not self.case
        ]

    def _imported(self, name, scope=None, here=None, names=(), level=0):
        if name == "keras.src.testing" or not name.startswith(("keras.src", "conftest", "grain", "tensorflow")):
            return builtins.__import__(name, scope, here, names, level)
        return SimpleNamespace(**{asked: self._found(name, asked) for asked in names or ()})

    def _found(self, module: str, name: str) -> Any:
        if name == "testing":
            return SimpleNamespace(**{**vars(testing), "TestCase": self.case})
        if module == "conftest":
            return lambda *said: lambda test: test
        if name in self.here.get(module, {}):
            return self.here[module][name]
        try:
            found = importlib.import_module(module)
            return getattr(found, name) if hasattr(found, name) else importlib.import_module(f"{module}.{name}")
        except ImportError:
            return Absent


def hold(suite: Suite, kind: type, method: str) -> None:
    """Run one of Keras's tests, and hold it to what is said of it."""
    with networks.keras_ways():
        if suite.reason(kind, method):
            with pytest.raises(
                (Exception, pytest.fail.Exception, pytest.skip.Exception)
            ):  # in whatever way it is not here
                _run(kind, method)
        else:
            _run(kind, method)


def _run(kind: type, method: str) -> None:
    case = kind(method)
    case.setUp()
    laid, policy = keras.config.image_data_format(), keras.config.dtype_policy()
    try:
        getattr(case, method)()
    finally:
        case.doCleanups()
        keras.config.set_image_data_format(laid)  # which some change, and leave so where they fail
        keras.config.set_dtype_policy(policy)


def left_over(suite: Suite) -> set[str]:
    """Reasons that no test has."""
    return {name for name in suite.not_claimed if not any(_is(kind, method, name) for _, kind, method in suite.tests())}


def _is(kind: type, method: str, name: str) -> bool:
    return fnmatchcase(method, name) or fnmatchcase(f"{kind.__name__}.{method}", name)

"""Keras's own published tests, each held to what is said of it; docs/keras.md keeps the record of how many pass, and why others are not claimed."""

from collections import Counter

import keras
import pytest

from tests.published import layer_suite, optimizer_suite
from tests.published.published import hold, left_over
from tests.test_house import ROOT

SUITES = layer_suite.SUITE, optimizer_suite.SUITE
TESTS = [(suite, kind, method) for suite in SUITES for _, kind, method in suite.tests()]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("suite", "kind", "method"), TESTS, ids=[f"{kind.__name__}.{method}" for _, kind, method in TESTS]
)
def test_keras_s_own(suite, kind, method):
    hold(suite, kind, method)


@pytest.mark.parametrize("suite", SUITES, ids=["layers", "optimizers"])
def test_no_reason_is_left_over(suite):
    assert not left_over(suite)


def record():
    """The lines of the page's table."""
    lines, passed, every = [], 0, 0
    for suite in SUITES:
        for name in suite.files:
            reasons = [suite.reason(kind, method) for file, kind, method in suite.tests() if file == name]
            counted = Counter(one for one in reasons if one)
            said = "; ".join(f"{one} ({count})" for one, count in counted.most_common()) or "none"
            lines.append(f"| `{name}` | {len(reasons)} | {reasons.count(None)} | {said} |")
            passed, every = passed + reasons.count(None), every + len(reasons)
    return [*lines, f"| all | {every} | {passed} | |"]


def test_the_page_says_what_passes():
    page = (ROOT / "docs" / "keras.md").read_text()
    part = page.partition("\n## Keras's own tests\n")[2].partition("\n## ")[0]
    assert f"Keras {keras.__version__}" in part
    assert [line for line in part.splitlines() if line.startswith(("| `", "| all"))] == record()

"""docs/keras.md keeps the record of Keras's own tests: for each file how many pass, and why others are not claimed."""

from collections import Counter

import keras

from tests.published import test_layers, test_optimizers
from tests.test_house import ROOT

SUITES = test_layers.SUITE, test_optimizers.SUITE


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

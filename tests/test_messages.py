"""Every message that a user can see appears in a test, word for word.

A message is what a refusal, a warning or a caveat is given; in the readers (data/, formats/) it is every text, because
all that they say ends in a message.  Each constant part, between the placeholders, must be in a string of some test.
Both sides are read from the syntax tree, so that nothing has to be raised.  Whether the test is a good one it cannot tell.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE, TESTS = ROOT / "src" / "why128", ROOT / "tests"

MAKERS = {
    "UsageError",
    "InputRefused",
    "SurroundingsError",
    "Why128Error",
    "BadParameter",
    "RequestRefused",
    "Caveat",
    "refusal",
    "warn",
}
READERS = {"data", "formats"}
SENTENCE = re.compile(
    r".*[^\W\d]{2} .*[^\W\d]{2}|.*[^\W\d]{6} .|.* [^\W\d]{6}"
)  # what is looked for: not a word or a sign
EDGES = " :;,.()'"  # of a part: a test may begin after them
# Texts in the readers that are no messages: what the known sets are, C, and a folder that is passed over.
SILENT = {"data/catalogue.py", "formats/c_source.py"}
NAMES = {"system volume information"}


def parts(node: ast.AST) -> Iterator[str]:
    """The constant parts of a text, but not those that a function on the way is given (a separator, a format)."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for value in values:
                yield from parts(value)
        case ast.FormattedValue(value=value):
            yield from parts(value)
        case ast.Call():
            return
        case _:
            for child in ast.iter_child_nodes(node):
                yield from parts(child)


def assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What names are given in a function, or directly in a module."""
    found: dict[str, list[ast.expr]] = {}
    for node in scope.body if isinstance(scope, ast.Module) else ast.walk(scope):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(node.value)
    return found


def told(node: ast.AST, names: dict[str, list[ast.expr]], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The parts of a message, those of the names in it included."""
    yield from parts(node)
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and name.id in names and name.id not in seen:
            for value in names[name.id]:
                yield from told(value, names, seen | {name.id})


def unspoken(tree: ast.Module) -> set[int]:
    """The nodes of docstrings, decorators, assertions and formats: no user reads their texts."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found |= {id(below) for decorator in node.decorator_list for below in ast.walk(decorator)}
            case ast.Expr(value=ast.Constant()):
                found.add(id(node.value))
            case ast.Assert() | ast.Compare() | ast.Call(func=ast.Attribute(attr="compile")):
                found |= {id(below) for below in ast.walk(node)}
            case ast.FormattedValue(format_spec=ast.AST() as spec):
                found |= {id(below) for below in ast.walk(spec)}
    return found


def scoped(node: ast.AST, names: dict[str, list[ast.expr]]) -> Iterator[tuple[ast.AST, dict[str, list[ast.expr]]]]:
    """Every node below, with what the names are given that it can use."""
    if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef)):
        names = names | assigned(node)
    yield node, names
    for child in ast.iter_child_nodes(node):
        yield from scoped(child, names)


def messages(text: str, all_texts: bool = False) -> dict[str, int]:
    """The parts of a module's messages, each with a line where it is said."""
    tree = ast.parse(text)
    silent, found = unspoken(tree), {}
    for node, names in scoped(tree, {}):
        given: Iterator[str] = iter(())
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in MAKERS:
                values = [*node.args, *(word.value for word in node.keywords)]
                given = (part for value in values for part in told(value, names))
        elif all_texts and isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            given = iter([node.value])
        found |= {part.strip(EDGES): node.lineno for part in given if SENTENCE.match(part.strip(EDGES))}
    return {part: line for part, line in found.items() if part not in NAMES}


@cache
def said_in_tests() -> str:
    """Every text of every test but this, once as it is and once as the regular expression that it may be."""
    texts = []
    for path in sorted(TESTS.rglob("*.py")):
        if path != Path(__file__):
            nodes = ast.walk(ast.parse(path.read_text()))
            texts += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    whole = "\0".join(texts)
    return whole + "\0" + re.sub(r"\\(.)", r"\1", whole)


def missing(text: str, said: str, all_texts: bool = False) -> list[str]:
    """The parts that no test has, each with its line."""
    return [f"line {line}: {part}" for part, line in messages(text, all_texts).items() if part not in said]


def modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if str(path.relative_to(SOURCE)) not in SILENT]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_message_appears_in_a_test(path: Path) -> None:
    readers = path.relative_to(SOURCE).parts[0] in READERS
    assert missing(path.read_text(), said_in_tests(), readers) == []


EXAMPLE = '''
WHAT_NEXT = "give a smaller number"
def check(n):
    """Not a message at all."""
    if n > 3:
        raise UsageError(f"{n:10 d} neurons are too many, expected {'at most 3' if n else 'some number'}", hint=WHAT_NEXT)
    return helper("said by a reader only")
'''


def test_a_message_without_a_test_is_found() -> None:
    whole = "9 neurons are too many, expected at most 3, or some number: give a smaller number"
    assert missing(EXAMPLE, whole) == []
    assert missing(EXAMPLE, whole.partition(":")[0]) == ["line 6: give a smaller number"]
    assert set(missing(EXAMPLE, "")) == {
        "line 6: neurons are too many, expected",
        "line 6: at most 3",
        "line 6: some number",
        "line 6: give a smaller number",
    }
    assert missing(EXAMPLE, whole, all_texts=True) == ["line 7: said by a reader only"]

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

Modules = Mapping[Path, ast.Module]
Function = ast.FunctionDef | ast.AsyncFunctionDef

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50
CLOCKS_OF_SQL = re.compile(
    r"\b(now|clock_timestamp|transaction_timestamp|statement_timestamp|timeofday|gen_random_uuid|uuidv4|uuidv7)\s*\(\s*\)"
    r"|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b",
    re.IGNORECASE,
)
MAY_ASK_THE_SERVER_ITS_TIME = {
    "src/careengine/runtime/doctor.py": "compares the server's clock with ours",
}


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    documents = {id(one.body[0].value) for one in ast.walk(tree) if _documented(one)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node


def _documented(node: ast.AST) -> bool:
    holds = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    return holds and ast.get_docstring(node, clean=False) is not None  # type: ignore[arg-type]


def test_no_file_is_longer_than_one_sitting(modules: Modules, root: Path) -> None:
    lengths = {path.relative_to(root): len(path.read_text().splitlines()) for path in modules}

    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_a_page(modules: Modules, root: Path) -> None:
    lengths = {
        f"{path.relative_to(root)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, tree in modules.items()
        for node in functions(tree)
    }

    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_every_module_opens_with_a_sentence(modules: Modules, root: Path) -> None:
    opening = {
        str(path.relative_to(root)): (ast.get_docstring(tree) or "").split("\n")[0]
        for path, tree in modules.items()
        if tree.body and not path.is_relative_to(root / "tests")
    }

    assert [name for name, sentence in opening.items() if not sentence.endswith((".", "?"))] == []


def test_no_sql_reads_a_clock_or_makes_an_id(modules: Modules, root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{text.lineno}: {match.group(0)}"
        for path, tree in modules.items()
        if path.is_relative_to(root / "src" / "careengine")
        and str(path.relative_to(root)) not in MAY_ASK_THE_SERVER_ITS_TIME
        for text in texts(tree)
        if (match := CLOCKS_OF_SQL.search(str(text.value)))
    ]

    assert found == []


def test_the_exceptions_still_need_their_exception(modules: Modules, root: Path) -> None:
    for name in MAY_ASK_THE_SERVER_ITS_TIME:
        assert any(CLOCKS_OF_SQL.search(str(text.value)) for text in texts(modules[root / name])), name


def test_sql_clocks_are_recognised_when_they_are_there() -> None:
    assert CLOCKS_OF_SQL.search("insert into event values (%s, now())")
    assert CLOCKS_OF_SQL.search("at timestamptz default CURRENT_TIMESTAMP")
    assert not CLOCKS_OF_SQL.search("what is known now (and later)")


def test_no_folder_is_a_drawer_for_odds_and_ends(files: tuple[Path, ...], root: Path) -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}

    assert [str(path.relative_to(root)) for path in files if {path.stem, path.parent.name} & drawers] == []

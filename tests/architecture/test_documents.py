import ast
import re
from collections.abc import Mapping
from pathlib import Path

Modules = Mapping[Path, ast.Module]

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(
    r"^\|(?P<question>[^|]+\?)\s*\| `(?P<function>decide_\w+)` \| `(?P<folder>[\w/]+)` "
    r"\| `(?P<policy>[\w.]+)` \|$",
    re.M,
)
HEADER = re.compile(
    r"^# (?P<number>\d{4}) .+\n"
    r"Status: (Proposed|Accepted|Replaced by \d{4}) · Date: \d{4}-\d{2}-\d{2} · Area: [a-z ]+ · Kept by: .+\n"
)
PARTS = ("**Context.**", "**Decision.**", "**Consequences.**", "**Rejected.**")


def documents(files: tuple[Path, ...]) -> list[Path]:
    return [path for path in files if path.suffix == ".md"]


def records(root: Path) -> list[Path]:
    return sorted((root / "docs" / "decisions").glob("[0-9]*.md"))


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.S)


def deciding(modules: Modules, root: Path) -> dict[str, tuple[str, str]]:
    """Return each function that answers a question: the folder of its package, and what it returns."""
    home = root / "src" / "careengine"
    return {
        node.name: (
            "/".join(path.relative_to(home).parts[:2]),
            ast.unparse(node.returns) if node.returns else "",
        )
        for path, tree in modules.items()
        if path.is_relative_to(home)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("decide_")
    }


def test_every_link_leads_somewhere(files: tuple[Path, ...], root: Path) -> None:
    broken = [
        f"{path.relative_to(root)} -> {target}"
        for path in documents(files)
        for target in LINK.findall(without_code(path.read_text()))
        if not re.match(r"(https?|mailto):|#", target) and not (path.parent / target.split("#")[0]).exists()
    ]

    assert broken == []


def test_the_readme_names_every_question_that_software_answers(modules: Modules, root: Path) -> None:
    table = {row["function"]: row["folder"] for row in ROW.finditer((root / "README.md").read_text())}

    assert table == {name: folder for name, (folder, _) in deciding(modules, root).items()}


def test_the_readme_names_policies_that_exist(root: Path) -> None:
    policies = root / "src" / "careengine" / "policies"
    for row in ROW.finditer((root / "README.md").read_text()):
        area, name = row["policy"].split(".")

        assert (policies / area / f"{name}.yaml").exists(), row["policy"]


def test_what_is_called_decide_returns_a_decision(modules: Modules, root: Path) -> None:
    returned = {name: kind for name, (_, kind) in deciding(modules, root).items()}

    assert [
        name for name, kind in returned.items() if not re.fullmatch(r"(Decision|Refusal|[| ])+", kind)
    ] == []


def test_every_decision_record_has_its_header_and_its_four_parts(root: Path) -> None:
    for path in records(root):
        text = path.read_text()
        header = HEADER.match(text)

        assert header, path.name
        assert path.name.startswith(header["number"]), path.name
        assert [part for part in PARTS if part not in text] == [], path.name


def test_decision_records_are_numbered_without_a_gap_and_listed(root: Path) -> None:
    numbers = [int(path.name[:4]) for path in records(root)]
    listed = (root / "docs" / "decisions" / "README.md").read_text()

    assert numbers == list(range(1, len(numbers) + 1))
    assert [path.name for path in records(root) if f"({path.name})" not in listed] == []


def test_a_decision_record_fits_on_a_page(root: Path) -> None:
    assert {path.name: size for path in records(root) if (size := len(path.read_text().split())) > 650} == {}


def test_every_kind_of_test_is_explained(root: Path) -> None:
    told = (root / "CONTRIBUTING.md").read_text()
    kinds = sorted({path.parent.name for path in (root / "tests").glob("*/*.py")})

    assert [kind for kind in kinds if f"`{kind}`" not in told] == []

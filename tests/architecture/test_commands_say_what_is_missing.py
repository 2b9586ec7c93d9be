import os
import shutil
import subprocess
from pathlib import Path

import pytest

APT = "Debian, Ubuntu: apt install python3.11-venv"
TOOLS = ("bash", "dirname", "df", "awk", "cat", "sha256sum", "tr", "tail", "env")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a folder with the shell's tools and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(Path(shutil.which(name) or "").resolve())
    return folder


def fake(tools: Path, name: str, script: str) -> None:
    (tools / name).unlink(missing_ok=True)
    (tools / name).write_text(f"#!{tools}/bash\n{script}\n")
    (tools / name).chmod(0o755)


def run(root: Path, tmp_path: Path, tools: Path, command: str) -> tuple[int, str]:
    """Run a copy of the command where nothing is installed yet."""
    shutil.copy(root / command, tmp_path / command)
    ran = subprocess.run(  # noqa: S603  our own command
        [tools / "bash", tmp_path / command],
        env={"PATH": str(tools), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr.strip()


@pytest.mark.parametrize("command", ["test", "demo"])
def test_without_python_it_says_which_to_install(
    root: Path, tmp_path: Path, tools: Path, command: str
) -> None:
    code, said = run(root, tmp_path, tools, command)

    assert code == 2
    assert said.startswith(f"{command}: Python 3.11 is missing; install it")
    assert "\n" not in said


@pytest.mark.parametrize("command", ["test", "demo"])
def test_without_venv_it_says_what_to_install(root: Path, tmp_path: Path, tools: Path, command: str) -> None:
    fake(tools, "python3.11", 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')

    code, said = run(root, tmp_path, tools, command)

    assert code == 2
    assert said == f"{command}: Python's venv module is missing; install it ({APT})."


@pytest.mark.parametrize("command", ["test", "demo"])
def test_with_a_full_disk_it_says_how_much_is_needed(
    root: Path, tmp_path: Path, tools: Path, command: str
) -> None:
    fake(tools, "python3.11", "exit 0")
    fake(tools, "df", "echo head; echo disk 9 9 102400 9%")

    code, said = run(root, tmp_path, tools, command)

    assert code == 2
    assert "only 100 MB of disk are free here" in said

"""Pictures of pages as people see them, each checked for accessibility before it is kept."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "build" / "screens"
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
}  # fmt: skip


def screens(page: Page, name: str) -> None:
    """Keep a picture of the page under ``build/screens``; a fault against WCAG 2.2 AA fails the test."""
    found = Axe().run(page, options=_RULES)
    faults = [
        f"{one['id']}: {one['help']} ({len(one['nodes'])}) {one['nodes'][0]['html'][:200]}"
        for one in found.response["violations"]
    ]
    assert faults == []
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png")
    # Taking the picture leaves empty style attributes, which a later swap would copy against the policy.
    page.evaluate("for (const one of document.querySelectorAll('[style=\"\"]')) one.removeAttribute('style')")

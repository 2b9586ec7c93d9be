"""Copy what browsers need from npm packages into the wheel, with licences and digests; users need no Node.

Run it with Node at hand after changing a version below: ``python tools/vendor_assets.py``.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

INTO = Path(__file__).parents[1] / "src/careengine/entrypoints/web/static/vendor"
ICONS = (
    "activity", "arrow-left", "at-sign", "calendar", "calendar-check", "calendar-x", "camera",
    "chart-column", "check", "chevron-right", "circle-alert", "circle-check-big", "circle-help", "clock",
    "external-link", "file-text", "fingerprint-pattern", "flask-conical", "globe", "hand-helping",
    "history", "house", "id-card", "inbox", "key-round", "languages", "link", "list-checks", "lock",
    "log-out", "map-pin", "message-square", "moon", "paperclip", "pause", "phone", "play", "plug",
    "printer", "route", "scroll-text", "search", "send", "shield-alert", "shield-check", "stethoscope",
    "sun", "timer", "undo-2", "user", "users", "wallet", "workflow", "x",
)  # fmt: skip
PACKAGES = {
    "htmx.org": (
        "4.0.1", "0BSD",
        {"dist/htmx.min.js": "htmx.min.js", "dist/ext/hx-sse.min.js": "hx-sse.min.js"},
    ),
    "lucide-static": ("1.62.0", "ISC", {f"icons/{name}.svg": f"icons/{name}.svg" for name in ICONS}),
    "@fontsource-variable/inter": (
        "5.3.0", "OFL-1.1",
        {f"files/inter-{part}-wght-normal.woff2": f"inter-{part}.woff2" for part in ("latin", "latin-ext")},
    ),
}  # fmt: skip
LICENCES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE")


def vendor() -> None:
    """Fetch the packages, copy the files named above and write ``VENDORED.json``."""
    shutil.rmtree(INTO, ignore_errors=True)
    with tempfile.TemporaryDirectory() as made:
        wanted = [f"{name}@{version}" for name, (version, *_) in PACKAGES.items()]
        install = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--prefix", made, *wanted]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  names and versions above
        found = [_copied(Path(made), name) for name in PACKAGES]
    (INTO / "VENDORED.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _copied(made: Path, name: str) -> dict[str, object]:
    version, licence, files = PACKAGES[name]
    package = made / "node_modules" / name
    folder = INTO / f"{name.rpartition('/')[2].removesuffix('.org').removesuffix('-static')}-{version}"
    both = files | {one: one for one in LICENCES if (package / one).exists()}
    for source, target in both.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / source, folder / target)
    digests = {
        target: hashlib.sha256((folder / target).read_bytes()).hexdigest() for target in sorted(both.values())
    }
    return {"name": name, "version": version, "licence": licence, "folder": folder.name, "sha256": digests}


if __name__ == "__main__":
    vendor()

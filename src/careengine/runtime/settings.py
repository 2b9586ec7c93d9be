"""What the environment says about this process: where its database, its home and its organisation are."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from careengine.kernel.errors import CareError

_PREFIX = "CAREENGINE_"
_SECRET = f"{_PREFIX}SECRET_"
_KNOWN = {
    "DATABASE_URL", "HOME", "ORGANISATION", "MODE", "CLOCK", "HOLD_EFFECTS", "LOG_LEVEL", "PUBLIC_URL",
    "OIDC_URL", "OIDC_CLIENT", "OIDC_NAME", "TRACES",
}  # fmt: skip
_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


class SettingsInvalid(CareError):
    """A variable of the environment is wrong; the message names it and says what it may be."""


class Mode(StrEnum):
    """What this installation is for."""

    TRY = "try"
    """Trying out: the embedded PostgreSQL and a stepped clock are allowed."""
    PRODUCTION = "production"
    """Patients depend on it: ``doctor`` refuses what could lose or confuse their data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Secrets are in it and never in its ``repr``."""

    database_url: str | None = field(default=None, repr=False)
    """``None`` means the embedded PostgreSQL in ``home``."""
    home: Path = Path("var")
    organisation: Path = Path("organisation.yaml")
    mode: Mode = Mode.TRY
    clock: str = "system"
    hold_effects: bool = False
    """Nothing leaves for a partner: the way to start after a restore, until partners were asked."""
    log_level: str = "info"
    public_url: str = ""
    """The address under which the world reaches us, without a slash at its end: it stands in links, and
    whoever calls us back signs it. Empty where nobody does."""
    traces: str = ""
    """Where traces go: nowhere, ``console``, or the URL of an OTLP receiver."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By partner's name as a variable may be called: in lower case, ``_`` for ``-``."""

    def secret(self, partner: str) -> str:
        """Return a partner's secret; a missing one is an error that names the variable to set."""
        try:
            return self.secrets[partner.lower().replace("-", "_")]
        except KeyError:
            name = f"{_SECRET}{partner.upper().replace('-', '_')}"
            raise SettingsInvalid(f"Partner {partner} needs a secret. Set {name}, or {name}_FILE.") from None


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings; an unknown or impossible variable is an error that says what to do."""
    given = {name.removeprefix(_PREFIX): value for name, value in environ.items() if name.startswith(_PREFIX)}
    secrets = {name: given.pop(name) for name in list(given) if name.startswith("SECRET_")}
    unknown = sorted(set(given) - _KNOWN)
    if unknown:
        known = ", ".join(f"{_PREFIX}{name}" for name in sorted(_KNOWN))
        raise SettingsInvalid(f"{_PREFIX}{unknown[0]} is no setting. Remove it, or use one of {known}.")
    get = {name: value.strip() for name, value in given.items()}.get
    return Settings(
        database_url=_database_url(get("DATABASE_URL", "")),
        home=_path("HOME", get("HOME", "var")),
        organisation=_path("ORGANISATION", get("ORGANISATION", "organisation.yaml")),
        mode=_mode(get("MODE", Mode.TRY)),
        clock=_clock(get("CLOCK", "system")),
        hold_effects=_hold_effects(get("HOLD_EFFECTS", "")),
        log_level=_log_level(get("LOG_LEVEL", "info")),
        traces=_traces(get("TRACES", "")),
        public_url=_public_url(get("PUBLIC_URL", "")),
        secrets=_secrets(secrets),
    )


def _secrets(given: Mapping[str, str]) -> dict[str, str]:
    """Read each secret from its variable or from the file that ``…_FILE`` names."""
    found: dict[str, str] = {}
    for name, value in given.items():
        in_file = name.endswith("_FILE")
        partner = name.removeprefix("SECRET_").removesuffix("_FILE").lower()
        if partner in found:
            raise SettingsInvalid(
                f"{_PREFIX}{name} is given twice, itself and as a file. Remove one of them."
            )
        try:
            found[partner] = Path(value).read_text(encoding="utf-8").strip() if in_file else value.strip()
        except OSError as error:
            raise SettingsInvalid(f"{_PREFIX}{name} names a file that cannot be read. Correct it.") from error
        if not found[partner]:
            raise SettingsInvalid(f"{_PREFIX}{name} is empty. Give the secret, or remove the variable.")
    return found


def _database_url(value: str) -> str | None:
    if not value:
        return None
    if not re.match(r"^postgres(ql)?://", value):
        raise SettingsInvalid(
            "CAREENGINE_DATABASE_URL must begin with postgresql://, like postgresql://user@host/careengine. "
            "Correct it, or remove it to use the embedded PostgreSQL."
        )
    return value


def _mode(value: str) -> Mode:
    try:
        return Mode(value)
    except ValueError:
        raise SettingsInvalid("CAREENGINE_MODE must be 'try' or 'production'. Set one of them.") from None


def _clock(value: str) -> str:
    if value != "system" and not re.match(r"^stepped:.+", value):
        raise SettingsInvalid("CAREENGINE_CLOCK must be 'system' or 'stepped:PATH'. Set one of them.")
    return value


def _hold_effects(value: str) -> bool:
    if value.lower() not in _TRUTH:
        raise SettingsInvalid("CAREENGINE_HOLD_EFFECTS must be 'true' or 'false'. Set one of them.")
    return _TRUTH[value.lower()]


def _log_level(value: str) -> str:
    if value.lower() not in {"debug", "info", "warning", "error"}:
        raise SettingsInvalid("CAREENGINE_LOG_LEVEL must be debug, info, warning or error. Set one of them.")
    return value.lower()


def _traces(value: str) -> str:
    if value not in {"", "console"} and not re.match(r"^https?://", value):
        raise SettingsInvalid(
            "CAREENGINE_TRACES must be 'console' or the URL of an OTLP receiver. Correct it."
        )
    return value


def _public_url(value: str) -> str:
    if value and not re.match(r"^https?://[^/?#@\s]+(/[^?#\s]*)?$", value):
        raise SettingsInvalid(
            "CAREENGINE_PUBLIC_URL must be the http or https address the world reaches us under. Correct it."
        )
    return value.rstrip("/")


def _path(name: str, value: str) -> Path:
    if not value:
        raise SettingsInvalid(f"{_PREFIX}{name} is empty. Give a path, or remove the variable.")
    return Path(os.path.expanduser(value))  # noqa: PTH111  Path.expanduser fails for an unknown user

"""The environment is read strictly; each wrong value says what to do."""

from pathlib import Path

import pytest

from careengine.runtime.settings import Mode, SettingsInvalid, load_settings


def test_without_any_environment_it_is_for_trying_out() -> None:
    settings = load_settings({"HOME": "/root", "PATH": "/bin"})
    assert settings.mode is Mode.TRY
    assert settings.database_url is None
    assert settings.home == Path("var")
    assert settings.clock == "system"
    assert not settings.hold_effects


def test_every_setting_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    settings = load_settings({
        "CAREENGINE_DATABASE_URL": "postgresql://care:hunter2@db/care",
        "CAREENGINE_HOME": str(tmp_path),
        "CAREENGINE_ORGANISATION": "/etc/careengine/organisation.yaml",
        "CAREENGINE_MODE": "production",
        "CAREENGINE_CLOCK": "stepped:/run/clock",
        "CAREENGINE_HOLD_EFFECTS": "true",
        "CAREENGINE_LOG_LEVEL": "WARNING",
        "CAREENGINE_TRACES": "http://127.0.0.1:4318/v1/traces",
        "CAREENGINE_SECRET_LAB": "s3cret",
        "CAREENGINE_SECRET_PAYER_FILE": str(tmp_path / "secret"),
    })  # fmt: skip
    assert settings.mode is Mode.PRODUCTION
    assert settings.hold_effects
    assert (settings.secret("lab"), settings.secret("PAYER")) == ("s3cret", "from a file")
    assert "s3cret" not in repr(settings)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(("name", "value", "says"), [
    ("MODE", "live", "'try' or 'production'"),
    ("CLOCK", "fast", "stepped:PATH"),
    ("CLOCK", "stepped:", "stepped:PATH"),
    ("HOLD_EFFECTS", "maybe", "'true' or 'false'"),
    ("DATABASE_URL", "mysql://db", "postgresql://"),
    ("DATABASE_URL", "host=db dbname=care", "postgresql://"),
    ("HOME", "", "CAREENGINE_HOME is empty"),
    ("ORGANISATION", " ", "CAREENGINE_ORGANISATION is empty"),
    ("LOG_LEVEL", "loud", "debug, info"),
    ("TRACES", "collector:4318", "OTLP"),
    ("SECRET_LAB", "", "SECRET_LAB is empty"),
    ("SECRET_LAB_FILE", "/nowhere/secret", "cannot be read"),
    ("DATABSE_URL", "postgresql://db", "is no setting"),
])  # fmt: skip
def test_a_wrong_value_says_what_it_may_be(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says):
        load_settings({f"CAREENGINE_{name}": value})


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(SettingsInvalid, match="given twice"):
        load_settings({"CAREENGINE_SECRET_LAB": "y", "CAREENGINE_SECRET_LAB_FILE": str(tmp_path / "secret")})


def test_a_missing_secret_names_the_variable_to_set() -> None:
    with pytest.raises(SettingsInvalid, match="CAREENGINE_SECRET_LAB"):
        load_settings({}).secret("lab")

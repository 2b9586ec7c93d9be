"""What Django is told: which packages own tables, and where. Importable without any environment."""

import os
from typing import Any

from psycopg.conninfo import conninfo_to_dict


def _database(url: str) -> dict[str, Any]:
    parts = conninfo_to_dict(url)
    known = {"dbname", "user", "password", "host", "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "careengine"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "OPTIONS": {key: value for key, value in parts.items() if key not in known},
        "CONN_MAX_AGE": 0,
    }


INSTALLED_APPS = [
    "careengine.runtime",
    "careengine.record",
    "careengine.policy",
    "careengine.trust",
    "careengine.engine",
    "careengine.worklist",
]
DATABASES = {"default": _database(os.environ.get("CAREENGINE_DATABASE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

"""What Django is told: tables, sessions, templates, sign-in. Importable without any environment."""

import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

HERE = Path(__file__).parent


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
        "OPTIONS": {
            **{key: value for key, value in parts.items() if key not in known},
            "pool": {"min_size": 1, "max_size": 8, "timeout": 10},
        },
        "CONN_MAX_AGE": 0,
    }


INSTALLED_APPS = [
    "careengine.runtime",
    "careengine.record",
    "careengine.policy",
    "careengine.trust",
    "careengine.engine",
    "careengine.worklist",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "careengine.entrypoints.web",
]
DATABASES = {"default": _database(os.environ.get("CAREENGINE_DATABASE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

SECRET_KEY = os.environ.get("CAREENGINE_SECRET_PAGES", "")
"""Signs sessions; ``careengine serve`` makes one for trying out and refuses to go without in production."""
DEBUG = False
ALLOWED_HOSTS = ["*"]
"""Whatever stands before us names the host; links are made of CAREENGINE_PUBLIC_URL, never of the request."""
ROOT_URLCONF = "careengine.entrypoints.web.urls"
APPEND_SLASH = False

MIDDLEWARE = [
    "careengine.entrypoints.web.headers.headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "careengine.entrypoints.web.sessions.timed",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "careengine.entrypoints.web.who.known",
    "careengine.entrypoints.web.calm.Calm",
]
CSRF_FAILURE_VIEW = "careengine.entrypoints.web.calm.forged"

_CONTEXT = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "environment": "careengine.entrypoints.web.drawing.environment",
            "context_processors": ["careengine.entrypoints.web.frame.frame"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _CONTEXT},
    },
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [HERE / "locale"]

SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "attempt",
        "TIMEOUT": 600,
    }
}
"""Counts who guesses, for all processes together."""

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
"""Length, not kinds of letters: NIST SP 800-63B-4 section 3.1.1.2."""
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_ADAPTER = "careengine.entrypoints.web.adapters.Accounts"
SOCIALACCOUNT_ADAPTER = "careengine.entrypoints.web.adapters.FromTheHospital"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
"""Five wrong passwords in five minutes shut an account for these five minutes, whoever types."""
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "CareEngine"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = os.environ.get("CAREENGINE_MODE", "") != "production"
"""On this machine itself a browser takes passkeys without TLS, for trying out."""
USERSESSIONS_TRACK_ACTIVITY = False
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
_OIDC = {
    "provider_id": "hospital",
    "name": os.environ.get("CAREENGINE_OIDC_NAME", ""),
    "client_id": os.environ.get("CAREENGINE_OIDC_CLIENT", ""),
    "secret": os.environ.get("CAREENGINE_SECRET_OIDC", ""),
    "settings": {"server_url": os.environ.get("CAREENGINE_OIDC_URL", "")},
}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [_OIDC] if _OIDC["client_id"] else []}
}
"""The hospital's own identity provider, where one is named in the environment."""

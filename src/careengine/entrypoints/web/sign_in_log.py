"""Every sign-in, sign-out and refused try as a line of the log: by login, never by what was typed."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from careengine.runtime.telemetry import get_logger


def watch() -> None:
    """Listen for whoever comes in, goes, or is refused."""
    user_logged_in.connect(_came_in, dispatch_uid="sign_in_log.in")
    user_logged_out.connect(_went, dispatch_uid="sign_in_log.out")
    user_login_failed.connect(_refused, dispatch_uid="sign_in_log.refused")


def _came_in(sender: object, **said: Any) -> None:
    del sender
    get_logger().info("signed in", login=said["user"].get_username())


def _went(sender: object, **said: Any) -> None:
    del sender
    if said.get("user") is not None:
        get_logger().info("signed out", login=said["user"].get_username())


def _refused(sender: object, **said: Any) -> None:
    """What was typed may be anything, a password or a patient's name: only a known login is logged."""
    del sender
    typed = str(said.get("credentials", {}).get("username", ""))
    known = get_user_model().objects.filter(username=typed).exists()
    get_logger().warning("sign in refused", login=typed if known else "unknown")

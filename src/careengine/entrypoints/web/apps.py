"""The pages as Django knows them: tables under the label ``web``."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The people's pages."""

    name = "careengine.entrypoints.web"
    label = "web"
    default = True

    def ready(self) -> None:
        """Log who comes in and who is refused; models must be loaded before it listens."""
        from careengine.entrypoints.web.sign_in_log import watch

        watch()

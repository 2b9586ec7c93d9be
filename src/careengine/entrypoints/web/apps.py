"""The pages as Django knows them: tables under the label ``web``."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The people's pages."""

    name = "careengine.entrypoints.web"
    label = "web"
    default = True

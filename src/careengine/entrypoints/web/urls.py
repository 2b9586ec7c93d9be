"""Which address shows which page."""

from django.urls import path

from careengine.entrypoints.web import inbox, static_files

urlpatterns = [
    path("", inbox.page),
    path("static/<path:name>", static_files.serve),
]

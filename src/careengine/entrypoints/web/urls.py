"""Which address shows which page."""

from django.urls import path

from careengine.entrypoints.web import calm, cards, inbox, live, patients, sources, static_files

urlpatterns = [
    path("", inbox.page),
    path("live", live.stream),
    path("cards/<int:card>", cards.show),
    path("cards/<int:card>/decide", cards.decide),
    path("cards/<int:card>/undo", cards.undo),
    path("cards/<int:card>/take", cards.take),
    path("cards/<int:card>/hand-over", cards.hand_over),
    path("cards/<int:card>/snooze", cards.snooze),
    path("cards/<int:card>/escalate", cards.escalate),
    path("cases/<int:case>", patients.case),
    path("patients/<uuid:subject>", patients.show),
    path("sources/<path:source>", sources.show),
    path("static/<path:name>", static_files.serve),
]
handler404 = calm.not_found
handler500 = calm.broken

"""Which address shows which page."""

from django.urls import path

from careengine.entrypoints.web import (
    bulk_acts,
    calm,
    cards,
    inbox,
    live,
    patients,
    sources,
    static_files,
    team,
)

urlpatterns = [
    path("", inbox.page),
    path("live", live.stream),
    path("cards/bulk", bulk_acts.act),
    path("cards/bulk/undo", bulk_acts.undo),
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
    path("team", team.show),
    path("team/reassign", team.reassign),
    path("team/lane", team.lane),
    path("static/<path:name>", static_files.serve),
]
handler404 = calm.not_found
handler500 = calm.broken

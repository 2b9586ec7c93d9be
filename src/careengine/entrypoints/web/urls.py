"""Which address shows which page."""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from django.urls import include, path

from careengine.entrypoints.web import (
    accounts,
    bulk_acts,
    calm,
    cards,
    inbox,
    invited,
    live,
    patients,
    phone,
    phone_card,
    phone_form,
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
    path("p/visit/<str:token>", phone.page),
    path("p/intake/<str:token>", phone_form.page),
    path("p/card/<str:token>", phone_card.page),
    path("link/<str:token>", invited.come_in),
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/second/", factors.authenticate, name="mfa_authenticate"),
    path("sign-out/", account.logout, name="account_logout"),
    path("accounts/", accounts.home, name="mfa_index"),
    path("accounts/sessions/<int:session>/end", accounts.end_session),
    path("accounts/again/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/again/second/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("accounts/password/", account.password_change, name="account_change_password"),
    path("accounts/password/set/", account.password_set, name="account_set_password"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/app/", include("allauth.mfa.totp.urls")),
    path("accounts/codes/", include("allauth.mfa.recovery_codes.urls")),
    path("accounts/keys/", include("allauth.mfa.webauthn.urls")),
    path("accounts/hospital/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("accounts/nobody/", accounts.closed, name="account_signup"),
    path("accounts/nobody/", accounts.closed, name="account_reset_password"),
    path("accounts/nobody/", accounts.closed, name="account_email"),
    path("accounts/nobody/", accounts.closed, name="account_email_verification_sent"),
    path("accounts/nobody/", accounts.closed, name="usersessions_list"),
]
handler404 = calm.not_found
handler500 = calm.broken

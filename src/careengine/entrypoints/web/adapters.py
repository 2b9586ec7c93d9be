"""What the sign-in library is told: nobody signs up, and whom the hospital's provider may bring."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib.auth.models import User
from django.http import HttpRequest

from careengine.entrypoints.staff import UnknownPerson, person_called
from careengine.entrypoints.web.house import house

_LOGIN = "preferred_username"
"""The claim of OpenID Connect Core 1.0 section 5.1 that holds the login."""


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # untyped library
    """Accounts are of those in ``organisation.yaml``; an invitation makes them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account for themselves."""
        del request
        return False


class FromTheHospital(DefaultSocialAccountAdapter):  # type: ignore[misc]  # untyped library
    """Accounts that the hospital's identity provider vouches for."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Let in who is in ``organisation.yaml`` under the login the provider names."""
        del request
        try:
            person_called(house().organisation, _login_of(sociallogin))
        except UnknownPerson:
            return False
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Let somebody who came by an invitation before into the account they have."""
        if sociallogin.is_existing or not self.is_open_for_signup(request, sociallogin):
            return
        known = User.objects.filter(username=_login_of(sociallogin)).first()
        if known is not None:
            sociallogin.connect(request, known)

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        """Call the account as the provider calls the person."""
        user = super().populate_user(request, sociallogin, data)
        user.username = _login_of(sociallogin)
        return user


def _login_of(sociallogin: Any) -> str:
    told = sociallogin.account.extra_data
    return str((told.get("userinfo") or told.get("id_token") or told).get(_LOGIN, ""))

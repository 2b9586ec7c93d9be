"""Formats and partners: how the outside world speaks. No decisions here."""

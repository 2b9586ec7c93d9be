"""The ways in: they translate, and compose the engine from what lies below. No decisions here."""

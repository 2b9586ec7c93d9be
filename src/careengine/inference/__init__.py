"""The only door to any model: what goes in is redacted, what comes out carries version and confidence."""

"""Our own JSON API, version 1."""

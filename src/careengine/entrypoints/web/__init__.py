"""The way in for people's browsers, and the settings by which the database is migrated."""

"""The record: every FHIR resource as it came, in every version, searchable; read only through ``trust``."""

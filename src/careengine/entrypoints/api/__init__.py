"""FHIR over HTTP for partners: what comes in is stored before it is acknowledged."""

"""The FHIR server as a benchmark runs it: python fhir_server.py URL PORT PROCESSES."""

import os
import sys

import uvicorn
from fastapi import FastAPI

from careengine.entrypoints.api.application import application
from careengine.entrypoints.api.desk import Served
from careengine.trust.access import Access


def made() -> FastAPI:
    """Make the application of one process."""
    return application(Served(url=os.environ["BENCH_URL"], tokens={}, access=Access.from_package()))


if __name__ == "__main__":
    os.environ["BENCH_URL"] = sys.argv[1]
    uvicorn.run(
        "fhir_server:made", factory=True, workers=int(sys.argv[3]), host="127.0.0.1", port=int(sys.argv[2]),
        http="httptools", loop="uvloop", log_level="error", access_log=False, ws="none",
    )  # fmt: skip

"""The yardstick: plain DBOS 3-step workflows, one after another in one process, in its best mode here."""

import sys
import time

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer


@DBOS.step()
def step(n: int) -> int:
    """Do next to nothing."""
    return n + 1


@DBOS.workflow()
def three_steps(n: int) -> int:
    """Take three steps."""
    return step(step(step(n)))


def main() -> None:
    """Say ready, wait for the word, run workflows, print how many a second."""
    url, count, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    config = DBOSConfig(
        name="baseline", system_database_url=url, executor_id=name, serializer=DBOSPortableJSONSerializer(),
        console_log_level="ERROR",
    )  # fmt: skip
    DBOS(config=config)
    DBOS.launch()
    for n in range(20):
        three_steps(n)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    for n in range(count):
        three_steps(n)
    print(count / (time.perf_counter() - began), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()

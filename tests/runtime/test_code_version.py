"""The code version names the sources that can change a decision."""

import re

from careengine.runtime.code_version import code_version


def test_it_is_sixteen_hex_digits_and_the_same_every_time() -> None:
    code_version.cache_clear()
    first = code_version()
    code_version.cache_clear()
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    assert code_version() == first

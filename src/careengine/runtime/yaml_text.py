"""YAML read strictly: a key given twice is an error, not the last one winning."""

from collections.abc import Hashable
from typing import Any

import yaml

from careengine.kernel.errors import CareError


class YamlInvalid(CareError):
    """A text is no YAML, or names a key twice; the message gives the line."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  yaml's own signature
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key}' is given twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(text: str, called: str) -> Any:
    """Return the values of ``text``; ``called`` is the file's name, for the error."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader that also refuses double keys
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise YamlInvalid(f"{called}{line}: {error.problem}. Correct it.") from None
    except yaml.YAMLError as error:
        raise YamlInvalid(f"{called} is not YAML ({type(error).__name__}). Correct it.") from None

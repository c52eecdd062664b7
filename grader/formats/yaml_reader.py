"""Read YAML as authors mean it: the one reader of scenario, lab and quiz files.

The composer (libyaml's, if PyYAML was built with it) gives nodes with line numbers. This module turns them into values
and refuses what YAML would quietly read as something else: repeated keys, `010` (8), `12:30` (750), `yes` (true),
dates, aliases and tags. Every refusal names file, line, what was found and what to write instead.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from grader.errors import FormatError

if TYPE_CHECKING:
    import yaml

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z|0x[0-9a-fA-F]{1,16}\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_STRING = "tag:yaml.org,2002:str"
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

#: Characters of a scalar that a message shows.
LONGEST = 60

#: The types that YAML 1.1 gives to scalars without quotes; any other tag was written by hand.
_KINDS = {"str", "int", "float", "bool", "null", "timestamp", "merge", "value"}


class Block(dict[str, Any]):
    """A mapping that knows the line of each of its keys."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Items(list[Any]):
    """A sequence that knows the line of each of its items."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def read_yaml(text: str | bytes, name: str) -> Any:
    """Return the one document in `text`: Block, Items, str, int, float or bool. FormatError for anything doubtful."""
    if isinstance(text, bytes):
        text = _decoded(text, name)
    # Only now: a run that finds all its files parsed (kept_trees.py) spares the import of PyYAML, too.
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        context, begun = error.context, error.context_mark.line + 1 if error.context_mark else line
        if context and begun < line:  # a bracket that is not closed is noticed in a later line
            context += f" that begins in line {begun}"
        problem = " ".join(part for part in (context, error.problem) if part)
        if _is_indented_by_tab(text, line):
            raise FormatError(name, line, "a tab cannot indent a line in YAML; use spaces") from None
        raise FormatError(name, line, f"this is not YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise FormatError(name, 1, f"this is not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise FormatError(name, 1, "nested too deeply") from None
    if node is None:
        raise FormatError(name, 1, "the file is empty")
    return _Reader(name).value(node, 0)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(name, line, f"byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8") from None


def _is_indented_by_tab(text: str, line: int) -> bool:
    lines = text.split("\n")
    found = lines[line - 1] if line <= len(lines) else ""
    return "\t" in found[: len(found) - len(found.lstrip())]


def plain_value(value: object) -> Any:
    """Return Block and Items as dict and list."""
    if isinstance(value, dict):
        return {key: plain_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    return value


class _Reader:
    """Turns the nodes of one document into values."""

    #: Nothing that people write by hand nests deeper.
    DEPTH = 24

    def __init__(self, name: str) -> None:
        from yaml import MappingNode, ScalarNode

        self.name = name
        self._scalar, self._mapping = ScalarNode, MappingNode
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, depth: int) -> object:
        if isinstance(node, self._scalar):
            return self.scalar(node)
        line = node.start_mark.line + 1
        if id(node) in self.seen:
            raise FormatError(self.name, line, "an alias (*name) is not accepted; write the value again")
        self.seen.add(id(node))
        if depth > self.DEPTH:
            raise FormatError(self.name, line, f"nested more than {self.DEPTH} levels deep")
        if node.tag not in _PLAIN:
            raise FormatError(self.name, line, f"the tag {node.tag!r} is not accepted")
        if isinstance(node, self._mapping):
            return self.mapping(node, line, depth)
        items = Items(line)
        for child in node.value:
            items.append(self.value(child, depth + 1))
            items.lines.append(child.start_mark.line + 1)
        return items

    def mapping(self, node: yaml.MappingNode, line: int, depth: int) -> Block:
        block = Block(line)
        for key_node, child in node.value:
            at = key_node.start_mark.line + 1
            if not isinstance(key_node, self._scalar):
                raise FormatError(self.name, at, "a key must be a word")
            key = key_node.value
            if not key_node.style and key_node.tag != _STRING and key != "on":
                key = str(self.scalar(key_node))
            if key in block:
                raise FormatError(self.name, at, f"{key!r} is given twice; first in line {block.lines[key]}")
            block[key] = self.value(child, depth + 1)
            block.lines[key] = at
        return block

    def scalar(self, node: yaml.ScalarNode) -> object:
        text = node.value
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind not in _KINDS or (node.style and kind != "str"):
            raise FormatError(self.name, node.start_mark.line + 1, f"the tag {node.tag!r} is not accepted")
        if kind == "str":
            return text
        if _INTEGER.match(text):
            return int(text, 0)
        if text in ("true", "false"):
            return text == "true"
        if _DECIMAL.match(text) and math.isfinite(decimal := float(text)):
            return decimal
        raise FormatError(self.name, node.start_mark.line + 1, _surprise(text, node.tag))


def _surprise(text: str, tag: str) -> str:
    kind = tag.rpartition(":")[2]
    if len(text) > LONGEST:
        was = {"int": "number", "float": "number"}.get(kind, kind)
        return f"{text[:LONGEST]!r}… would be read as a {was}; write a shorter one, or put a text in quotes"
    if kind == "merge":
        return f"{text!r} merges mappings, which is not accepted; write the fields again, or '{text}' in quotes"
    if kind == "null":
        return (
            "a value is missing here"
            if not text or text == "~"
            else f"{text!r} means nothing; give a value or quote it"
        )
    if kind == "bool":
        meaning = "true" if text.lower() in ("yes", "on", "true", "y") else "false"
        return f"{text!r} would be read as {meaning}; write {meaning}, or '{text}' in quotes if it is a word"
    if kind == "int":
        value = _yaml_integer(text)
        was = f" as {value}" if value else ""
        return f"{text!r} would be read{was}; write the number in decimal, or '{text}' in quotes if it is a word"
    if kind == "timestamp":
        return f"the date {text!r} needs quotes; write '{text}'"
    return f"{text!r} would be read as a {kind}; write a plain number, or '{text}' in quotes if it is a word"


def _yaml_integer(text: str) -> str:
    """Return the number that YAML 1.1 reads in `010`, `0b1` or `12:30`; "" if it is none."""
    import yaml

    try:
        return str(int(yaml.safe_load(text)))
    except (yaml.YAMLError, ValueError, TypeError):
        return ""

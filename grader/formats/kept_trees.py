"""Keeps what YAML files said between runs: a file is parsed again only if its bytes have changed.

Parsing the files of a lab, and importing PyYAML for it, is a tenth of what `grader run` costs. What is kept is what
`read_yaml` returned, before anything was checked; a file that it refuses is not kept. So a result is the same with and
without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
from typing import Any

from grader.formats.yaml_reader import Block, Items, read_yaml
from grader.kept import Pack

#: Folder of the cache.
KIND = "yaml"

#: Files that a pack holds at most.
MOST = 600


class KeptTrees:
    """The trees of the YAML files of one folder, in one pack.

    Use it as a context manager: what had to be parsed is kept when it is left without an exception.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._pack = Pack(KIND, folder, MOST)

    def __enter__(self) -> KeptTrees:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._pack.save()

    def read(self, data: bytes, name: str) -> Any:
        """Return what `read_yaml` returns for these bytes. FormatError as there."""
        digest = hashlib.sha256(data).digest()
        known = self._pack.get(digest)
        if known is not None:
            with contextlib.suppress(ValueError, TypeError, IndexError):
                return _tree(known)
        tree = read_yaml(data, name)
        self._pack.put(digest, _plain(tree))
        return tree


def _plain(value: object) -> object:
    """Return a tree of tuples (mappings), lists (sequences) and scalars, with the lines."""
    if isinstance(value, Block):
        return (value.line, *((key, value.lines[key], _plain(item)) for key, item in value.items()))
    if isinstance(value, Items):
        return [value.line, *((line, _plain(item)) for line, item in zip(value.lines, value, strict=True))]
    return value


def _tree(plain: object) -> object:
    """Return the Block, Items or scalar that `_plain` was given."""
    if isinstance(plain, tuple):
        block = Block(plain[0])
        for key, line, item in plain[1:]:
            block[key] = _tree(item)
            block.lines[key] = line
        return block
    if isinstance(plain, list):
        items = Items(plain[0])
        for line, item in plain[1:]:
            items.append(_tree(item))
            items.lines.append(line)
        return items
    return plain

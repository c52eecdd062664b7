"""Keeps what YAML files said between runs: a file is parsed again only if its bytes have changed.

Parsing the files of a lab, and importing PyYAML for it, is a tenth of what `grader run` costs. What is kept is what
`read_yaml` returned, before anything was checked; a file that it refuses is not kept. So a result is the same with and
without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import pathlib
import sys
import zlib
from typing import Any

from grader import kept
from grader.formats import yaml_reader
from grader.formats.yaml_reader import Block, Items, read_yaml

#: Folder of the cache.
KIND = "yaml"

#: Files that a pack holds at most, and packs that are kept. Fewer new files than FEW are not worth writing.
MOST, PACKS, FEW = 600, 40, 8


class KeptTrees:
    """The trees of the YAML files of one folder, in one pack.

    Use it as a context manager: what had to be parsed is kept when it is left without an exception.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._key = hashlib.sha256(f"{_reader()}\0{folder.resolve()}".encode("utf-8", "surrogatepass")).hexdigest()
        self._packed = _unpack(kept.read(KIND, self._key))
        self._new = 0

    def __enter__(self) -> KeptTrees:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and (self._new >= FEW or (self._new and len(self._packed) > FEW)):
            most_recent = dict(list(self._packed.items())[-MOST:])
            with contextlib.suppress(OSError):  # the next run parses again
                kept.keep(KIND, self._key, zlib.compress(marshal.dumps(most_recent), 1), PACKS)

    def read(self, data: bytes, name: str) -> Any:
        """Return what `read_yaml` returns for these bytes. FormatError as there."""
        digest = hashlib.sha256(data).digest()
        known = self._packed.get(digest)
        if known is not None:
            with contextlib.suppress(ValueError, TypeError, IndexError):
                return _tree(known)
        tree = read_yaml(data, name)
        self._packed[digest] = _plain(tree)
        self._new += 1
        return tree


def _reader() -> str:
    """Return a hash of everything else that a tree depends on: the reader, and what marshal writes."""
    texts = [pathlib.Path(file).read_bytes() for file in (yaml_reader.__file__, __file__)]
    return hashlib.sha256(b"\0".join([sys.version.encode(), *texts])).hexdigest()


def _unpack(data: bytes | None) -> dict[bytes, object]:
    try:
        found = marshal.loads(zlib.decompress(data)) if data is not None else {}
    except (ValueError, EOFError, TypeError, zlib.error):
        return {}
    return found if isinstance(found, dict) else {}


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

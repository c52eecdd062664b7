"""Read untrusted XML into a small tree with line numbers.

expat is used directly, and only for elements and text. Entity declarations are rejected, because they can expand a few
bytes to gigabytes ("billion laughs") and include files of this machine (external entities). A document type declaration
is skipped without fetching it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from grader.quiz.exchange.limits import DEPTH_LIMIT, SIZE_LIMIT
from grader.quiz.exchange.notes import ImportFailed


class Node:
    """An element. name: without its namespace; text: the text directly in it, before and between its children."""

    __slots__ = ("attributes", "children", "line", "name", "parts")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.children: list[Node] = []
        self.parts: list[str | Node] = []

    @property
    def text(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def child(self, *path: str) -> Node | None:
        """Return the first child of the first name, its first child of the next name, and so on, or None."""
        node: Node | None = self
        for name in path:
            node = next((one for one in node.children if one.name == name), None) if node is not None else None
        return node

    def all(self, name: str) -> list[Node]:
        return [one for one in self.children if one.name == name]

    def below(self, *names: str) -> Iterator[Node]:
        """Yield every element of these names below this one, in order."""
        for one in self.children:
            if one.name in names:
                yield one
            yield from one.below(*names)


def read_xml(data: bytes, name: str) -> Node:
    """Return the root element. ImportFailed, with the line, if the file is too large or not acceptable XML."""
    if len(data) > SIZE_LIMIT:
        raise ImportFailed(f"{name}: more than {SIZE_LIMIT >> 10} KiB; split the file into smaller ones")
    return _Parser(name).read(data)


class _Parser:
    """Builds the tree."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.top = Node("", {}, 1)
        self.open = [self.top]
        self.expat = expat.ParserCreate()
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self.start
        self.expat.EndElementHandler = self.end
        self.expat.CharacterDataHandler = self.words
        self.expat.EntityDeclHandler = self.entity
        self.expat.SkippedEntityHandler = self.skipped

    def read(self, data: bytes) -> Node:
        try:
            self.expat.Parse(data, True)
        except expat.ExpatError as error:
            message = expat.errors.messages.get(error.code, "something else")
            raise ImportFailed(f"{self.name}:{error.lineno}: not valid XML: {message}") from None
        except (ValueError, LookupError) as error:  # an encoding that Python or expat cannot use
            raise ImportFailed(f"{self.name}:1: cannot decode this XML ({error}); save it as UTF-8") from None
        return self.top.children[0]

    def refuse(self, message: str) -> NoReturn:
        raise ImportFailed(f"{self.name}:{self.expat.CurrentLineNumber}: {message}")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) > DEPTH_LIMIT:
            self.refuse(f"elements nested more than {DEPTH_LIMIT} deep")
        plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        node = Node(name.rpartition(":")[2], plain, self.expat.CurrentLineNumber)
        self.open[-1].children.append(node)
        self.open[-1].parts.append(node)
        self.open.append(node)

    def end(self, name: str) -> None:
        self.open.pop()

    def words(self, text: str) -> None:
        self.open[-1].parts.append(text)

    def entity(self, name: str, *rest: object) -> None:
        self.refuse(f"the file declares an entity ({name[:40]!r}), which is not allowed; write the text itself")

    def skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self.refuse(f"the entity &{name[:40]}; is not predefined in XML; write the character itself")

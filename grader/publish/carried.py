"""Begins a lab's kernel with an older one: the student's code, and the words of the new lab's stub.

The older kernel's class is called as the new stub's, and gets the methods that only the new stub has. What the older
stub said of the lab would be wrong in the new one: its first comment or docstring, that of the class, those of methods
that the student left as they were, and where in the handout a method is explained.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from grader.errors import InputError

#: What a method of the stub is preceded by where the older kernel has none.
_NEW = "    # New in this lab.\n"

#: Words of every stub's first docstring, and of that of its class.
_STUBS_OWN = ("Your kernel for the lab ", "is the machine's handle")

#: Where a stub says in which sections of the handout a method is explained, in Python and in C.
_POINTER = re.compile(r" \(handout, sections? [^)]*\)")
_POINTER_IN_C = re.compile(r"\s+(?:\* )?Handout,\s+(?:\* )?sections?[^.]*\.")

#: The first comment of a kernel in C, and the comment before a function of the machine's.
_COMMENTED = re.compile(
    r"(?P<comment>/\*(?:(?!\*/).)*\*/)(?P<rest>\n(?:#include |(?:int|void) (?P<name>kernel_\w+)\())", re.DOTALL
)


def carried(older: str, stub: str, language: str, stubs: Iterable[str] = ()) -> str:
    """Return a kernel that begins with an older one and has what only the stub has. InputError if it does not parse.

    stubs  the texts of earlier labs' stubs, as far as they are known: a docstring that stands in one of them is not the
           student's own
    """
    return _carried_c(older, stub, stubs) if language == "c" else _carried_python(older, stub, stubs)


def _carried_python(older: str, stub: str, stubs: Iterable[str]) -> str:
    """Rename the older class as the stub's is called, add the stub's new methods at its end, and its new imports."""
    try:
        old_tree = ast.parse(older)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError([f"--from: this kernel is not Python that runs ({error}); finish it first"]) from None
    old, new = _kernel_class(old_tree), _kernel_class(ast.parse(stub))
    if old is None or new is None:
        raise InputError(["--from: no class in this kernel is a Kernel of grader.machine"])
    has = {node.name for node in old.body if isinstance(node, ast.FunctionDef)}
    lines, stub_lines = older.splitlines(), stub.splitlines()
    added: list[str] = []
    for node in new.body:
        if isinstance(node, ast.FunctionDef) and node.name not in has:
            added += ["", _NEW.rstrip("\n"), *stub_lines[node.lineno - 1 : node.end_lineno]]
    end = old.end_lineno or len(lines)
    head = lines[old.lineno - 1]
    lines[old.lineno - 1] = re.sub(rf"\b{re.escape(old.name)}\b", new.name, head, count=1)
    lines[end:end] = added
    for node, text in sorted(_new_docstrings(older, old_tree, stub, stubs), key=lambda found: -found[0].lineno):
        lines[node.lineno - 1 : node.end_lineno] = text.splitlines()
    wanted = _imported(ast.parse(stub)) - _imported(old_tree)
    if wanted:
        tree = ast.parse("\n".join(lines))
        at = next((n.lineno for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "grader.machine"), 1)
        lines.insert(at - 1, f"from grader.machine import {', '.join(sorted(wanted))}")
    return "\n".join(lines) + "\n"


def _new_docstrings(older: str, tree: ast.Module, stub: str, stubs: Iterable[str]) -> Iterator[tuple[ast.Expr, str]]:
    """Yield the docstrings of an older kernel that are another one in the new lab, each with its new lines."""
    known = {said for text in stubs for said, _ in _docstrings(ast.parse(text)).values()}
    new = _docstrings(ast.parse(stub))
    for name, (said, place) in _docstrings(tree).items():
        if name not in new:
            continue
        wanted, made = new[name]
        if said in known or any(words in said for words in _STUBS_OWN):
            yield place, _lines(stub, made)
        elif _POINTER.search(said):
            pointer = _POINTER.search(wanted)
            yield place, _POINTER.sub(pointer[0] if pointer else "", _lines(older, place))


def _lines(text: str, node: ast.Expr) -> str:
    return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])


def _docstrings(tree: ast.Module) -> dict[str, tuple[str, ast.Expr]]:
    """Return the docstrings of a kernel's module (""), its class ("class") and the methods, with their places.

    One that shares a line with other code is left out: no stub has such a one.
    """
    kernel = _kernel_class(tree)
    nodes: dict[str, ast.Module | ast.ClassDef | ast.FunctionDef] = {"": tree}
    if kernel is not None:
        nodes["class"] = kernel
        nodes.update((node.name, node) for node in kernel.body if isinstance(node, ast.FunctionDef))
    found = {}
    for name, node in nodes.items():
        said = ast.get_docstring(node)
        if said is not None:
            place = node.body[0]
            assert isinstance(place, ast.Expr)
            after = node.body[1].lineno if len(node.body) > 1 else place.lineno + 10**6
            if place.lineno > getattr(node, "lineno", 0) and after > (place.end_lineno or 0):
                found[name] = said, place
    return found


def _kernel_class(tree: ast.Module) -> ast.ClassDef | None:
    """Return the last class whose base is called Kernel, or whose name ends so; None if there is none."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    fitting = [c for c in classes if any(isinstance(b, ast.Name) and b.id == "Kernel" for b in c.bases)]
    fitting = fitting or [c for c in classes if c.name.endswith("Kernel")]
    return fitting[-1] if fitting else None


def _imported(tree: ast.Module) -> set[str]:
    found = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "grader.machine"]
    return {alias.asname or alias.name for node in found for alias in node.names}


def _carried_c(older: str, stub: str, stubs: Iterable[str]) -> str:
    """Add the functions that only the stub defines, with the comments before them, and change the stub's comments."""
    functions = re.findall(r"(/\*(?:(?!\*/).)*\*/\n(?:int|void) (kernel_\w+)\(.*?\n\}\n)", stub, re.DOTALL)
    missing = [text for text, name in functions if not re.search(rf"^\w[^\n;]*\b{name}\(", older, re.MULTILINE)]
    known = {comment for text in stubs for comment in _comments(text).values()}
    new = _comments(stub)

    def changed(match: re.Match[str]) -> str:
        said, name = match["comment"], match["name"] or ""
        if name not in new or (not name and _STUBS_OWN[0] not in said):
            return match[0]
        if not name or said in known:
            said = new[name]
        elif _POINTER_IN_C.search(said):
            pointer = _POINTER_IN_C.search(new[name])
            said = _POINTER_IN_C.sub(pointer[0] if pointer else "", said)
        return said + match["rest"]

    text = _COMMENTED.sub(changed, older.rstrip("\n") + "\n")
    return text + "".join(f"\n{function}" for function in missing)


def _comments(text: str) -> dict[str, str]:
    """Return the comments of a kernel in C: of the file (""), and of the machine's functions, by their names."""
    return {match["name"] or "": match["comment"] for match in _COMMENTED.finditer(text)}

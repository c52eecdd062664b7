"""Parameters of a question: each student gets different numbers, but the same ones every time.

`{pages}` and `{pages // 2 + 1}` in a question's texts and its scenario stand for the value of a parameter and for an
expression over it. The sha256 of seed, question and parameter chooses the value, so that the choice is the same under
every version of Python.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from grader.formats.yaml_reader import Block, Items

#: Maximum number of variants per question, so that `grader check` can try them all.
VARIANT_LIMIT = 64

_BRACED = re.compile(r"\{([A-Za-z0-9_ +*/%()-]{1,80})\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def chosen(seed: str, question: str, parameters: dict[str, list[object]]) -> dict[str, object]:
    """Return the values for a seed; "" gives the first of each."""
    if not seed:
        return {name: values[0] for name, values in parameters.items()}
    return {name: values[_pick(f"{seed}\0{question}\0{name}", len(values))] for name, values in parameters.items()}


def shuffled(seed: str, items: list[str]) -> list[str]:
    """Return the items in an order that depends only on the seed and the items."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}\0{item}".encode("utf-8", "surrogatepass")).digest())


def _pick(text: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") % count


def combinations(parameters: dict[str, list[object]]) -> Iterator[dict[str, object]]:
    """Yield every combination of values, the first values first; a single empty one if there are no parameters."""
    for values in itertools.product(*parameters.values()):
        yield dict(zip(parameters, values, strict=True))


def substitute(value: object, values: dict[str, object]) -> object:
    """Return the value with its parameters substituted; Block and Items keep their line numbers.

    A text that consists only of `{…}` becomes a number if the result is one. ValueError if a result is not whole.
    """
    if isinstance(value, Block):
        block = Block(value.line)
        for key, item in value.items():
            new = str(substitute(key, values))
            block[new] = substitute(item, values)
            block.lines[new] = value.lines[key]
        return block
    if isinstance(value, Items):
        items = Items(value.line)
        items.extend(substitute(item, values) for item in value)
        items.lines = value.lines
        return items
    if not isinstance(value, str):
        return value
    whole = _BRACED.fullmatch(value)
    if whole and _speaks_of(whole.group(1), values):
        return _filled(whole.group(1), values)
    return _BRACED.sub(lambda match: _put(match, values), value)


def _put(match: re.Match[str], values: dict[str, object]) -> str:
    if not _speaks_of(match.group(1), values):
        return match.group()
    return str(_filled(match.group(1), values))


def _speaks_of(text: str, values: dict[str, object]) -> bool:
    names = _NAME.findall(text)
    return bool(names) and all(name in values for name in names)


def _filled(text: str, values: dict[str, object]) -> object:
    if text.strip() in values:
        return values[text.strip()]
    result = arithmetic(text, values)
    if result.denominator != 1:
        raise ValueError(f"{{{text}}} is {result}, which is not a whole number")
    return int(result)


def placeholders(value: object) -> set[str]:
    """Return the names in `{…}` anywhere in a value."""
    if isinstance(value, dict):
        return set().union(*(placeholders(key) | placeholders(item) for key, item in value.items()), set())
    if isinstance(value, list):
        return set().union(*map(placeholders, value), set())
    if not isinstance(value, str):
        return set()
    return {name for text in _BRACED.findall(value) for name in _NAME.findall(text)}


def names_in(expression: str) -> list[str]:
    """Return the names that an expression uses, in order, each once."""
    return list(dict.fromkeys(_NAME.findall(expression)))


def arithmetic(text: str, values: Mapping[str, object]) -> Fraction:
    """Return the exact value of an expression of names, numbers, + - * / // % and brackets, or raise ValueError."""
    import ast

    if len(text) > 200:
        raise ValueError("an expression has at most 200 characters")
    try:
        return _evaluate(ast.parse(text.strip(), mode="eval").body, values)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{text!r} is not an expression of names, numbers, + - * / // % and brackets") from None
    except ZeroDivisionError:
        raise ValueError(f"{text!r} divides by zero") from None


def _evaluate(node: object, values: Mapping[str, object]) -> Fraction:
    import ast

    if isinstance(node, ast.Constant) and type(node.value) is int:
        return Fraction(node.value)
    if isinstance(node, ast.Name):
        value = values.get(node.id)
        if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
            known = ", ".join(values) or "none"
            raise ValueError(f"{node.id!r} is not a known number; expected one of: {known}")
        return Fraction(str(value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand, values)
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left, values), _evaluate(node.right, values)
        return _combine(node.op, left, right)
    raise SyntaxError


def _combine(operator: object, left: Fraction, right: Fraction) -> Fraction:
    import ast

    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Div):
        return left / right
    if isinstance(operator, ast.FloorDiv):
        return Fraction(left // right)
    if isinstance(operator, ast.Mod):
        return left % right
    raise SyntaxError

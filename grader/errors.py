"""Defines the errors that the user can fix, and guesses what was meant."""

from __future__ import annotations

from collections.abc import Iterable

#: A longer word is not a typing mistake, and comparing it would take long.
_WORD_LIMIT = 100


class InputError(Exception):
    """Something that the user gave (a file, a folder, an option) is wrong; commands exit with status 2.

    `problems` has one line per problem: the place, what was found, and the way out.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class FormatError(InputError):
    """A file is wrong in one line: `str` is `file:line: what was found; what is expected`."""

    def __init__(self, name: str, line: int, message: str) -> None:
        super().__init__([f"{name}:{line}: {message}"])
        self.args = (name, line, message)  # so that it can be pickled
        self.name = name
        self.line = line
        self.message = message


def similar(word: str, words: Iterable[str], count: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return at most `count` of `words` that are spelled like `word`, the closest first."""
    if len(word) > _WORD_LIMIT:
        return []
    import difflib  # 5 ms that only a mistake costs

    return difflib.get_close_matches(word, list(words), count, cutoff)


def did_you_mean(word: str, words: Iterable[str], count: int = 3) -> str:
    """Return `did you mean 'a' or 'b'?`, or "" if no word is close."""
    close = similar(word, words, count)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""

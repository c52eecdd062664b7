"""The language of a course's feedback: canned sentences, said in English or German.

    with speaking("de"):
        say("{earned} of {most} points", earned="5", most="10")      # 5 von 10 Punkten

The English sentence is its own key, as with gettext. What a lab's author wrote stays in the author's language, and
explanations of failures stay English.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

ENGLISH = "en"
GERMAN = "de"

#: What `language` of course.yaml may be.
LANGUAGES = (ENGLISH, GERMAN)

_spoken: ContextVar[str] = ContextVar("language of feedback", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything in one of LANGUAGES."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def say(sentence: str, /, **values: object) -> str:
    """Return a canned sentence in the language of the feedback, with values in place of its {names}."""
    return _catalogue().get(sentence, sentence).format_map(values)


def _catalogue() -> Mapping[str, str]:
    if _spoken.get() == ENGLISH:
        return {}
    from grader.language.german import SENTENCES

    return SENTENCES

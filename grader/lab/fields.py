"""Defines the format of lab.yaml as field tables, and its JSON Schema.

Editors complete from `lab.schema.json` in this folder; a test holds it against `schema()`, and
`python -I -m grader.lab.fields` writes it again. The loader in lab.py checks what a schema cannot express (that a file
exists, that a task comes after the one that it needs, that the points add up).
"""

from __future__ import annotations

import pathlib
import re

from grader.files import write_file
from grader.formats.fields import (
    BOOLEAN,
    Kind,
    Schema,
    Table,
    choice,
    is_text,
    list_of,
    number,
    number_above,
    optional,
    required,
    text,
    version,
    whole_number,
)
from grader.formats.schema import object_schema, schema_text, whole_schema
from grader.lab.feedback import DATE, KINDS, TIME, read_feedback
from grader.machine.protection import ACCEPTED
from grader.scenario.model import STEP_LIMIT

PATH = pathlib.Path(__file__).with_name("lab.schema.json")

FORMAT = 1

#: The effect of a failed twin of a passed scenario: it is reported to staff, or the scenario also loses its points.
TWINS = ("report", "decide")

#: Languages that kernels may be written in -> what messages call them.
LANGUAGES = {"python": "Python", "c": "C"}

#: Verbs that a world of `scope` may have, in the order in which they are tried.
VERBS = (
    "read",
    "write",
    "execute",
    "copy_to_user",
    "copy_from_user",
    "mmap",
    "munmap",
    "mprotect",
    "fork",
    "exit",
)

#: Calls of which one may fail in a step of such a world. `map-in-fork` lets only forks meet a failing `map`.
FAILURES = ("allocate", "map", "map-in-fork")

#: Points of a whole lab.
POINTS = 100

#: Files in a student's folder mine/, at most.
FILES = 12


def _is_class_at(value: object) -> bool:
    path, _, name = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(path) and name.isidentifier()


_CLASS_AT = Kind(
    "FILE:CLASS, such as kernel.py:CopyOnWriteKernel",
    {"type": "string", "pattern": "^.+:[^\\s:/.-]+$"},
    _is_class_at,
)


def _is_feedback(value: object) -> bool:
    read_feedback(value)
    return True


_FEEDBACK = Kind(
    'passed, rule, points, or {after: "2026-12-24"}',
    {
        "anyOf": [
            {"enum": list(KINDS)},
            {
                "type": "object",
                "required": ["after"],
                "additionalProperties": False,
                "properties": {"after": {"type": "string", "pattern": f"{DATE}|{TIME}"}},
            },
        ]
    },
    _is_feedback,
)

_NAME = "^[a-z0-9]+(-[a-z0-9]+)*$"


def is_name(value: object) -> bool:
    """Return True for a name as labs, tasks and scenarios have it."""
    return isinstance(value, str) and re.fullmatch(_NAME, value) is not None


TOP: Table = {
    "format": required(version(FORMAT), "the version of this format"),
    "title": required(text(), "what the lab is about"),
    "kernel": required(_CLASS_AT, "the file that students hand in, and its class"),
    "reference": optional(_CLASS_AT, "the model answer; a released lab has none"),
    "quiz": optional(text("the path of a quiz"), "the questions; the lab then has a task with the id `quiz`"),
    "tasks": required(
        list_of(
            "a list of tasks, such as [{id: copy, title: …, points: 20}]",
            {"$ref": "#/$defs/task"},
            lambda value: isinstance(value, dict),
        ),
        f"the tasks, in the handout's order; their points add up to {POINTS}",
    ),
    "order": optional(
        list_of("a list of scenarios, such as [first-touch, second-touch]", {"type": "string"}, is_text),
        "public scenarios that come first in their tasks, in this order; the others follow, short ones first",
    ),
    "languages": optional(
        list_of(
            "a list of languages, such as [python, c]",
            {"enum": list(LANGUAGES)},
            lambda value: is_text(value) and value in LANGUAGES,
        ),
        "the languages that kernels may be written in (default: python)",
    ),
    "hand_in": optional(text(), "how students hand in; releases tell them, and reports once everything is earned"),
    "builds_on": optional(
        Kind("the name of a lab's folder, such as demand-paging", {"type": "string", "pattern": _NAME}, is_name),
        "the lab whose kernel this one goes on from; lists have the labs in this order",
    ),
    "learnt": optional(text(), "what a finished kernel has shown; `grader watch` says it when everything passes"),
    "pictures": optional(
        list_of(
            "a list of pictures, such as [{name: after-the-fork, scenario: ID, step: 3}]",
            {"$ref": "#/$defs/picture"},
            lambda value: isinstance(value, dict),
        ),
        "the handout's pictures; `grader record` draws them into pictures/",
    ),
    "twins": optional(
        choice(TWINS),
        "whether a failed twin takes its scenario's points, or is only reported to staff (the default)",
    ),
    "mine": optional(
        Kind(
            "a mapping such as {points: 10, full: 0.6}",
            {"$ref": "#/$defs/mine"},
            lambda value: isinstance(value, dict),
        ),
        "the task to write scenarios; `grader test` gives its points, which are not part of the lab's 100",
    ),
    "scope": optional(
        list_of(
            "a list of worlds, such as [{name: one-page, mappings: [{by: P, name: h, pages: 1}], processes: 2}]",
            {"$ref": "#/$defs/world"},
            lambda value: isinstance(value, dict),
        ),
        "the small worlds that `grader verify` explores completely (labs/README.md)",
    ),
    "hidden_feedback": optional(_FEEDBACK, "how much students learn about hidden scenarios (labs/README.md)"),
}

TASK: Table = {
    "id": required(text("a word"), "unique in the lab; scenarios name their task by it"),
    "title": required(text(), "what reports call the task"),
    "points": required(number(0, POINTS), f"what the task is worth, of {POINTS}"),
    "needs": optional(
        list_of("a list of tasks, such as [share]", {"type": "string"}, is_text, least=0),
        "earlier tasks that this one builds on",
    ),
}


PICTURE: Table = {
    "name": required(
        Kind("a name in lower-case letters, digits and hyphens", {"type": "string", "pattern": _NAME}, is_name),
        "the file's name, without .svg",
    ),
    "scenario": required(text("a scenario's name"), "a public scenario of this lab, as the reference runs it"),
    "step": required(whole_number(1, STEP_LIMIT), "the step after which the state is drawn"),
}


MINE: Table = {
    "points": required(number_above(0, POINTS), "what a student's own scenarios are worth, as a score of its own"),
    "full": optional(number_above(0, 1), "the share of the misconceptions that earns all of the points (default: 1)"),
    "scenarios": optional(whole_number(1, FILES), f"how many scenarios may be handed in (default: {FILES})"),
}


def _words(words: tuple[str, ...], example: str) -> Kind:
    """Return the kind of lists of some words."""
    return list_of(
        f"a list such as [{example}], of {', '.join(words)}",
        {"enum": list(words)},
        lambda value: isinstance(value, str) and value in words,
    )


WORLD: Table = {
    "name": required(
        Kind("a name in lower-case letters, digits and hyphens", {"type": "string", "pattern": _NAME}, is_name),
        "the name for `--scope`",
    ),
    "mappings": required(
        list_of(
            "a list of mappings, such as [{by: P, name: h, pages: 1}]",
            {"type": "object"},
            lambda value: isinstance(value, dict),
        ),
        "what is mapped at the beginning: the fields of `mmap` in a scenario",
    ),
    "processes": optional(whole_number(1, 4), "processes alive at the same time, at most; 2 unless given"),
    "verbs": optional(_words(VERBS, "read, write"), "what may happen; read, write, munmap, fork and exit unless given"),
    "protections": optional(_words(ACCEPTED, "r--, ---"), "what mprotect asks for"),
    "failures": optional(_words(FAILURES, "allocate"), "calls of which one may fail in a step"),
    "bytes": optional(whole_number(1, 4), "bytes of each page that are accessed; 1 unless given"),
    "past_end": optional(BOOLEAN, "whether the page after each mapping is accessed as well"),
    "machine": optional(Kind("a mapping", {"type": "object"}), "the hardware, as in a scenario"),
    "files": optional(Kind("a mapping of names to files", {"type": "object"}), "the disk, as in a scenario"),
}


def schema() -> Schema:
    """Return the whole schema, draft 2020-12."""
    return whole_schema(
        "A lab: what is graded, and for how many points",
        object_schema(TOP),
        {
            "task": object_schema(TASK),
            "picture": object_schema(PICTURE),
            "mine": object_schema(MINE),
            "world": object_schema(WORLD),
        },
    )


if __name__ == "__main__":
    write_file(PATH, schema_text(schema()))

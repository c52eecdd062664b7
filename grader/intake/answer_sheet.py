"""Reads a quiz sheet as strings.

In YAML a few bytes can stand for gigabytes, for code, or for a value other than the one written (NO, 017, 12:30). So
the parser's events are checked one by one before anything is built from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.intake.refusal import Refused
from grader.sandbox.limits import ANSWERS_LIMIT

if TYPE_CHECKING:
    from yaml.events import CollectionStartEvent, Event, ScalarEvent


class Unfit(str):
    """Stands for an answer that no question can accept. The text gives the reason and the line."""


def read_answers(data: bytes) -> dict[str, str | list[str]]:
    """Return a quiz sheet as question id -> answer, every scalar as the text that was written.

    An answer that is given twice or nested becomes Unfit. Raises Refused unless the sheet maps ids to plain scalars or
    lists of them.
    """
    if len(data) > ANSWERS_LIMIT:
        raise Refused(f"the sheet has more than {ANSWERS_LIMIT >> 10} KiB")
    import yaml

    try:
        text = data.decode("utf-8-sig")
        events = list(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except UnicodeDecodeError:
        raise Refused("the sheet is not UTF-8; save it in that encoding") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Refused(f"line {line}: this is not YAML ({error.problem})") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Refused(f"this is not YAML ({(str(error) or type(error).__name__).splitlines()[0]})") from None
    return _Sheet(events).read()


class _Sheet:
    """Reads the events of a sheet, checking each before it is used."""

    def __init__(self, events: list[Event]) -> None:
        import yaml

        self.yaml = yaml
        skipped = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
        documents = sum(isinstance(event, yaml.DocumentStartEvent) for event in events)
        if documents > 1:
            raise Refused("the sheet has more than one document")
        self.events = iter([event for event in events if not isinstance(event, skipped)])

    def read(self) -> dict[str, str | list[str]]:
        first = next(self.events, None)
        if first is None:
            return {}
        if isinstance(first, self.yaml.ScalarEvent) and not first.value:
            return {}
        if not isinstance(first, self.yaml.MappingStartEvent):
            raise Refused("a sheet is a mapping of questions to answers, such as `first-write: b`")
        self.check(first)
        answers: dict[str, str | list[str]] = {}
        while True:
            event = next(self.events)
            if isinstance(event, self.yaml.MappingEndEvent):
                return answers
            key = self.scalar(event)
            if key in answers:
                self.answer(next(self.events))
                line = _line(event)
                answers[key] = Unfit(f"line {line}: the question is answered twice; leave one answer")
            else:
                answers[key] = self.answer(next(self.events))

    def answer(self, event: Event) -> str | list[str]:
        if isinstance(event, self.yaml.MappingStartEvent):
            return self.nested(event)
        if not isinstance(event, self.yaml.SequenceStartEvent):
            return self.scalar(event)
        self.check(event)
        items: list[str] = []
        unfit: Unfit | None = None
        while True:
            event = next(self.events)
            if isinstance(event, self.yaml.SequenceEndEvent):
                return items if unfit is None else unfit
            if isinstance(event, self.yaml.CollectionStartEvent):
                unfit = self.nested(event)
            else:
                items.append(self.scalar(event))

    def nested(self, start: CollectionStartEvent) -> Unfit:
        """Skip a collection, however deep it is."""
        self.check(start)
        depth = 1
        while depth:
            event = next(self.events)
            if isinstance(event, self.yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, self.yaml.CollectionStartEvent):
                self.check(event)
                depth += 1
            else:
                self.scalar(event)
        return Unfit(f"line {_line(start)}: a nested value; use a word, a number, or a flat list")

    def scalar(self, event: Event) -> str:
        if not isinstance(event, self.yaml.ScalarEvent):
            what = "an alias" if isinstance(event, self.yaml.AliasEvent) else "a nested value for a question's name"
            raise Refused(f"line {_line(event)}: {what}; use a word, a number, or a flat list")
        self.check(event)
        return str(event.value)

    def check(self, event: ScalarEvent | CollectionStartEvent) -> None:
        line = _line(event)
        if event.anchor is not None:
            raise Refused(f"line {line}: an anchor (&{event.anchor[:40]}) is not accepted")
        if event.tag is not None:
            raise Refused(f"line {line}: a tag ({event.tag[:40]}) is not accepted")
        if getattr(event, "value", None) == "<<":
            raise Refused(f"line {line}: a merge (<<) is not accepted")


def _line(event: Event) -> int:
    """Return the line of an event, from 1."""
    return event.start_mark.line + 1 if event.start_mark is not None else 1

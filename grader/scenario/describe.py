"""Describes a step of a scenario in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from grader.plural import number_of

from .model import Step


def in_words(steps: Iterable[Step]) -> str:
    """Return steps as one line."""
    return "; ".join(map(sentence, steps))


def sentence(step: Step) -> str:
    """Return a step in words, such as `P writes 66 to h[0]+3`."""
    fields = step.fields
    by = step.by
    if step.verb == "fail":
        after = fields["after"]
        which = f"call {after + 1}" if isinstance(after, int) and after else "the first call"
        which = "each call in turn" if after == "each" else which
        return f"in the next step, {which} of {fields['operation']} will fail"
    if step.verb == "mmap":
        return _mmap(step)
    if step.verb == "write":
        values = fields.get("values")
        what = (
            fields["value"] if values is None else ", ".join(map(str, values[:6])) + (" …" if len(values) > 6 else "")
        )
        return f"{by} writes {what} to {fields['at']}{_survives(step)}"
    if step.verb == "copy_to_user":
        return f"the kernel copies {fields['value']} into {by}'s {fields['at']}"
    if step.verb == "copy_from_user":
        return f"the kernel reads {by}'s {fields['at']}"
    if step.verb == "mprotect":
        return f"{by} protects {fields['at']} as {fields['protection']}"
    if step.verb == "fork":
        return f"{by} forks {fields['child']}"
    if step.verb == "madvise":
        return f"{by} advises {fields['advice']} for {fields['at']}"
    if step.verb == "mremap":
        length = f", now {fields['pages']} pages long," if "pages" in fields else ""
        return f"{by} moves {fields['at']}{length} and calls it {fields['name']}"
    if step.verb == "mlock":
        return f"{by} locks {fields['at']} in memory"
    verbs = {"read": "reads", "execute": "executes", "munmap": "unmaps", "exit": "exits"}
    return f"{by} {verbs[step.verb]} {fields.get('at', '')}".rstrip() + _survives(step)


def _survives(step: Step) -> str:
    return " and survives its SIGSEGV" if step.fields.get("survives") else ""


def _mmap(step: Step) -> str:
    fields = step.fields
    kind = "shared" if fields.get("shared") else "private"
    pages = number_of(fields["pages"], f"{kind} page")
    rights = fields.get("protection", "rw-")
    of = f" of file {fields['file']}" if "file" in fields else ""
    where = f" {'over' if fields.get('fixed') else 'at'} {fields['at']}" if "at" in fields else ""
    touched = ", all touched at once" if fields.get("populate") else ""
    return f"{step.by} maps {pages}{of} {rights} as {fields['name']}{where}{touched}"

"""Explains a step in which the kernel's handler returned and the access was still refused.

Pure: values in, lines out. Such a kernel has done nothing, or something else than it meant to: it returned a value
instead of raising it (in C: 0 instead of an error), mapped an address as if it were a page number, or made an entry
that does not allow the access.
"""

from __future__ import annotations

from grader.machine.outcome import RETRIES
from grader.machine.protection import EXECUTE_BIT, PROTECTIONS, READ_BIT, WRITE_BIT
from grader.scenario.model import Scenario, Step
from grader.scenario.place import parse_place
from grader.trace.names import Names
from grader.trace.records import StepRecord, Trace
from grader.trace.state import State

from .answers import expected_of
from .explain import heading

#: What a verb needs of an entry.
_NEEDS = {"read": READ_BIT, "write": WRITE_BIT, "execute": EXECUTE_BIT}

#: Entries that are listed.
_LISTED = 4


def stuck(scenario: Scenario, expected: Trace | None, yours: list[StepRecord], language: str) -> list[str]:
    """Return the lines on a run whose last step made no progress.

    expected  None if nothing was recorded
    language  of the kernel: `python` or `c`
    """
    record = yours[-1]
    step = scenario.steps[record.number - 1]
    lines = [heading(scenario, record.number)]
    if step.verb.startswith("copy_"):
        lines.append("  user_access returned, but not every page of the buffer is present.")
    else:
        lines.append(f"  page_fault returned {RETRIES} times, and the access is still refused.")
    state = State.after(scenario, yours)
    page = _refused(step, record, state)
    if page is None or expected is None:
        return lines
    names = Names(expected.pids, state)
    address = page * scenario.machine.page_size + (parse_place(step.fields["at"]).offset or 0)
    entry = state.entry(record.actor, page)
    called = names.page(record.actor, page)
    shown = "" if called.endswith(f"page {page}") else f"{called}, "
    lines.append(f"    the access    {step.verb} page {page} ({shown}address {address})")
    lines.append(f"    expected      {expected_of(step, expected.steps[record.number - 1], language)}")
    lines.append(f"    your kernel   {_found(entry)}{_others(record, page)}")
    refused = expected.steps[record.number - 1].outcome in ("segv", "oom")
    advice = _advice_in_c if language == "c" else _advice
    lines += [f"  {line}" for line in advice(step, record, page, address, entry, refused)]
    return lines


def _refused(step: Step, record: StepRecord, state: State) -> int | None:
    """Return the first page of the step whose entry does not allow the access; None if it cannot be told."""
    if "at" not in step.fields or record.actor not in state.tables:
        return None
    need = _NEEDS.get(step.verb)
    for page in state.pages_of(step.fields["at"]):
        entry = state.entry(record.actor, page)
        if not entry or (need is not None and not entry & need):
            return page
    return None


def _found(entry: int) -> str:
    return f"its entry is {PROTECTIONS[entry & 7]}" if entry else "it has no entry"


def _others(record: StepRecord, page: int) -> str:
    """Return the other pages that got an entry in this step."""
    made = [number for number, pte in sorted(record.changes.get(record.actor, {}).items()) if pte and number != page]
    if not made:
        return "" if record.changes.get(record.actor) else "; no entry was made or changed"
    more = f" and {len(made) - _LISTED} more" if len(made) > _LISTED else ""
    return f"; page{'s' if len(made) > 1 else ''} {', '.join(map(str, made[:_LISTED]))}{more} got one"


def _advice(step: Step, record: StepRecord, page: int, address: int, entry: int, refused: bool) -> list[str]:
    """Return what most likely happened; [] if there is no telling. `refused`: the process should have been killed."""
    if step.verb.startswith("copy_"):
        return ["Return only when every page of the buffer has an entry, or raise an exception."]
    if _mapped_address(record, page, address):
        return _address_lines(page, address, "self.hw.page_of(fault.address)")
    if refused:
        return ["A value that page_fault returns is not looked at. Did it return the exception? Raise it."]
    if not _has_mapped(record):
        told = "A value that page_fault returns is not looked at. Did it return early, or return a value?"
        return [told, "page_fault has to make an entry for the page, or to raise an exception."]
    return _entry_lines(step, entry)


def _advice_in_c(step: Step, record: StepRecord, page: int, address: int, entry: int, refused: bool) -> list[str]:
    """Return the same for a kernel in C, which returns what one in Python raises."""
    if _mapped_address(record, page, address):
        return _address_lines(page, address, "fl_page_of(fault->address)")
    if refused:
        return ["kernel_page_fault returned 0, which says that the access is possible now."]
    if not _has_mapped(record):
        told = "kernel_page_fault returned 0, which says that the access is possible now. Did it return early?"
        return [told, "It has to make an entry for the page, or to return an error."]
    return _entry_lines(step, entry)


def _mapped_address(record: StepRecord, page: int, address: int) -> bool:
    return bool(record.changes.get(record.actor, {}).get(address)) and address != page


def _has_mapped(record: StepRecord) -> bool:
    return any(record.changes.get(record.actor, {}).values())


def _address_lines(page: int, address: int, right: str) -> list[str]:
    told = f"Page {address} was mapped; the fault was in page {page} (address {address})."
    return [told, f"An entry is made for a page number: {right}."]


def _entry_lines(step: Step, entry: int) -> list[str]:
    if entry:
        return [f"The entry has to allow the {step.verb}: map or protect the page with the region's rights."]
    return []

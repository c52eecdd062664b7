"""Lists where Linux differs from the labs' contract: a sentence per rule, for handouts, quizzes and `grader host`.

The numbers are those of a list of fifty rules that were measured on Linux 6.18 (x86-64, pages of 4 KiB, transparent
huge pages off). Rules in which Linux and the contract agree are not in this table.
"""

from __future__ import annotations

from typing import NamedTuple

MACHINE, KERNEL = "machine", "kernel"


class Rule(NamedTuple):
    """One difference.

    number    in the list of measured rules
    part      who follows it in the Linux profile: the machine, or the kernel that a student writes
    sentence  what Linux does, and what the contract says instead
    when      what a scenario must do to show it
    """

    number: int
    part: str
    sentence: str
    when: str


_RULES = (
    Rule(
        3,
        KERNEL,
        "On Linux, a read of an untouched anonymous page maps the shared page of zeros and takes no frame; the first "
        "write then faults once more. In the labs this holds only on machines with a page of zeros.",
        "a private anonymous page is read before its first write",
    ),
    Rule(
        5,
        MACHINE,
        "On Linux, an access that the kernel makes for a system call raises page faults, and they count for the "
        "calling process. In the labs it is prepared by user_access, and no fault is counted.",
        "copy_to_user or copy_from_user meets a page that does not allow the access yet",
    ),
    Rule(
        14,
        KERNEL,
        "On Linux, fork decides for each mapping whether it copies entries: all present ones if the mapping ever had a "
        "private page, none otherwise. In the labs it copies every present entry.",
        "a mapping that was only read is inherited",
    ),
    Rule(
        17,
        KERNEL,
        "On Linux, fork copies no entries of shared mappings, so the child faults on pages that its parent has "
        "touched. In the labs it copies them.",
        "a shared mapping that was touched is inherited",
    ),
    Rule(
        19,
        KERNEL,
        "On Linux, a read fault in shared memory maps every page in memory of the 16-page window around it. In the "
        "labs a fault maps one page.",
        "a process reads shared memory that others have filled",
    ),
    Rule(
        22,
        KERNEL,
        "On Linux, reading one page of a file from disk reads its neighbours ahead, so that only the first of them "
        "costs a major fault. In the labs each page is read when it is touched.",
        "a file that is not in memory is read page by page",
    ),
    Rule(
        23,
        KERNEL,
        "On Linux, a read fault on a file maps every page in memory of the 16-page window around it, which begins at "
        "a multiple of 16 pages or where the mapping begins. In the labs a fault maps one page.",
        "a process reads several pages of a file that is in memory",
    ),
    Rule(
        26,
        KERNEL,
        "On Linux, a page of a shared file that was mapped by a read faults once more at its first write, so that the "
        "file system learns of it. In the labs it is mapped with full rights at once.",
        "a page of a shared file is read and then written",
    ),
    Rule(
        29,
        MACHINE,
        "On Linux, an access that ends in SIGSEGV counts no page fault. In the labs it counts one.",
        "an access is refused",
    ),
    Rule(
        30,
        KERNEL,
        "On Linux, a page that belongs to one process only is writable again as soon as mprotect gives the right "
        "back. In the labs its next write faults once.",
        "mprotect takes the right to write from a written page and gives it back",
    ),
    Rule(
        44,
        KERNEL,
        "On Linux, pages of a file stay in memory after the last mapping of the file is gone, so that a later mapping "
        "costs minor faults only. In the labs they leave with the last mapping.",
        "a file is mapped again after its last mapping has gone",
    ),
    Rule(
        45,
        KERNEL,
        "On Linux, an mprotect that meets a hole fails after it has changed the pages before the hole, and mprotect "
        "of no pages succeeds. In the labs both fail and change nothing.",
        "mprotect over pages that are not mapped, or over none",
    ),
    Rule(
        46,
        MACHINE,
        "On Linux, a system call with a buffer that is bad further on has moved the good part before it fails. In the "
        "labs it moves nothing.",
        "copy_to_user or copy_from_user over the end of a mapping",
    ),
    Rule(
        47,
        KERNEL,
        "On Linux, an instruction fetch from an untouched page of a readable region that is not executable first "
        "faults the page in, which counts, and ends in SIGSEGV then. In the labs it maps nothing.",
        "execution of an untouched page that may only be read",
    ),
    Rule(
        48,
        KERNEL,
        "On Linux, a dirty page of a shared file is writable as soon as mprotect gives the right back; a clean one "
        "faults once more.",
        "mprotect takes the right to write from a shared file and gives it back",
    ),
    Rule(
        49,
        KERNEL,
        "On Linux, read-ahead from an executable mapping goes forward only and stays within the mapping.",
        "a program's code is not in memory when it is executed",
    ),
    Rule(
        50,
        KERNEL,
        "On Linux, when the first of two sharers to return from swap writes, the page stays in memory and the second "
        "pays a minor fault. In the labs the second pays a major one.",
        "two processes share a page that is out on swap, and the first to return writes",
    ),
)

#: number -> rule
RULES = {rule.number: rule for rule in _RULES}

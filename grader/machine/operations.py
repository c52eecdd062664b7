"""Defines the operations that a kernel can carry out, as numbers.

A machine that is given a list appends every operation to it, as the number of the operation followed by its operands:
plain integers, so that a log can leave the process as it is. An operation that the machine refuses changes nothing
and is not logged; one that fails later (no free frame, an injected failure) is.

    ALLOCATE                                the frame is not logged: the machine that re-enacts hands out its own
    FREE     frame
    ZERO     frame
    COPY     source  target
    MAP      pid  page  frame  flags        flags: bits of the protection, and COW
    PROTECT  pid  page  flags               COW as it is after the call
    UNMAP    pid  page
    CLEAR    pid  page                      clear the accessed bit
    FLUSH    pid  page                      page -1: all pages of the process
    SWAP_OUT frame                          the slot is the machine's to choose, like a frame
    SWAP_IN  slot  frame
    SWAP_FREE slot
    FILE_IN  file  index  frame             file: position among the scenario's files
    FILE_OUT file  index  frame
"""

from __future__ import annotations

(
    ALLOCATE,
    FREE,
    ZERO,
    COPY,
    MAP,
    PROTECT,
    UNMAP,
    CLEAR,
    FLUSH,
    SWAP_OUT,
    SWAP_IN,
    SWAP_FREE,
    FILE_IN,
    FILE_OUT,
) = range(1, 15)

#: Operands of each operation.
OPERANDS = {
    ALLOCATE: 0,
    FREE: 1,
    ZERO: 1,
    COPY: 2,
    MAP: 4,
    PROTECT: 3,
    UNMAP: 2,
    CLEAR: 2,
    FLUSH: 2,
    SWAP_OUT: 1,
    SWAP_IN: 2,
    SWAP_FREE: 1,
    FILE_IN: 3,
    FILE_OUT: 3,
}

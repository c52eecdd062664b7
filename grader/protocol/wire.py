"""The wire format between the grader and a worker, version 1. No pickle: a worker may be written in any language.

A frame is one byte (its kind), four bytes (the length of the payload, little-endian), and the payload.

    grader -> worker
        SOURCE   JSON {"version": 1, "modules": {name: text}, "main": name, "class": name}; with "wasm": base64 of a
                 module where the text, in C, was compiled to one (grader/wasm)
        BEGIN    JSON {"machine": {…}, "files": [[name, pages, contents, writable, cached]], "processes": [name]}; with
                 "order": [frame] where frames are not handed out from the lowest number on
        STEP     JSON {"verb": …, "by": …, …}: one step of a scenario. Steps of hidden scenarios are sent one by one,
                 after the answer to the one before; others may all be sent at once, END included
        END      empty: all processes exit
        VISIT    JSON, only while every scenario of a small world is explored (inside/explorer.py): a saved state to put
                 back, the present one to save, and a step, or the end, to carry out
        FORM     JSON, in an exploration: "order", the processes in the order in which the state is to be written down;
                 without it, whether the kernel has changed anything outside of itself is looked at; with "found" it is
                 that of the states before the last step, which shows a difference; with "notes" STATE has notes. In it
                 and VISIT: "differs", if the grader does not agree with the last step
    worker -> grader
        HELLO    4 bytes, its process id: the child is confined and waits (sent once, before anything else)
        READY    the source was read. Empty, or what became of it: the module as it was translated for this machine, or
                 the bytecode. The next worker for the same source gets it with SOURCE ("translated", base64), and
                 nothing else uses it
        TROUBLE  JSON {"kind": …, "method": …, "type": …, "message": …, "lines": [[file, line, function, text]]}
                 what went wrong in the student's code; untrusted, shown to the student and never counted. The kind
                 "time" reports where the kernel is; it is sent in a scenario that takes long, at most once
        FURTHER  empty: since the last one the machine has made another call of the kernel. Sent from time to time in a
                 scenario that takes long; untrusted, since it only says that a large scenario may take its time
        ANSWER   numbers: what the kernel did since the last ANSWER, see below
        STATE    a byte that is 1 and a hash of the kernel's state, or 0 and the reason why two of its states cannot be
                 compared, or 2 where no more states can be saved. Notes of a kernel in C follow its hash, if they were
                 asked for: JSON [number of the state from which its last calls began, number of its memory, these
                 calls]. A call is [function, arguments, [[operation, arguments, answer]], result]. In the same state,
                 and with the same answers, it does the same again (grader/verify/known.py). null for calls that are
                 long, or took more fuel than there is in every state

SOURCE is answered by READY or TROUBLE; each of BEGIN, STEP, END and VISIT by ANSWER, with a TROUBLE before it if the
kernel crashed; FORM by STATE. An ANSWER is a sequence of 32-bit little-endian integers: for every call that the machine
made, in order,

    <call> pid [page]       one of the calls below; page, only for FAULT, is the page number of the address
    operations …            as in grader/machine/operations.py; an eviction caused by ALLOCATE follows, as a call
    <ending>                how the call ended
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from struct import Struct

VERSION = 1

SOURCE, BEGIN, STEP, END, VISIT, FORM = 1, 2, 3, 4, 5, 6
HELLO, READY, TROUBLE, ANSWER, STATE, FURTHER = 10, 11, 12, 13, 14, 15

INIT, MMAP, MUNMAP, MPROTECT, FAULT, FORK, EXIT, USER_ACCESS, EVICT, MADVISE, MREMAP, MLOCK = range(32, 44)

#: The names of these calls in messages.
CALL_NAMES = dict(
    zip(
        range(32, 44),
        (
            *("__init__", "mmap", "munmap", "mprotect", "page_fault", "fork", "exit", "user_access", "evict"),
            *("madvise", "mremap", "mlock"),
        ),
        strict=True,
    )
)
RETURNED, SEGMENTATION_FAULT, OUT_OF_MEMORY, INVALID_ARGUMENT, CRASHED = range(48, 53)

#: Integers in one answer. The largest honest step (half a million first touches) takes six million.
ANSWER_LIMIT = 12_000_000

#: Maximum number of bytes of what READY gives back. More is not sent, and the next worker translates the source again.
TRANSLATED_LIMIT = 512 * 1024

#: Bytes of the hash in a STATE.
HASHED = 20

#: Bytes of the notes after the hash in a STATE, at most: those of a usual step have one or two hundred.
NOTED = 2048

#: Maximum number of bytes that are read of a TROUBLE; students see a much shorter part.
TROUBLE_LIMIT = 64 * 1024


#: What a frame begins with: its kind, and the length of its payload.
HEAD = Struct("<BI")

#: Bytes that are read at once.
_CHUNK = 65536


class Malformed(Exception):
    """Bytes that are not a valid frame, or a frame that is not a valid answer."""


def pack_numbers(numbers: list[int]) -> bytes:
    """Return the payload of an ANSWER."""
    packed = array("i", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack_numbers(payload: bytes) -> Sequence[int]:
    """Return the integers of an ANSWER, packed: a list would be ten times as large. Raises Malformed at a remainder."""
    if len(payload) % 4:
        raise Malformed(f"an answer of {len(payload)} bytes: not a whole number of 32-bit integers")
    packed = array("i")
    packed.frombytes(payload)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed


def read_frame(descriptor: int) -> tuple[int, bytes]:
    """Wait for the next frame and return it. Raises EOFError if the other side has gone. Only for a trusted peer."""
    kind, size = HEAD.unpack(read_exactly(descriptor, HEAD.size))
    return kind, read_exactly(descriptor, size)


def read_frames(descriptor: int, before_waiting: Callable[[], None] = lambda: None) -> Iterator[tuple[int, bytes]]:
    """Yield every frame until the other side has gone, with one system call for several. Only for a trusted peer.

    before_waiting  called each time before more bytes are read, which may take long
    """
    data = b""
    while True:
        end = HEAD.size
        if len(data) >= HEAD.size:
            kind, size = HEAD.unpack_from(data)
            end += size
            if len(data) >= end:
                yield kind, data[HEAD.size : end]
                data = data[end:]
                continue
        before_waiting()
        more = os.read(descriptor, max(_CHUNK, end - len(data)))
        if not more:
            return
        data += more


def frame(kind: int, payload: bytes = b"") -> bytes:
    """Return the bytes of a frame."""
    return HEAD.pack(kind, len(payload)) + payload


def write_frame(descriptor: int, kind: int, payload: bytes = b"") -> None:
    """Send one frame, all of it."""
    write_all(descriptor, frame(kind, payload))


def write_all(descriptor: int, data: bytes) -> None:
    """Send bytes, all of them."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def read_exactly(descriptor: int, size: int) -> bytes:
    """Wait for that many bytes and return them. Raises EOFError if the other side has gone."""
    data = os.read(descriptor, size)
    if len(data) == size:
        return data
    chunks = [data]
    size -= len(data)
    while size:
        data = os.read(descriptor, min(size, 1 << 20))
        if not data:
            raise EOFError("the other side closed the channel")
        chunks.append(data)
        size -= len(data)
    return b"".join(chunks)

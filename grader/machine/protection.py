"""Defines the rights of a page and the kinds of access.

Both are small fixed sets of objects, so that comparing them is comparing identities and
using them costs one attribute:

    bit   1 READ   2 WRITE   4 EXECUTE
"""

from __future__ import annotations

READ_BIT, WRITE_BIT, EXECUTE_BIT = 1, 2, 4


class Access:
    """The kind of access to a byte: `Access.READ`, `Access.WRITE` or `Access.EXECUTE`."""

    __slots__ = ("bit", "name")

    READ: Access
    WRITE: Access
    EXECUTE: Access

    def __init__(self, name: str, bit: int) -> None:
        self.name = name
        self.bit = bit

    def __repr__(self) -> str:
        return f"Access.{self.name}"

    def __str__(self) -> str:
        return self.name.lower()


Access.READ = Access("READ", READ_BIT)
Access.WRITE = Access("WRITE", WRITE_BIT)
Access.EXECUTE = Access("EXECUTE", EXECUTE_BIT)


class Protection:
    """A set of rights: `Protection.READ | Protection.WRITE`, written `rw-` in scenarios.

    There are eight such sets and one object for each. `&`, `|`, `~`, `in` and `==` work as on
    any set of flags, and a set without rights is false.
    """

    __slots__ = ("bits",)

    bits: int

    NONE: Protection
    READ: Protection
    WRITE: Protection
    EXECUTE: Protection

    def __new__(cls, bits: int = 0) -> Protection:
        if isinstance(bits, Protection):
            return bits
        if not isinstance(bits, int) or not 0 <= bits < len(PROTECTIONS):
            raise ValueError(f"Protection({bits!r}): the bits of a protection are 0 to 7")
        return PROTECTIONS[bits]

    @classmethod
    def parse(cls, text: str) -> Protection:
        """Return the protection that YAML writes as `text`, such as `r-x`; raise ValueError for anything else."""
        for protection in PROTECTIONS:
            if str(protection) == text and text in ACCEPTED:
                return protection
        raise ValueError(f"{text!r} is not a protection; use one of {', '.join(ACCEPTED)}")

    def allows(self, access: Access) -> bool:
        """Return True if a page with these rights may be accessed in that way."""
        return self.bits & access.bit != 0

    def __or__(self, other: Protection) -> Protection:
        return PROTECTIONS[self.bits | other.bits] if isinstance(other, Protection) else NotImplemented

    def __and__(self, other: Protection) -> Protection:
        if type(other) is not Protection:
            return NotImplemented
        return PROTECTIONS[self.bits & other.bits]

    def __invert__(self) -> Protection:
        return PROTECTIONS[7 - self.bits]

    def __contains__(self, other: Protection) -> bool:
        return self.bits & other.bits == other.bits

    def __bool__(self) -> bool:
        return self.bits != 0

    def __hash__(self) -> int:
        return self.bits

    def __reduce__(self) -> tuple[type[Protection], tuple[int]]:
        return Protection, (self.bits,)

    def __repr__(self) -> str:
        return f"<Protection {self}>"

    def __str__(self) -> str:
        return "".join(letter if self.bits & 1 << place else "-" for place, letter in enumerate("rwx"))


def _make(bits: int) -> Protection:
    protection = object.__new__(Protection)
    protection.bits = bits
    return protection


PROTECTIONS = tuple(_make(bits) for bits in range(8))

#: The protections that scenarios use; the other three (`-w-`, `--x`, `-wx`) exist only as results of `&` and `~`.
ACCEPTED = ("rw-", "r--", "r-x", "rwx", "---")

Protection.NONE = PROTECTIONS[0]
Protection.READ = PROTECTIONS[READ_BIT]
Protection.WRITE = PROTECTIONS[WRITE_BIT]
Protection.EXECUTE = PROTECTIONS[EXECUTE_BIT]

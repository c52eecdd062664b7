"""Landlock: which files a process may touch. Here: read a few, list a few folders, and nothing else.

From the kernel's documentation (userspace-api/landlock): a ruleset names the rights it handles; a handled right is
refused everywhere except beneath the folders that a rule gives it. Rights were added with the ABI's versions, and
asking a kernel for one it does not know is EINVAL.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

from grader.sandbox.inside.confine.libc import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3

#: ABI version -> file rights that exist there: 13 at first, then refer, truncate, and device ioctl.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS = {4: 0b11}  # bind and connect TCP
_SCOPES = {6: 0b11}  # abstract unix sockets and signals


def abi() -> int:
    """Return the version of Landlock that this kernel has; 0 if it has none, or if it is switched off."""
    try:
        return syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_CREATE_RULESET_VERSION))
    except OSError:
        return 0


def _at(table: dict[int, int], version: int) -> int:
    return max((rights for since, rights in table.items() if since <= version), default=0)


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def make_ruleset(readable: Iterable[tuple[str, str]]) -> int:
    """Return a descriptor of a ruleset that allows only what `readable` lists. OSError without Landlock.

    readable  (path, "read"): a file, or everything below a folder; (path, "list"): the names below a folder;
              (path, "run"): as "read", and programs may be executed; (path, "write"): everything below a folder
    """
    version = abi()
    if version == 0:
        raise OSError(95, "this kernel has no Landlock, or has it switched off")
    attr = _RulesetAttr(_at(_FILE_RIGHTS, version), _at(_NET_RIGHTS, version), _at(_SCOPES, version))
    # An older kernel knows fewer fields, and accepts no more bytes than it knows.
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = syscall(_CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), ctypes.c_uint32(0))
    rule = _PathBeneath()
    for path, kind in readable:
        try:
            rule.parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            folder = stat.S_ISDIR(os.fstat(rule.parent).st_mode)
            rule.access = _access(kind, folder, attr.fs)
            syscall(_ADD_RULE, ruleset, ctypes.c_int(_RULE_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
        finally:
            os.close(rule.parent)
    return ruleset


def _access(kind: str, folder: bool, all_rights: int) -> int:
    """Return the rights that a rule gives beneath its path; a file takes only those that files have."""
    if kind == "list":
        return _READ_DIR
    rights = {"read": _READ_FILE, "run": _READ_FILE | _EXECUTE, "write": all_rights & ~_EXECUTE}[kind]
    return rights | _READ_DIR if folder else rights & (_READ_FILE | _EXECUTE)


def restrict(ruleset: int) -> None:
    """Put the calling process under a ruleset, for good. Needs no_new_privs."""
    syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))

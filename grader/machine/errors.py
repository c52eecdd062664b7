"""Defines the exceptions between a kernel and the machine.

A kernel raises the first three to tell the machine how a call ended. The machine raises HardwareError if the kernel
asks for something that no hardware does.
"""

from __future__ import annotations


class KernelError(Exception):
    """Base of the errors a kernel raises to end a call on purpose."""


class SegmentationFault(KernelError):
    """The access is not allowed: the process is killed."""


class InvalidArgument(KernelError):
    """The caller asked for something invalid: the call returns an error, and no process ends."""


class OutOfMemory(KernelError):
    """No frame, and none can be made free."""


class OutOfFrames(OutOfMemory):
    """Raised by `frames.allocate` (and by an injected failure); a kernel may let it escape."""


class HardwareError(Exception):
    """A call that no hardware would carry out, such as freeing a frame twice; the message has the values."""

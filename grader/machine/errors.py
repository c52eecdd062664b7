"""What can go wrong at the border between a kernel and the machine.

The first three are a kernel's own words: it raises them to tell the machine how a call
ended (interface: exceptions). HardwareError is the machine's: the kernel asked for
something that no hardware does.
"""

from __future__ import annotations


class KernelError(Exception):
    """Base of the errors a kernel raises to end a call on purpose."""


class SegmentationFault(KernelError):
    """The access had no right to succeed: the process is killed."""


class InvalidArgument(KernelError):
    """The caller asked for something that makes no sense: an error for the caller, nobody dies."""


class OutOfMemory(KernelError):
    """No frame, and none can be made free."""


class OutOfFrames(OutOfMemory):
    """Raised by `frames.allocate` (and by an injected failure); a kernel may let it escape."""


class HardwareError(Exception):
    """A call that no hardware would carry out, such as freeing a frame twice; the message has the values."""

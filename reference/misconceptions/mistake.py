"""What every mistake says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference.copy_on_write import CopyOnWriteKernel as _Base
else:
    _Base = object


class Mistake(_Base):
    """Base of all mistakes: a mixin that stands before a reference kernel."""

    flag = ""
    belief = ""
    lab = ""
    section = 0

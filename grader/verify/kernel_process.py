"""The process that a submission is explored in: one for several worlds, where nothing of one can be left in the next.

A kernel in C is an instance of its module, and each world has a new one. Its process goes on to the next world, which
saves a tenth of the time in worlds of 7 to 30 states. A kernel in Python could leave anything anywhere, so it has a new
process in each world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.grade.runner import KernelSource
from grader.grade.session import Session

if TYPE_CHECKING:
    from grader.sandbox.child import Child
    from grader.sandbox.sandbox import Sandbox
    from grader.sandbox.subprocess_child import PlainChild

#: Processor seconds after which a process gets no further world. To begin another takes less than a hundredth of that,
#: and so no process comes near what one may use in its whole life, in however many worlds.
WORN_S = 5.0


class KernelProcess:
    """The process of a submission in the sandbox. Use it as a context manager: leaving it ends the process.

    in_c    whether the kernel is in C
    module  its module then; b"" if it does not compile

    InputError and IsolationError as `Session.explorer`, CompilerFault if this machine cannot compile.
    """

    def __init__(self, session: Session, code: KernelSource) -> None:
        """Compile a kernel in C."""
        from grader.grade.sandbox_runner import compiled_kernel

        self._code = code
        self._box: Sandbox = session.explorer(code.language)
        self.in_c = code.language == "c"
        self.module = compiled_kernel(code, self._box, session.compiling).module if self.in_c else b""
        self._child: Child | PlainChild | None = None
        self._fit = False  # whether the next world may have it

    def __enter__(self) -> KernelProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._fit = False
        self.end()

    def begin(self) -> Child | PlainChild | None:
        """Return the process for a world: the one that was kept, or a new one; None if that cannot load the submission.

        WorkerEnded if the process ends while it reads the source. `end` follows in any case.
        """
        kept, self._fit = self._child if self._fit else None, False
        if kept is not None and kept.quiet():
            return kept
        self.end()
        self._child = self._box.spawn()
        return self._child if self._load(self._child) else None

    def keep(self) -> None:
        """Note that a world was explored without a problem: the next one may have its process."""
        assert self._child is not None, "a world was begun"
        self._fit = self.in_c and self._child.spent()[0] < WORN_S
        self._child.take_output()

    def end(self) -> None:
        """End the process, unless it is kept for the next world."""
        if self._child is not None and not self._fit:
            self._child.close()
            self._child = None

    def _load(self, child: Child | PlainChild) -> bool:
        """Send the submission to a child, and keep what that translates of a module. False if it cannot be loaded."""
        from grader.grade.sandbox_runner import translation_key
        from grader.protocol.lockstep import send_source
        from grader.wasm.module_cache import keep, known

        modules, main, class_name = self._code.modules, self._code.main, self._code.class_name
        if not self.in_c:
            return send_source(child, modules, main, class_name) is None
        key = translation_key(self.module)
        before = known(key) or b""
        trouble = send_source(child, modules, main, class_name, self.module, before, lambda new: keep(key, new))
        return trouble is None

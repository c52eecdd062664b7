"""A submission's source in the worker: compiled or translated once, and made into a new kernel for each scenario."""

from __future__ import annotations

import builtins
import io
import marshal
import random
import sys
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

from grader.protocol import wire
from grader.replay.simulated import MakeKernel
from grader.sandbox.inside.trouble import LINES, RefusedImport, describe, file_of, quoted


def source_of(given: dict[str, Any]) -> PythonSource | CompiledSource:
    """Return the source of a SOURCE message. Raises what the compiler raises, with the student's own lines."""
    if "wasm" in given:
        return CompiledSource(given["modules"], given["wasm"], given.get("translated", ""))
    return PythonSource(given["modules"], given["main"], given["class"], given.get("translated", ""))


class CompiledSource:
    """A kernel in C: its module, translated once and instantiated for each scenario. `texts` is only quoted."""

    def __init__(self, texts: dict[str, str], module: str, translated: str) -> None:
        from grader.sandbox.inside.wasm_runtime import Program

        self.texts = texts
        before = a2b_base64(translated)
        self._program = Program(a2b_base64(module), before)
        #: What the next process gets, so that it need not translate the module again; b"" if it has it already.
        self.translated = self._program.translated if self._program.translated != before else b""

    def forget(self) -> None:
        """Let go of the instance that ran last: it goes with its kernel, before another one needs as much memory."""
        self._program.host.running = None

    def kernel_class(self) -> MakeKernel:
        from grader.sandbox.inside.wasm_kernel import WasmKernel

        return lambda hw: WasmKernel(hw, self._program)

    def describe(self, error: BaseException, method: str) -> dict[str, object]:
        """Return what went wrong: a trap with the lines of the C source, or what any other error says."""
        from grader.sandbox.inside.wasm_trap import Crash

        if not isinstance(error, Crash):
            return describe(error, method, {})
        lines = [[*line, quoted(self.texts["kernel"], line[1])] for line in error.lines[-LINES:]]
        return {"kind": error.kind, "method": method, "type": error.name, "message": str(error), "lines": lines}


class PythonSource:
    """A submission's modules, compiled by its first process and executed again for each scenario."""

    def __init__(self, texts: dict[str, str], main: str, class_name: str, bytecode: str = "") -> None:
        self.texts = texts
        self.main = main
        self.class_name = class_name
        #: What the next process gets, so that it need not compile them again; b"" if it has it already.
        self.translated = b""
        self.codes: dict[str, CodeType]
        if bytecode:
            self.codes = marshal.loads(a2b_base64(bytecode))
        else:
            self.codes, silent = _compiled(texts)
            # Where the compiler warns, it warns in every process: it is not known which one's prints are shown.
            self.translated = _packed(self.codes) if silent else b""
            if self.translated:
                # Every process runs the same code: loaded, a set of constants may have another order than compiled.
                self.codes = marshal.loads(self.translated)
        self.builtins = {**vars(builtins), "__import__": self.import_module}

    def describe(self, error: BaseException, method: str) -> dict[str, object]:
        """Return what went wrong, with the student's own lines."""
        return describe(error, method, self.texts)

    def forget(self) -> None:
        """Let go of the modules of the last scenario, with all that is kept at their top."""
        for name in self.codes:
            sys.modules.pop(name, None)
        # `Optional[Entry]` is kept there for the next time, and with it the class and the module that it is from.
        for clear in getattr(sys.modules.get("typing"), "_cleanups", ()):
            clear()

    def kernel_class(self) -> MakeKernel:
        random.seed(0)
        self.forget()
        module = self.load(self.main)
        try:
            kernel_class: MakeKernel = getattr(module, self.class_name)
        except AttributeError:
            raise ImportError(f"{file_of(self.main)} defines no class {self.class_name}") from None
        return kernel_class

    def load(self, name: str) -> ModuleType:
        """Execute one of the submission's modules, unless that was done in this scenario."""
        if name in sys.modules:
            return sys.modules[name]
        module = ModuleType(name)
        module.__dict__.update(__builtins__=self.builtins, __file__=file_of(name))
        sys.modules[name] = module
        exec(self.codes[name], module.__dict__)
        return module

    def import_module(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import for a submission: its own modules, grader.machine, and the standard library."""
        if level == 0 and name in self.codes:
            module = self.load(name)
            return module if fromlist else self._top(name)
        if level == 0 and name.split(".")[0] == "grader" and name != "grader.machine":
            raise RefusedImport(f"a kernel may import only grader.machine from the grader (not {name})")
        try:
            return builtins.__import__(name, globals, locals, fromlist, level)
        except ModuleNotFoundError as error:
            raise RefusedImport(
                f"a kernel may import grader.machine and the standard library; {error.name} is neither"
            ) from None

    def _top(self, name: str) -> ModuleType:
        """Return the module that `import a.b` binds, `a`."""
        first = name.split(".")[0]
        top = sys.modules.setdefault(first, ModuleType(first))
        if first != name:
            setattr(top, name.split(".")[1], sys.modules[name])
        return top


def _packed(codes: dict[str, CodeType]) -> bytes:
    """Return code as bytes; b"" where these cannot be had, or sent: then every process compiles the source itself.

    Code may be nested too deeply, or be larger than what a child may give back.
    """
    try:
        packed = marshal.dumps(codes)
    except (ValueError, MemoryError):
        return b""
    return packed if len(packed) <= wire.TRANSLATED_LIMIT else b""


def _compiled(texts: dict[str, str]) -> tuple[dict[str, CodeType], bool]:
    """Return the code of each module, and True if the compiler had no warnings."""
    shown, sys.stderr = sys.stderr, io.StringIO()
    try:
        codes = {name: _code(name, text) for name, text in texts.items()}
    finally:
        warned = sys.stderr.getvalue()
        sys.stderr = shown
        sys.stderr.write(warned)
    return codes, not warned


def _code(name: str, text: str) -> CodeType:
    try:
        return compile(text, file_of(name), "exec", dont_inherit=True)
    except (MemoryError, RecursionError):
        # CPython's parser and compiler raise these for a source that would overflow their stacks.
        raise SyntaxError("nested too deeply for Python to compile", (file_of(name), 1, 0, "")) from None

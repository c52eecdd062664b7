"""Compiling a stranger's C: modules, messages with lines, and what a source cannot make the compiler do."""

import os
import pathlib
import shutil
import tempfile

import pytest

from grader.errors import InputError
from grader.wasm import compiler, confined_compiler, source_check
from grader.wasm.compiler import compile_kernel

FORK = '#include "forklab.h"\nint kernel_fork(process_t parent, process_t child) {\n    %s\n}\n'


@pytest.fixture(autouse=True)
def cache(user_cache):
    """A cache of each test's own."""
    return user_cache / "c"


@pytest.fixture
def secret():
    """A file that every user can read; pytest's own folders belong to one."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = pathlib.Path(folder, "secret.h")
        path.write_text("#error THE SECRET\nTHE SECRET\n")
        yield path


def test_a_kernel_becomes_a_module(cache):
    """The module is kept, and taken from there the next time without a compiler."""
    compiled = compile_kernel(FORK % "return 0;")
    (kept,) = cache.iterdir()

    assert compiled.module.startswith(b"\0asm") and not compiled.errors
    assert cache.stat().st_mode & 0o077 == 0
    assert kept.read_bytes().endswith(compiled.module)


@pytest.mark.parametrize("damage", [b"", b"x" * 40, None])
def test_a_module_that_was_damaged_is_compiled_again(cache, damage):
    """A file that is cut, or whose bytes are not those that were kept, counts as none."""
    good = compile_kernel(FORK % "return 0;").module
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] if damage is None else damage)

    assert compile_kernel(FORK % "return 0;").module == good


def test_a_cache_that_others_can_write_is_not_used(cache):
    """Nobody else may say what a kernel compiles to."""
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    compile_kernel(FORK % "return 0;")

    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("return 0", 3, "expected ';' after return statement"),
        ("", 4, "non-void function does not return a value"),
        ("int x; return x;", 3, "variable 'x' is uninitialized when used here"),
        ("return fl_alocate();", 3, "call to undeclared function 'fl_alocate'"),
        ('puts("here"); return 0;', 3, "call to undeclared function 'puts'; print with fl_log"),
        ('return fl_map(child, 1, "frame", 3, 0);', 3, "incompatible pointer to integer conversion"),
    ],
)
def test_an_error_names_the_line_of_the_student(body, line, message):
    """Lines of kernel.c, the compiler's own words, and none of our files."""
    compiled = compile_kernel(FORK % body)

    assert compiled.module == b""
    assert compiled.errors[0][0] == line and compiled.errors[0][1].startswith(message)


def test_a_function_that_is_defined_nowhere():
    """What only the linker notices has no line, but a name."""
    compiled = compile_kernel(FORK % "extern int helper(void); return helper();")

    assert "helper is used, but defined nowhere" in compiled.reason


def test_another_file_is_refused_by_name():
    """The only file that a kernel may include is forklab.h, and a kernel learns that without a compiler."""
    compiled = compile_kernel("\n#include <stdio.h>\n")

    assert compiled.module == b""
    assert compiled.errors == ((2, source_check.ONLY),)


@pytest.mark.parametrize(
    "source",
    [
        '__asm__(".incbin \\"{secret}\\"");\n',
        '#define FILE "{secret}"\n#include FILE\n',
        '#if __has_include("{secret}")\n#error it is there\n#endif\n_Static_assert(0, "not seen");\n',
        '_Pragma("GCC dependency \\"{secret}\\"")\nint x = ;\n',
    ],
)
def test_the_walls_hold_where_words_do_not(secret, monkeypatch, source):
    """A file that everybody can read is not read, by whatever way the compiler could be led to it."""
    monkeypatch.setattr(source_check, "refused", lambda source: ())
    monkeypatch.setattr(compiler, "_FLAGS", tuple(f for f in compiler._FLAGS if f != "-fno-gnu-inline-asm"))
    compiled = compile_kernel(source.replace("{secret}", str(secret)))
    told = f"{compiled.errors} {compiled.warnings} {compiled.reason}"

    assert compiled.module == b""
    assert "THE SECRET" not in told and "it is there" not in told


def test_without_walls_a_file_would_be_read(secret, monkeypatch):
    """The negative control: with neither words nor walls a module has the file's bytes in it."""
    monkeypatch.setattr(source_check, "refused", lambda source: ())
    embedding = f'const char stolen[] = {{\n#embed "{secret}"\n}};\n'
    print_it = FORK % 'fl_log("%s", stolen); return 0;'

    assert b"THE SECRET" in compile_kernel(embedding + print_it, walls=lambda: False).module
    assert compile_kernel(embedding + print_it + "\n").module == b""


def test_the_compiler_sees_the_lines_that_were_checked(secret):
    """A carriage return behind a newline is a line's end of its own, also after a backslash."""
    compiled = compile_kernel(f'# \\\n\rinclude "{secret}"\n' + FORK % "return 0;", walls=lambda: False)

    assert compiled.module == b""
    assert "THE SECRET" not in str(compiled) and "unknown type name 'include'" in compiled.errors[0][1]


def test_a_link_in_place_of_a_module_is_not_followed(secret, monkeypatch):
    """Whatever has taken over the compiler cannot let the grader read what the compiler may not."""
    command = ("/bin/sh", "-c", f"/bin/ln -s {secret} kernel.wasm")
    monkeypatch.setattr(compiler, "find_compiler", lambda: command)

    assert compile_kernel(FORK % "return 7;", walls=lambda: False).module == b""


@pytest.mark.proof
@pytest.mark.parametrize(
    "source",
    [
        '#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(A(A(A(x)))))))\nchar *s = B(B("aaaaaaaa"));\n',
        "char big[1 << 30] = {1};\nchar other[1 << 30] = {1};\n",
    ],
)
def test_a_bomb_is_limited(source):
    """Time, memory and files of a compilation have limits, and the reason says so."""
    compiled = compile_kernel(source)

    assert compiled.module == b""
    assert compiled.reason or compiled.errors


def test_no_compiler_says_what_to_install(monkeypatch):
    """Without one, the error is one line with the way out."""
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(InputError, match="pip install ziglang wasmtime"):
        compile_kernel("")


def test_walls_that_do_not_stand(monkeypatch):
    """Where the compiler cannot be confined nothing is compiled, and the reason is told."""
    ended = confined_compiler.NOT_STARTED
    monkeypatch.setattr(confined_compiler, "PROGRAM", f"import os; os.write(2, b'no Landlock'); os._exit({ended})")

    with pytest.raises(InputError, match=r"cannot be started here \(no Landlock\); nothing was compiled"):
        compile_kernel(FORK % "return 0;")


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    """The folder of a compilation is removed, whatever came of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    compile_kernel(FORK % "return 0;")
    compile_kernel(FORK % "return")

    assert [name for name in os.listdir(tmp_path) if name.startswith("forklab-c-")] == []

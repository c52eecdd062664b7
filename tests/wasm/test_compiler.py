"""Compiling a stranger's C: modules, messages with lines, and what a source cannot make the compiler do."""

import os
import pathlib
import pickle
import re
import shutil
import tempfile

import pytest

from grader.errors import InputError
from grader.wasm import compiler, confined_compiler, source_check
from grader.wasm.compiler import CompilerFault, compile_kernel
from tests.marks import proofs_but, proofs_except

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


@pytest.mark.parametrize("damage", proofs_but(None, [b"", b"x" * 40, None]))
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


#: Body of a function, line and words of its error.
MISTAKES = [
    ("return 0", 3, "expected ';' after return statement"),
    ("", 4, "non-void function does not return a value"),
    ("int x; return x;", 3, "variable 'x' is uninitialized when used here"),
    ("return fl_alocate();", 3, "call to undeclared function 'fl_alocate'"),
    ('puts("here"); return 0;', 3, "call to undeclared function 'puts'; print with fl_log"),
    ('return fl_map(child, 1, "frame", 3, 0);', 3, "incompatible pointer to integer conversion"),
]


@pytest.mark.parametrize("mistake", proofs_except([MISTAKES[0], MISTAKES[4]], MISTAKES), ids=lambda m: m[0])
def test_an_error_names_the_line_of_the_student(mistake):
    """Lines of kernel.c, the compiler's own words, and none of our files."""
    body, line, message = mistake
    compiled = compile_kernel(FORK % body)

    assert compiled.module == b""
    assert compiled.errors[0][0] == line and compiled.errors[0][1].startswith(message)


def test_a_function_that_is_defined_nowhere():
    """What only the linker notices has no line, but a name."""
    compiled = compile_kernel(FORK % "extern int helper(void); return helper();")

    assert "helper is used, but defined nowhere" in compiled.reason


def test_a_function_of_ours_that_is_defined_again():
    """The linker names it, too."""
    compiled = compile_kernel('#include "forklab.h"\nvoid *malloc(size_t n) { return 0; }\n')

    assert compiled.reason == "malloc is defined by forklab.h already; give yours another name"


def test_an_error_that_a_macro_makes_in_our_header():
    """It is about the line that includes the header."""
    compiled = compile_kernel("#define process_t 5\n" + FORK % "return 0;")

    assert compiled.errors[0] == (2, "expected identifier or '('")


def said_by(monkeypatch, script, **limits):
    """Put a script in the place of the compiler, and return what comes of a kernel."""
    monkeypatch.setattr(compiler, "find_compiler", lambda: ("/bin/sh", "-c", script))
    for name, value in limits.items():
        monkeypatch.setattr(compiler, name, value)
    return compile_kernel(FORK % f"return {len(script)};", walls=lambda: False)


FAULTS = {
    "no access": ("echo 'error: unable to create cache: AccessDenied'; exit 1", "said: error: unable to create cache"),
    "disk full": ("echo 'wasm-ld: error: cannot write: No space left'; exit 1", "No space left"),
    "aborted": ("kill -ABRT $$", "was ended by signal 6, and it said nothing"),
    "killed": ("kill -KILL $$", "was ended by signal 9, and it said nothing"),
    "no memory": ("echo 'LLVM ERROR: out of memory'; exit 134", "said: LLVM ERROR: out of memory"),
    "no header": ("echo \"kernel.c:1:10: fatal error: 'forklab.h' file not found\"; exit 1", "'forklab.h' file not"),
    "our lines": ("echo 'forklab.c:7:1: error: unknown type'; exit 1", "said: forklab.c:7:1"),
    "a warning": ("echo 'kernel.c:3:1: warning: unused'; kill -KILL $$", "was ended by signal 9"),
    "stopped": ("kill -STOP $$", "did not end in 1 s"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_machine_is_not_the_kernel_s(monkeypatch, fault):
    """A compiler that names neither a line of kernel.c nor a symbol has shown nothing about the kernel."""
    script, told = FAULTS[fault]

    with pytest.raises(CompilerFault, match=re.escape(told)) as raised:
        said_by(monkeypatch, script, WALL_S=1 if fault == "stopped" else compiler.WALL_S)
    assert str(raised.value).startswith(
        "this machine could not compile kernel.c, which says nothing about the kernel: "
    )
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_an_error_that_is_named_counts_however_the_compiler_ends(monkeypatch):
    """The kernel has it on any machine."""
    compiled = said_by(monkeypatch, "echo 'kernel.c:3:1: error: expected a name' >&2; kill -KILL $$")

    assert compiled.errors == ((3, "expected a name"),)


def test_too_much_processor_time_is_the_kernel_s(monkeypatch):
    """It is counted, also that of a compiler's own processes, and whatever the clock says."""
    compiled = said_by(monkeypatch, "/bin/sh -c 'while :; do :; done'; kill -ABRT $$", CPU_S=0)

    assert compiled.reason == "compiling took more than 0 s of processor time"


def test_a_limit_counts_only_where_it_was_ours(monkeypatch):
    """A compiler that the system gives less than we do may have needed no more than that."""
    script = "echo 'File too large' >&2; exit 1"
    assert "more than 64 MiB" in said_by(monkeypatch, script).reason

    monkeypatch.setattr(confined_compiler, "has_all", lambda name: False)
    with pytest.raises(CompilerFault, match="File too large"):
        said_by(monkeypatch, script)


def test_a_folder_that_does_not_take_the_sources(tmp_path, monkeypatch):
    """No folder, or no room for the sources: the machine's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    with pytest.raises(CompilerFault, match="No such file or directory"):
        compile_kernel(FORK % "return 0;")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives its rights up")
def test_a_folder_that_only_root_can_enter(monkeypatch):
    """The compiler runs as nobody, so the folder for temporary files must let it through; the fault says so."""
    with tempfile.TemporaryDirectory() as private:
        monkeypatch.setattr(tempfile, "tempdir", private)

        with pytest.raises(CompilerFault, match="nobody cannot enter the folder .*; set TMPDIR to one that every user"):
            compile_kernel(FORK % "return 0;")


def test_another_file_is_refused_by_name():
    """The only file that a kernel may include is forklab.h, and a kernel learns that without a compiler."""
    compiled = compile_kernel("\n#include <stdio.h>\n")

    assert compiled.module == b""
    assert compiled.errors == ((2, source_check.ONLY),)


#: Ways to lead the compiler to a file.
WAYS = {
    "assembler": '__asm__(".incbin \\"{secret}\\"");\n',
    "include": '#define FILE "{secret}"\n#include FILE\n',
    "question": '#if __has_include("{secret}")\n#error it is there\n#endif\n_Static_assert(0, "not seen");\n',
    "pragma": '_Pragma("GCC dependency \\"{secret}\\"")\nint x = ;\n',
}


@pytest.mark.parametrize("way", proofs_except(["assembler", "include"], WAYS))
def test_the_walls_hold_where_words_do_not(secret, monkeypatch, way):
    """A file that everybody can read is not read, by whatever way the compiler could be led to it."""
    monkeypatch.setattr(source_check, "refused", lambda source: ())
    monkeypatch.setattr(compiler, "_FLAGS", tuple(f for f in compiler._FLAGS if f != "-fno-gnu-inline-asm"))
    try:
        compiled = compile_kernel(WAYS[way].replace("{secret}", str(secret)))
    except CompilerFault as fault:  # the assembler names no line of kernel.c
        compiled = compiler.Compiled(b"", reason=str(fault))
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

    with pytest.raises(CompilerFault, match="ended with status 0, and it said nothing"):
        compile_kernel(FORK % "return 7;", walls=lambda: False)


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

    with pytest.raises(CompilerFault, match=r"the C compiler cannot be started here; fix this \(no Landlock\)"):
        compile_kernel(FORK % "return 0;")


def test_nothing_is_left_behind(monkeypatch):
    """The folder of a compilation is removed, whatever came of it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        assert compile_kernel(FORK % "return 0;").module
        assert compile_kernel(FORK % "return").errors
        with pytest.raises(CompilerFault):
            said_by(monkeypatch, "exit 1")

        assert os.listdir(folder) == []

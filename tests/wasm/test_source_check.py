"""What a source could lead the compiler to other files with, as it sees the source: joined lines, no comments."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.wasm.source_check import ONLY, refused


@pytest.mark.parametrize(
    "line",
    [
        '#include "/etc/passwd"',
        "  #  include </etc/passwd>",
        "%:include </etc/passwd>",
        '#inc\\\nlude "/etc/passwd"',
        '#inc\\ \t\r\nlude "/etc/passwd"',
        '#/**/include/**/"/etc/passwd"',
        '/* a\n */ # include "/etc/passwd"',
        '\x0c#include "/etc/passwd"',
        '\u00a0#include "/etc/passwd"',
        '\ufeff#include "/etc/passwd"',
        'int x;\r#include "/etc/passwd"',
        '#include "forklab.h" \\\n#include "other.h"',
        '#include "forklab\u00a0.h"',
        "#include_next <forklab.h>",
        '#embed "/etc/passwd"',
        '#import "/etc/passwd"',
        '#define F "/etc/passwd"\n#include F',
        "'\"'\n#include F",
        'char *s = "/*";\n#include F',
        "#error it's /* odd\n#include F",
        '# \\\n\n#include "/etc/passwd"',
    ],
)
def test_another_file_is_refused(line):
    """However the directive is written, and whatever comes before it."""
    assert ONLY in [reason for _, reason in refused(line + "\n")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('#pragma include_alias("forklab.h", "/etc/passwd")', "#pragma is not for a kernel"),
        ('_Pragma("GCC dependency \\"/etc/passwd\\"")', "may not give orders to the compiler"),
        ('#define P L"a"_Pragma("GCC dependency \\"/etc/passwd\\"")', "may not give orders to the compiler"),
        ("#warning /*\n#include F\n#warning */", "#warning is not for a kernel"),
        ("#error /*\n#include F\n#error */", "#error is not for a kernel"),
        ('#line 1 "/etc/passwd"', "#line is not for a kernel"),
        ('# 1 "/etc/passwd"', "#1 is not for a kernel"),
        ('#if __has_include("/etc/passwd")', "may not look for files"),
        ('#if __has_\\\ninclude("/etc/passwd")', "may not look for files"),
        ('__asm__(".incbin \\"/etc/passwd\\"");', "may not contain assembly"),
        ("static int __attribute__((address_space(1))) n;", "variables are in one memory"),
        ("#define P(a, b) a##b", "makes names that cannot be checked"),
        ("#define P(a, b) a%:%:b", "makes names that cannot be checked"),
    ],
)
def test_other_ways_around_the_rules_are_refused(line, reason):
    """Each with the reason."""
    assert any(reason in told for _, told in refused(f"int x;\n{line}\n"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("int a[9] __attribute__((uninitialized));", "the same value in each run"),
        ("int a[9] __attribute__((__uninitialized__));", "the same value in each run"),
        ("[[clang::uninitialized]] int a[9];", "the same value in each run"),
        ("#define A un\\\ninitialized", "the same value in each run"),
        ("int *a = __builtin_alloca_uninitialized(9);", "the same value in each run"),
        ("int *a = __builtin_alloca_with_align_uninitialized(9, 8);", "the same value in each run"),
        ("extern char __stack_low, __stack_high;", "the linker's names"),
        ("extern int __stack_pointer;", "the linker's names"),
        ("extern int __heap_base;", "the linker's names"),
        ("extern int __heap_end;", "the linker's names"),
        ("extern int __data_end;", "the linker's names"),
        ("extern int __global_base;", "the linker's names"),
        ("extern int __memory_base;", "the linker's names"),
        ("extern int __table_base, __tls_base;", "the linker's names"),
        ("extern void __wasm_call_ctors(void);", "the linker's names"),
        ('static int a __attribute__((weakref("__heap_base")));', "the linker's names"),
        ('static int a __attribute__((__weakref__("__heap_base")));', "the linker's names"),
        ('extern int a __asm__("__heap_base");', "may not contain assembly"),
        ('__attribute__((import_module("a"), import_name("b"))) int f(void);', "what forklab.h declares"),
        ('__attribute__((__import_name__("b"))) int f(void);', "what forklab.h declares"),
        ('#define E(x) __attribute__((export_name(x)))\nE("stack") int f(void);', "is called where that says so"),
        ('__attribute__((__export_name__("stack"))) int f(void);', "is called where that says so"),
        ("int place_blocks(void);", "forklab has a function of this name"),
        ("long long where_the_stack_is(void);", "forklab has a function of this name"),
        ("int n = __builtin_wasm_memory_size(0);", "memory comes from malloc"),
        ("int n = __builtin_wasm_memory_grow(0, 1);", "memory comes from malloc"),
    ],
)
def test_what_leads_out_of_c_is_refused(line, reason):
    """Where `grader verify` does not look, or a run differs from the next one, a kernel cannot get."""
    assert any(reason in told for _, told in refused(f"int x;\n{line}\n"))


def test_the_message_names_the_word_and_its_line():
    """However a macro hides it, it is written somewhere."""
    assert refused("\n#define BASE __heap_base\nextern int BASE;\n") == (
        (2, "__heap_base: the linker's names are not for a kernel; call it something else if it is a name of yours"),
    )


@pytest.mark.parametrize(
    "text",
    [
        '#include "forklab.h"\n',
        "#ifdef __wasm__\nint n = __builtin_popcount(3), __own = sizeof(__SIZE_TYPE__);\n#endif\n",
        "static int stack_low, heap_base, initialized __attribute__((unused, aligned(8)));\n",
        '#include <forklab.h> // the only one\n#include "forklab.h" /* again */\n',
        "#ifndef A\n#define A(x) #x\n#elif 1\n#else\n#undef A\n#endif\n#\n",
        '// #include "other.h"\n/*\n#include "other.h"\n*/\n',
        'char *s = "#include \\"other.h\\" ## __asm__";\n',
        "/* don't */ char c = '\"'; // it's\n/* __has_include */\n",
    ],
)
def test_honest_sources_are_not(text):
    """Comments and literals may say anything."""
    assert refused(text) == ()


def test_the_line_is_that_of_the_directive():
    """Joined lines and comments before it count."""
    text = '#define X 1 \\\n 2\n/* one\ntwo\nthree */\nint x; /* a\nb */\n#include "other.h"\n'

    assert refused(text) == ((8, ONLY),)


WORDS = [
    "/*",
    "*/",
    "//",
    '"',
    "'",
    "\\",
    "\n",
    "\r",
    "#",
    "%:",
    " ",
    "include",
    "inc",
    "lude",
    '"/x"',
    "\u00a0",
    "a",
    "\t",
]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
def test_no_text_hides_a_plain_directive_on_its_own_line(text):
    """After any text that closes its comments, its literals and its line, the directive is seen; nothing is raised."""
    closed = f"{text}\n\n*/\n"  # a backslash at the end takes one line, and must not make */*/ of it
    assert ONLY in [reason for _, reason in refused(f'{closed}#include "/x"\n')]
    assert all(1 <= line <= len(re.split(r"\r\n|\r|\n", text)) + 1 for line, _ in refused(text))

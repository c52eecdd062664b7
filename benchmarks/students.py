"""A class of students, made up: right, wrong in many ways, hostile, broken archives, empty, and two with one content.

python benchmarks/students.py FOLDER [--count 300] [--lab copy-on-write] [--seed 1] [--honest]

The kernels are the reference and the misconceptions as single files. Each has a comment of its own, so that no two have
the same bytes unless they are meant to.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import pathlib
import random
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable
from types import ModuleType

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: What a hostile fork does.
HOSTILE = {
    "loop": "while True:\n            pass",
    "exit": "import os\n        os._exit(0)",
    "leave": "raise SystemExit(0)",
    "memory": "self.hoard = [bytearray(1 << 24) for _ in range(10_000)]",
    "prints": "while True:\n            print('::error::forged' * 1000)",
    "socket": "import socket\n        socket.create_connection(('127.0.0.1', 1))",
    "files": "open('/etc/passwd').read()",
    "recursion": "self.fork(parent, child)",
}


def flat(kernel: type) -> str:
    """Return a kernel class and its bases as one file, whose class has the name that the lab asks for."""
    bases = [base for base in reversed(kernel.__mro__) if base.__module__.startswith("reference")]
    bases = [base for base in bases if base.__module__ != "grader.lab.mistakes"]  # made there, not written
    names = {base.__name__ for base in bases}
    parts = ["from __future__ import annotations"]
    for module in dict.fromkeys(base.__module__ for base in bases):
        parts += _parts(sys.modules[module], names)
    return "\n\n".join(parts).replace("class Mistake(_Base)", "class Mistake")


def _parts(module: ModuleType, names: set[str]) -> list[str]:
    """Return a module's own imports, its module-level names and its classes, except kernels not in `names`."""
    from grader.machine import Kernel
    from reference.misconceptions.mistake import Mistake

    unwanted = {
        name for name, it in vars(module).items() if isinstance(it, type) and issubclass(it, Kernel | Mistake)
    } - names
    source = inspect.getsource(module)
    parts = []
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ""
        if isinstance(node, ast.ImportFrom) and (node.level or node.module in ("__future__", None)):
            continue
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("reference"):
            continue
        if isinstance(node, ast.If) or (isinstance(node, ast.ClassDef) and node.name in unwanted):
            continue
        parts.append(re.sub(r"^ +from reference\S* import .*\n", "", text, flags=re.MULTILINE))
    return parts


def right(lab: str) -> str:
    """Return the model answer as a single file."""
    from grader.lab.kernels import reference_kernel
    from grader.lab.lab import load_lab

    return flat(reference_kernel(load_lab(ROOT / "labs" / lab)))


def wrong(lab: str, flag: str) -> str:
    """Return the model answer with one mistake, as a single file."""
    from grader.lab.kernels import reference_kernel
    from grader.lab.lab import load_lab
    from grader.lab.mistakes import misconception_kernel

    loaded = load_lab(ROOT / "labs" / lab)
    name = reference_kernel(loaded).__name__
    kernel = misconception_kernel(loaded, flag)
    mistake = next(base for base in kernel.__mro__[1:] if "misconceptions" in base.__module__)
    # Mistakes may name the kernel that they build on: it is not to become the one that is wrong.
    base = re.sub(rf"\b{name}\b", "Reference", flat(kernel))
    return f"{base}\n\n\nclass {name}({mistake.__name__}, Reference):\n    pass\n"


def hostile(lab: str, kind: str) -> str:
    """Return the model answer with an attack in its fork."""
    from grader.lab.kernels import reference_kernel
    from grader.lab.lab import load_lab

    name = reference_kernel(load_lab(ROOT / "labs" / lab)).__name__
    body = f"class {name}(Reference):\n    def fork(self, parent, child):\n        {HOSTILE[kind]}\n"
    return f"{right(lab)}\n\nReference = {name}\n\n\n{body}"


def broken(folder: pathlib.Path, name: str, number: int) -> None:
    """Write something that is not a valid submission."""
    kinds: list[Callable[[], object]] = [
        (folder / name).mkdir,
        lambda: (folder / f"{name}.zip").write_bytes(b"PK\x03\x04 and then nothing"),
        lambda: (folder / f"{name}.tar.gz").write_bytes(b"\x1f\x8b\x08 and then nothing"),
        lambda: (folder / f"{name}.py").write_bytes(b"class K:\n    x = '\xff\xfe'\n"),
        lambda: (folder / f"{name}.py").write_bytes(b""),
        lambda: (folder / f"{name}.py").write_bytes(b"(" * 5000),
        lambda: (folder / name).symlink_to("/etc"),
        lambda: (folder / f"{name}.zip").write_bytes(_bomb()),
        lambda: (folder / f"{name}.py").write_bytes(b"def broken(:\n"),
    ]
    kinds[number % len(kinds)]()


def _bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kernel.py", b"#" * (16 << 20))
    return data.getvalue()


def hand_in(folder: pathlib.Path, name: str, text: str, number: int) -> None:
    """Write a kernel as a folder, a file, a zip or a tar, in turn."""
    if number % 4 == 0:
        (folder / name).mkdir()
        (folder / name / "kernel.py").write_text(text, encoding="utf-8")
    elif number % 4 == 1:
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    elif number % 4 == 2:
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr("lab/kernel.py", text)
    else:
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as tar:
            info = tarfile.TarInfo("kernel.py")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))


def make(folder: pathlib.Path, count: int, lab: str = "copy-on-write", seed: int = 1, honest: bool = False) -> None:
    """Write `count` submissions into a new folder: 45 of 100 right, 40 wrong, the others hostile, broken or copied.

    honest: only right and wrong ones, no two the same, for comparisons with code that has no sandbox.
    """
    from grader.lab.lab import load_lab
    from grader.lab.mistakes import misconceptions

    folder.mkdir(parents=True)
    chance = random.Random(seed)
    flags = misconceptions(load_lab(ROOT / "labs" / lab))
    texts = {"": right(lab)} | {flag: wrong(lab, flag) for flag in flags}
    kinds = list(HOSTILE)
    odd = 0  # each kind of what is hostile or broken comes up, one after another
    last = ""
    for number in range(count):
        name = f"student-{number:03}"
        share = number * 37 % (85 if honest else 100)
        if share < 45:
            last = f"# {name}\n{texts['']}"
        elif share < 85:
            last = f"# {name}\n{texts[chance.choice(flags)]}"
        elif share < 90:
            last = f"# {name}\n{hostile(lab, kinds[odd % len(kinds)])}"
            odd += 1
        elif share < 97:
            broken(folder, name, odd)
            odd += 1
            continue
        # The rest hands in what the one before did.
        hand_in(folder, name, last, number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--honest", action="store_true", help="make only right and wrong ones")
    options = parser.parse_args()
    make(options.folder, options.count, options.lab, options.seed, options.honest)


if __name__ == "__main__":
    main()

"""Make a student's working folder of a lab: its public parts, and a kernel to begin with.

The lab comes from a checkout, from a release, or from the installed package, which carries the public parts of the labs
(building.py). With an older kernel, the new one begins with what that can do already.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil

from grader.errors import InputError, did_you_mean
from grader.files import write_file
from grader.lab.course_order import in_course_order
from grader.lab.lab import Lab, load_lab, stub_in_c_missing
from grader.program import program, quoted
from grader.publish.carried import carried
from grader.publish.release import digest_of_stub, prepare, write_lab

#: The labs that travel in the installed package, and those of a checkout that is installed in place.
PACKED = pathlib.Path(__file__).parent / "labs"
CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent / "labs"

#: What to do where the package came without labs, as that of a release does.
ELSEWHERE = "go to the folder that your course hands out, the one with labs/ in it"


def installed() -> list[str]:
    """Return the names of the labs that travel in the installed package, or lie in the checkout that is installed.

    They come in the order of the course.
    """
    folders = [path.parent for place in (CHECKOUT, PACKED) for path in place.glob("*/lab.yaml")]
    return [folder.name for folder in in_course_order(folders)]


def find_source(given: str) -> pathlib.Path:
    """Return the folder of the lab that a working folder is made from. InputError, with what there is, if none fits."""
    for folder in (pathlib.Path(given), pathlib.Path("labs", given), PACKED / given, CHECKOUT / given):
        if (folder / "lab.yaml").is_file():
            return folder
    known = installed()
    near = did_you_mean(given, known) or (
        f"labs: {', '.join(known)}" if known else f"no labs are installed; {ELSEWHERE}"
    )
    raise InputError([f"{given}: no lab of that name, and no lab.yaml there; {near}"])


def start(source: pathlib.Path, folder: pathlib.Path, language: str, older: pathlib.Path | None) -> Lab:
    """Write a working folder and return its lab. InputError if the folder is not empty, or what was given does not fit.

    language  `python` or `c`; the lab must take it
    older     a kernel's file, or a folder with one, that the new kernel begins with
    """
    lab = load_lab(source)
    if language not in lab.languages:
        raise InputError([f"{lab.name}: this lab takes no kernel in {language}; it takes {', '.join(lab.languages)}"])
    kernel = "kernel.py" if language == "python" else "kernel.c"
    begun = _stub(lab, language)
    if older is not None:
        begun = carried(_read_older(older, kernel), begun, language, _known_stubs(language, older))
    prepare(folder)
    try:
        if lab.released is None:
            write_lab(lab, folder, hidden=False)
        else:
            shutil.copytree(
                source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "kernel.c")
            )
        if language == "c":
            # The loader knows the class from lab.yaml alone; two kernels in one folder would be a question.
            (folder / "kernel.py").unlink(missing_ok=True)
        write_file(folder / kernel, begun)
        _adapt_handout(folder, source.resolve().name, language)
        return load_lab(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _adapt_handout(folder: pathlib.Path, name: str, language: str) -> None:
    """Let the handout name this folder, and the program as it was called: its commands then work where this one did.

    In a folder for C, the file that the student writes is kernel.c.
    """
    path = folder / "README.md"
    if path.is_file():
        text = path.read_text(encoding="utf-8").replace("./forklab ", f"{program()} ")
        if language == "c":
            text = re.sub(
                rf"`labs/{re.escape(name)}/kernel\.py`(, in the class `\w+`)?", f"`labs/{name}/kernel.c`", text
            )
        write_file(path, re.sub(rf"\blabs/{re.escape(name)}\b", lambda _: quoted(folder), text))


def _stub(lab: Lab, language: str) -> str:
    path = lab.kernel.path if language == "python" else lab.path / "stub.c"
    elsewhere = f"run the command in another folder, so that {lab.path.name} means the lab itself"
    if not path.is_file() and language == "c":
        raise InputError(stub_in_c_missing(lab))
    if not path.is_file():
        told = f"{lab.path}: this folder, made for a kernel in C, has no {path.name} to begin with"
        raise InputError([f"{told}; {elsewhere}"])
    if language == "python" and _edited(lab):
        raise InputError([f"{path}: this kernel was edited, and a new folder begins with the lab's stub; {elsewhere}"])
    return path.read_text(encoding="utf-8")


def _known_stubs(language: str, older: pathlib.Path) -> list[str]:
    """Return the texts of the stubs that are at hand; never the older kernel itself, whose texts are the student's."""
    name = "kernel.py" if language == "python" else "stub.c"
    paths = [path for place in (CHECKOUT, PACKED) for path in place.glob(f"*/{name}")]
    own = (older / name if older.is_dir() else older).resolve()
    return [path.read_text(encoding="utf-8") for path in paths if path.resolve() != own]


def _edited(lab: Lab) -> bool:
    """Return True if the folder of a released lab has a kernel that is not the stub it was released with."""
    if lab.released is None:
        return False
    stub = json.loads((lab.path / "release.json").read_text(encoding="utf-8")).get("stub")
    return stub is not None and stub != digest_of_stub(lab)


def _read_older(given: pathlib.Path, kernel: str) -> str:
    from grader.intake.submission import Refused, Unreadable, read_submission

    try:
        read = read_submission(given)
    except (Refused, Unreadable) as error:
        raise InputError([f"{given}: {error}; --from takes a folder with a {kernel}, or the file itself"]) from None
    except OSError as error:
        raise InputError([f"{given}: {error.strerror}; --from takes a folder with a {kernel}"]) from None
    if read.kernel_name != kernel:
        raise InputError([f"{given}: it has a {read.kernel_name}, and the new kernel is a {kernel}"])
    return read.kernel.decode("utf-8-sig")

"""Keeps Python from importing modules out of folders that other people may write to.

`grader batch` runs in a folder full of submissions. If Python searches that folder, a submission called `random.py`
runs as the instructor, outside the sandbox. Python searches four kinds of such folders: the working folder (with
`python -m`, `python -c`, or an empty entry in PYTHONPATH), the folder of the script, what PYTHONPATH lists, and the
user's site.

`restrict` takes them off `sys.path`. It comes too late for modules that are already loaded, so it also looks for those,
and for files that Python would have taken for a module of its own or of ours; the caller must then stop.

Imports here are limited to `os` and `sys`, which Python has loaded from its own files before any code of ours runs. Any
other one, `typing` and `__future__` included, would already search the folders that are to be avoided.
"""

import os
import sys

#: The folder that holds our package. It may be the working folder (a checkout), and is then searched last.
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

#: Variables that name folders to search, or where compiled modules are. Relative ones depend on the working folder.
_FOLDERS = ("PYTHONHOME", "PYTHONPYCACHEPREFIX", "PYTHONPLATLIBDIR")

#: Modules that are ours, that we or Python's start-up code import. `restrict` looks for these and the standard library.
OUR_NAMES = frozenset(
    {"grader", "sitecustomize", "usercustomize", "yaml", "_yaml", "jsonschema", "tabulate", "tqdm", "pytest", "_pytest"}
    | {"hypothesis", "distributed", "dask", "forklab_core"}
)

#: What to do about the reasons that `restrict` returns.
WAY_OUT = "Run `python -I -m grader`, which ignores such folders, or `grader` without any PYTHON... variable set."


def restrict() -> list[str]:
    """Take untrusted folders off `sys.path`. Returns the reasons why this process must not go on; usually none."""
    if sys.flags.isolated:
        return []
    _known.clear()
    untrusted = untrusted_folders()
    found = [entry for entry in sys.path if not os.path.isabs(entry) or _real(entry) in untrusted]
    sys.path[:] = [entry for entry in sys.path if entry not in found]
    # A checkout that is not installed is found only through such an entry. Last, it cannot hide the standard library.
    places = {_real(entry) for entry in found}
    sys.path += [entry for entry in _installed() if entry in places and entry not in sys.path]
    for entry in found:
        sys.path_importer_cache.pop(entry, None)
    return [*_relative_variables(), *_in_user_site(), *shadows(found)]


def shadows(folders: list[str], more: frozenset[str] = frozenset()) -> list[str]:
    """Return the files in these folders that Python loaded, or would load, in place of modules; a sentence each.

    more  names of modules that matter as well
    """
    names = sys.stdlib_module_names | OUR_NAMES | more
    trusted = [folder for folder in _installed() if folder != _real(ROOT)]
    folders = [folder for folder in folders if _real(folder) not in trusted]
    found = {*loaded_from(folders, names), *present_in(folders, names)}
    return [f"{path} takes the place of {_owner(name)} module {name!r}" for path, name in sorted(found)]


def untrusted_folders() -> set[str]:
    """Return the real paths of the folders that nothing may be imported from."""
    # Python follows a link to a script before it takes the script's folder.
    folders = [os.path.dirname(_real(sys.argv[0]))] if sys.argv and not sys.flags.safe_path else []
    folders += [working_folder()]
    if not sys.flags.ignore_environment:
        folders += [folder or working_folder() for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    folders += [user_site()]
    return {_real(folder) for folder in folders if folder}


#: The answers of `_real` during one `restrict`: looking at each folder of a path costs a system call.
_known: dict[str, str] = {}


def _real(path: str) -> str:
    """Return the absolute path without links; "" for a relative one in a working folder that was removed."""
    if path not in _known:
        try:
            _known[path] = os.path.realpath(path)
        except OSError:
            _known[path] = ""
    return _known[path]


def working_folder() -> str:
    """Return the working folder, or "" if it was removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def user_site() -> str:
    """Return the folder of modules that this user has installed; "" without the `site` module (python -S)."""
    return getattr(sys.modules.get("site"), "USER_SITE", None) or ""


def _installed() -> list[str]:
    """Return the real paths of folders that are trusted even where PYTHONPATH or the working folder names them too."""
    site = sys.modules.get("site")
    library = os.path.dirname(os.__file__)
    return [
        _real(folder) for folder in (ROOT, library, f"{library}/lib-dynload", *(site.getsitepackages() if site else ()))
    ]


def loaded_from(folders: list[str], names: frozenset[str]) -> list[tuple[str, str]]:
    """Return file and name of the modules of interest that were loaded from one of these folders."""
    wanted = {_real(folder) for folder in folders}
    real: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name not in names or not isinstance(file, str):
            continue
        folder = os.path.dirname(file)
        if os.path.basename(file).startswith("__init__."):
            folder = os.path.dirname(folder)
        if folder not in real:
            real[folder] = _real(folder)
        if real[folder] in wanted and not _is_ours(file):
            found.append((file, name))
    return found


def present_in(folders: list[str], names: frozenset[str]) -> list[tuple[str, str]]:
    """Return file and name of what an import of a module of interest would find in these folders."""
    found = []
    for folder in folders:
        if _real(folder) == _real(user_site() or os.sep):
            continue  # Python searches it after the standard library.
        try:
            entries = os.listdir(folder or os.curdir)
        except OSError:
            continue
        for entry in entries:
            path = os.path.join(folder, entry)
            if entry.partition(".")[0] in names and _is_module(path) and not _is_ours(path):
                found.append((path, entry.partition(".")[0]))
    return found


def _owner(name: str) -> str:
    if name in OUR_NAMES:
        return "the grader's"
    return "Python's own" if name in sys.stdlib_module_names else "the installed"


def _is_module(path: str) -> bool:
    """Return True if an import takes this path for a module. A folder without __init__ hides no other module."""
    if os.path.isdir(path):
        return any(os.path.exists(os.path.join(path, f"__init__{suffix}")) for suffix in (".py", ".pyc"))
    return path.endswith((".py", ".pyc", ".so", ".pyd"))


def _is_ours(path: str) -> bool:
    package = os.path.join(_real(ROOT), "grader")
    return f"{_real(path)}{os.sep}".startswith(f"{package}{os.sep}")


def _relative_variables() -> list[str]:
    if sys.flags.ignore_environment:
        return []
    values = [(name, os.environ.get(name, "")) for name in _FOLDERS]
    return [f"{name}={value} depends on the working folder" for name, value in values if value and not _absolute(value)]


def _absolute(value: str) -> bool:
    return all(os.path.isabs(part) for part in value.split(os.pathsep))


def _in_user_site() -> list[str]:
    if user_site() and _real(ROOT) == _real(user_site()):
        return [f"the grader is installed in {user_site()}, which Python leaves out in isolated mode; use a venv"]
    return []

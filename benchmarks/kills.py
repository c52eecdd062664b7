"""A batch that is killed again and again, against one that runs undisturbed: the same files in the end, byte for byte.

python benchmarks/kills.py [--count 100] [--kills 20] [--jobs 2] [--lab copy-on-write] [--seed 1]

Each kill is `kill -9` of the whole process group at a random moment, after which nothing of it may be running. The
class has attacks, broken archives and empty folders in it. Exit status 0 if all files are equal.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def command(options: argparse.Namespace, folder: pathlib.Path, output: pathlib.Path) -> list[str]:
    lab = str(ROOT / "labs" / options.lab)
    command = [sys.executable, "-I", "-m", "grader", "batch", lab, str(folder), "--output", str(output)]
    return [*command, "--jobs", str(options.jobs), "--isolation", "require", "-q"]


def files(output: pathlib.Path) -> dict[str, bytes]:
    """Return every file of a batch except its store."""
    found = (path for path in output.rglob("*") if path.is_file() and not path.name.startswith("batch.sqlite"))
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in found}


def session_of(pid: int) -> list[str]:
    """Return the processes of a session that are still alive."""
    left = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == pid and fields[0] != "Z":
            left.append(stat.parent.name)
    return left


def kill_at(line: list[str], seconds: float) -> bool:
    """Run a batch and kill it after that many seconds; whether it was still running."""
    running = subprocess.Popen(line, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    ended = running.poll() is not None
    if not ended:
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    deadline = time.monotonic() + 10
    while session_of(running.pid):
        if time.monotonic() > deadline:
            raise SystemExit(f"left running: {session_of(running.pid)}")
        time.sleep(0.01)
    return not ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    import students

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        students.make(folder / "class", options.count, options.lab, options.seed)
        began = time.monotonic()
        subprocess.run(command(options, folder / "class", folder / "calm"), cwd=ROOT, check=True)
        calm = time.monotonic() - began
        print(f"undisturbed: {calm:.1f} s for {options.count} submissions", flush=True)
        disturbed, chance = command(options, folder / "class", folder / "killed"), random.Random(options.seed)
        # So short that the whole needs about as many pieces as there are kills; the start of each takes half a second.
        longest = 2 * (calm / options.kills + 0.5)
        killed = sum(kill_at(disturbed, chance.uniform(0.05, longest)) for _ in range(options.kills))
        subprocess.run(disturbed, cwd=ROOT, check=True)
        expected, found = files(folder / "calm"), files(folder / "killed")
        different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        print(f"killed {killed} times; {len(found)} files, {len(different)} of them different {different[:5]}")
        raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()

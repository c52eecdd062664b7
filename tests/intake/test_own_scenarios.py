"""Reading a student's scenarios: untrusted names, bytes, sizes and step counts."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake import own_scenarios
from grader.intake.mine_files import SIZE_LIMIT
from grader.intake.own_scenarios import read_own
from tests.mine.scenarios import HEAD, STRONG, hand_in

MMAP = "  - mmap:  {by: P, name: h, pages: 2}\n"


def problem(folder):
    """Return the one problem of the one file in a folder."""
    [own] = read_own(folder, 12)
    [found] = own.problems
    return found


def test_scenarios_come_in_the_order_of_their_names(tmp_path):
    """Each file is one scenario, with its name as students see it."""
    home = hand_in(tmp_path, b=STRONG, a=STRONG)
    (home / "mine" / "._a.yaml").write_bytes(b"\0\5\x16\7")  # macOS puts these next to files
    own = read_own(home, 12)

    assert [one.name for one in own] == ["mine/a.yaml", "mine/b.yaml"]
    assert all(one.scenario is not None and not one.problems for one in own)


def test_no_folder_is_no_scenario(tmp_path):
    """The task is optional."""
    assert read_own(tmp_path, 12) == []


def test_a_mistake_in_the_file_names_the_line(tmp_path):
    """The loader's message, with the path below the student's folder."""
    text = HEAD.format(task="copy") + "  - raed: {by: P, at: h}\n"

    assert problem(hand_in(tmp_path, typo=text)).startswith("mine/typo.yaml:6: 'raed' is not a verb")


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ("  - repeat: {times: 9999, steps: [{mmap: {by: P, name: 'h{i}', pages: 1}}]}\n", "more than 100 steps"),
        ("  - mmap: {by: P, name: h, pages: 500000}\n", "500000 pages in mappings; a scenario of yours may have 256"),
        (MMAP + '  - munmap: {by: P, at: "h[0:9999999]"}\n', ":7: step 2: a page or byte above 256"),
        (MMAP + '  - munmap: {by: P, at: "h[-9999999:0]"}\n', ":7: step 2: a page or byte above 256"),
        (MMAP + '  - read: {by: P, at: h, expect: {present: {"P:h[9999999]": false}}}\n', "a page or byte above 256"),
        ("".join(f"  - fork: {{by: P, child: C{n}}}\n" for n in range(16)), "17 processes; a scenario of yours"),
    ],
)
def test_what_would_cost_much_is_refused(tmp_path, steps, why):
    """A limit is met before anything runs, and the message names it."""
    assert why in problem(hand_in(tmp_path, big=HEAD.format(task="copy") + steps))


def test_a_large_machine_is_refused(tmp_path):
    """A million frames would be made for every kernel."""
    text = STRONG.replace("processes:", "machine: {frames: 1048576}\nprocesses:")

    assert "1048576 frames" in problem(hand_in(tmp_path, big=text))


def test_a_large_file_is_not_read(tmp_path):
    """One byte more than the limit is too much."""
    assert problem(hand_in(tmp_path, long=b"#" * (SIZE_LIMIT + 1))) == "mine/long.yaml has more than 16 KiB"


def test_links_and_pipes_are_not_followed(tmp_path):
    """A link to a hidden scenario reads nothing, and a pipe does not wait for anybody."""
    hand_in(tmp_path)
    (tmp_path / "secret").write_text(STRONG)
    (tmp_path / "mine" / "link.yaml").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "mine" / "pipe.yaml")
    link, pipe = read_own(tmp_path, 12)

    assert (link.scenario, pipe.scenario) == (None, None)
    assert "is a symbolic link" in link.problems[0] and "is a pipe" in pipe.problems[0]


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    """A link of this name could lead to the course's own hidden scenarios."""
    hand_in(tmp_path / "course", hidden=STRONG)
    (tmp_path / "mine").symlink_to(tmp_path / "course" / "mine")

    assert problem(tmp_path) == "mine: not a folder (links are not followed)"


def test_a_name_cannot_move_the_cursor(tmp_path):
    """A name that is no scenario's is shown harmless, with the way out."""
    hand_in(tmp_path)
    (tmp_path / "mine" / "\x1b[2Jx.yaml").write_text(STRONG)

    assert problem(tmp_path).startswith("mine/\\e[2Jx.yaml: not a name for a scenario; use small letters")


def test_the_first_files_count_and_the_rest_is_one_problem(tmp_path):
    """A thousand files are not a thousand lines."""
    own = read_own(hand_in(tmp_path, a=STRONG, b=STRONG, c=STRONG), 2)

    assert [one.name for one in own] == ["mine/a.yaml", "mine/b.yaml", "mine"]
    assert own[-1].problems == ("mine: 3 scenarios, and 2 may be handed in; remove the weakest",)


def test_a_folder_with_too_many_entries_is_refused(tmp_path, monkeypatch):
    """The listing itself is bounded."""
    monkeypatch.setattr(own_scenarios, "ENTRIES", 2)

    assert problem(hand_in(tmp_path, a=STRONG, b=STRONG, c=STRONG)) == "mine: more than 2 files"


@settings(max_examples=30)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (STRONG + text).encode()))
def test_any_bytes_are_a_scenario_or_problems(tmp_path_factory, data):
    """Whatever is in a file, reading ends with one or the other."""
    [own] = read_own(hand_in(tmp_path_factory.mktemp("any"), any=data), 12)

    assert (own.scenario is None) <= bool(own.problems)

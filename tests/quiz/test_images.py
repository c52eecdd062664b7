"""Images: from next to the quiz file, checked, and no other file of this machine, ever."""

import io
import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.quiz.exchange import gift, qti_writer
from grader.quiz.exchange.images import IMAGE_LIMIT, images_in, read_image
from grader.quiz.exchange.item import Item, Option
from tests.marks import long_property

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


@pytest.fixture
def folder(tmp_path):
    """A folder with a quiz's image, and a secret outside it."""
    (tmp_path / "secret.png").write_bytes(PNG + b"secret")
    inside = tmp_path / "quizzes"
    (inside / "media").mkdir(parents=True)
    (inside / "media" / "y.png").write_bytes(PNG)
    return inside


def packed(folder, *texts):
    """The images in the zip of a quiz that shows these texts, and what is said to be lost."""
    options = (Option("a", True, "why"), *(Option(f"{n} {text}", False, text) for n, text in enumerate(texts)))
    data, lost = qti_writer.write([Item("q", "single", " and ".join(texts), options)], "T", folder)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        images = {name: archive.read(name) for name in archive.namelist() if not name.endswith((".xml", "/"))}
        return images, lost, b"".join(map(archive.read, archive.namelist()))


def test_an_image_beside_the_quiz_is_packed(folder):
    """Once, however often it is shown; its own bytes."""
    pytest.importorskip("text2qti")
    images, lost, _ = packed(folder, "![pages](media/y.png)", "twice ![pages](media/y.png)")

    assert list(images.values()) == [PNG] and lost == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc/passwd", "not a path next to the quiz file"),
        ("../secret.png", "not a plain path next to the quiz file"),
        ("media/../../secret.png", "not a plain path next to the quiz file"),
        ("~/secret.png", "not a path next to the quiz file"),
        ("file:///etc/passwd", "not a path next to the quiz file"),
        ("media/none.png", "no such file next to the quiz file"),
        ("media/y.svg", "not a supported image type (png, jpg, jpeg, gif, webp)"),
        ("media/link.png", "cannot be read without following a link"),
        ("linked/y.png", "cannot be read without following a link"),
        ("media/text.png", "its contents do not match the type in its name"),
        ("media/large.png", "more than 2 MiB"),
        ("media/pipe.png", "not a regular file"),
        ("media/folder.png", "not a regular file"),
    ],
)
def test_no_other_file_is_read(folder, path, words):
    """Absolute, outside, linked, of another type, too large: named, and not in the zip."""
    media = folder / "media"
    (media / "link.png").symlink_to("../../secret.png")
    (folder / "linked").symlink_to("media")
    (media / "text.png").write_text("root:x:0:0")
    with (media / "large.png").open("wb") as file:
        file.write(PNG)
        file.truncate(IMAGE_LIMIT + 1)
    os.mkfifo(media / "pipe.png")
    (media / "folder.png").mkdir()

    assert read_image(folder, path)[0] == b"" and words in read_image(folder, path)[1]
    if path in ("/etc/passwd", "media/link.png", "../secret.png"):
        pytest.importorskip("text2qti")
        images, lost, everything = packed(folder, f"![x]({path})")
        assert images == {} and words in lost[0] and lost[0].startswith(f"q: the image '{path}'")
        assert b"secret" not in everything.replace(b"secret.png", b"") and b"root:" not in everything


_MARKS = [
    "![",
    "!",
    "[",
    "]",
    "](",
    "(",
    ")",
    "<",
    ">",
    "`",
    "\\",
    " ",
    "\n",
    "'",
    '"',
    "x",
    "../secret.png",
    "a.png",
    "&#33;",
]


@given(st.lists(st.sampled_from(_MARKS), max_size=14).map("".join))
@long_property(60)
def test_no_text_gets_a_file_into_the_zip(tmp_path_factory, text):
    """Whatever Markdown makes of it, only checked images are read: text2qti would read any."""
    pytest.importorskip("text2qti")
    root = tmp_path_factory.mktemp("images")
    (root / "secret.png").write_bytes(PNG + b"secret")
    (root / "quizzes").mkdir()
    before = os.getcwd()
    os.chdir(root / "quizzes")
    try:
        images, _, _ = packed(root / "quizzes", f"x{text}x")
    finally:
        os.chdir(before)

    assert images == {}


def test_a_strangers_gift_puts_no_file_of_ours_into_a_zip(folder):
    """The way that it could be done: import, then export."""
    pytest.importorskip("text2qti")
    items, notes = gift.read(b"T ![x](/etc/passwd) {=a#![y](/etc/hostname) ~b}", "q.gift")
    data, lost = qti_writer.write(items, "T", folder)

    assert len(notes) == 2 and len(lost) == 2
    assert not [name for name in zipfile.ZipFile(io.BytesIO(data)).namelist() if not name.endswith((".xml", "/"))]


def test_images_are_found_as_markdown_has_them():
    """With a title, in angle brackets, from the network."""
    text = "a ![x](m/y.png) ![](<z.gif> 'title') ![r](https://example.org/r.png) [link](l.png)"

    assert [(image.alt, image.path, image.remote) for image in images_in(text)] == [
        ("x", "m/y.png", False), ("", "z.gif", False), ("r", "https://example.org/r.png", True),
    ]  # fmt: skip

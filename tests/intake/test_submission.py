"""What strangers hand in."""

import bz2
import gzip
import io
import os
import tarfile
import threading
import zipfile

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from grader.intake.archives import PATH_LIMIT, _tar_files
from grader.intake.submission import (
    ANSWERS_LIMIT,
    KernelRefused,
    Refused,
    Unfit,
    Unreadable,
    check_source,
    read_answers,
    read_submission,
)
from grader.sandbox.limits import SOURCE_LIMIT
from tests.marks import long_property

GOOD = b"class K: pass\n"


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_folder_gives_the_kernel_and_the_sheet(tmp_path):
    """kernel.py and answers.yaml are read; other files are not."""
    (tmp_path / "kernel.py").write_bytes(GOOD)
    (tmp_path / "answers.yaml").write_bytes(b"a: b\n")
    (tmp_path / "other.py").write_bytes(b"x")
    submission = read_submission(tmp_path)

    assert submission.sources == {"kernel.py": GOOD}
    assert submission.answers == b"a: b\n"


def test_a_file_is_a_kernel_without_a_sheet(tmp_path):
    """A single file of any name is the kernel."""
    path = tmp_path / "mine.py"
    path.write_bytes(GOOD)

    assert (read_submission(path).sources["kernel.py"], read_submission(path).answers) == (GOOD, None)


def test_archives_are_read_in_memory(tmp_path):
    """A zip and a tar give the same as the folder, wherever in them the files are, and extract nothing."""
    zip_path = zipped(tmp_path / "a.zip", {"work/kernel.py": GOOD, "work/answers.yaml": b"a: b", "../../evil": b"x"})
    tar_path = tmp_path / "a.tar.gz"
    with tarfile.open(tar_path, "w:gz") as archive:
        info = tarfile.TarInfo("work/kernel.py")
        info.size = len(GOOD)
        archive.addfile(info, io.BytesIO(GOOD))

    assert read_submission(zip_path).answers == b"a: b"
    assert read_submission(tar_path).sources["kernel.py"] == GOOD
    assert sorted(os.listdir(tmp_path)) == ["a.tar.gz", "a.zip"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_of_every_kind_is_read(tmp_path, mode, form):
    """Each format and compression that tar writes, with a long name and other members on the way."""
    path = tmp_path / "s.tar"
    with tarfile.open(path, mode, format=form) as archive:
        for name, data in {"d/notes.txt": b"n" * 1000, "d/kernel.py": GOOD, "d/answers.yaml": b"a: b"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.uid = 1000
            archive.addfile(info, io.BytesIO(data))
        if form != tarfile.USTAR_FORMAT:
            archive.addfile(tarfile.TarInfo("long/" + "x" * 120 + ".txt"))
    submission = read_submission(path)

    assert submission.sources["kernel.py"] == GOOD
    assert submission.answers == b"a: b"


def header(path, size, kind=b"0", name=b""):
    """A tar header of our own making. name: the path, where it is not UTF-8."""
    fields = (name or path.encode()).ljust(100, b"\0") + b"0000644\0" * 3 + b"%011o\0" % size + b"0" * 11 + b"\0"
    block = (fields + b" " * 8 + kind).ljust(257, b"\0") + b"ustar\x0000"
    block = block.ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("s.tar", header("kernel.py", 10**9), "the tar ends too early"),
        ("s.tar", header("x", 10**9, b"x"), "the tar ends too early"),
        ("s.tar", header("kernel.py", 3, b"2") + b"abc".ljust(512, b"\0"), "no kernel.py in s.tar"),
        ("s.tar", header("f", 0) * 2100, "more than 2000 members"),
        ("s.tar", (header("kernel.py", 0)) * 2, "in the archive twice"),
        ("s.tar", b"x" * 1000, "damaged, or not a tar at all"),
        ("s.tgz", lambda: gzip.compress(b"\0" * (40 << 20)), "unpacked, the archive has more than 32 MiB"),
        ("s.tgz", b"\x1f\x8b" + b"x" * 100, "the archive cannot be read"),
        ("s.py", lambda: bz2.compress(b"\0" * (40 << 20)), "unpacked, the archive has more than 32 MiB"),
    ],
)
def test_a_hostile_tar_is_refused(tmp_path, name, data, words):
    """Sizes that lie, links, bombs and floods of members: each with the reason, in bounded memory."""
    path = tmp_path / name
    path.write_bytes(data() if callable(data) else data)

    with pytest.raises(Refused, match=words):
        read_submission(path)


def tarred(files, form):
    """The bytes of a tar that Python writes."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("folder", ["x" * 110, "a/" + "b" * 99, "\u00fc" * 60])
def test_a_path_of_more_than_a_hundred_bytes_is_read(tmp_path, form, folder):
    """It is in a header of its own, and only its beginning in the member's."""
    path = tmp_path / "s.tar"
    path.write_bytes(tarred([(f"{folder}/kernel.py", GOOD), (f"{folder}/answers.yaml", b"a: b"), ("n.txt", b"")], form))
    read = read_submission(path)

    assert (read.kernel, read.answers) == (GOOD, b"a: b")


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_two_folders_with_foreign_letters_are_two(tmp_path, form):
    """pax writes a question mark for each such letter into the member's own header; names may also be Latin-1."""
    path = tmp_path / "s.tar"
    data = tarred([("\u00fc/kernel.py", GOOD), ("\u00f6/kernel.py", GOOD)], form)
    latin = b"".join(header("?/kernel.py", 0, name=name + b"/kernel.py") for name in (b"\xfc", b"\xf6"))
    for one in (data, latin):
        path.write_bytes(one)
        with pytest.raises(Refused, match=r"equally near to the top \(\u00f6/kernel.py, \u00fc/kernel.py\)"):
            read_submission(path)


parts = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=80)
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)


@given(st.lists(paths, max_size=4), st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_paths_of_a_tar_are_those_that_tarfile_reads(names, form):
    """Whatever their length and letters."""
    data = tarred([(name, b"x" * len(name)) for name in names], form)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        known = [(info.name, info.size) for info in archive]

    assert [(path, size) for path, _, size in _tar_files(data) if path] == known


records = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([b"path=", b"size=", b"path", b""]), st.binary(max_size=30)),
    max_size=4,
)


@given(records, st.sampled_from([b"L", b"x", b"K", b"g"]), st.booleans())
def test_any_extra_header_is_read_or_refused(records, kind, right):
    """Lengths that lie, no key, any bytes: the kernel behind it has a path, or the tar is refused."""
    data = b""
    for length, key, value in records:
        text = b" " + key + value + b"\n"
        data += b"%d" % (len(text) + 2 if right and len(text) < 98 and len(text) > 7 else length) + text
    padded = data.ljust(-(-len(data) // 512) * 512, b"\0")
    try:
        found = list(_tar_files(header("e", len(data), kind) + padded + header("kernel.py", 0)))
    except Refused as refused:
        assert kind == b"x" and "damaged" in str(refused)
    else:
        assert len(found) == 2 and isinstance(found[1][0], str)


def test_a_flood_of_records_is_refused(tmp_path):
    """A header of megabytes would take long, one of a path of megabytes much memory."""
    flood = b"6 a=b\n" * 300
    data = header("e", len(flood), b"x") + flood.ljust(-(-len(flood) // 512) * 512, b"\0") + header("kernel.py", 0)
    long = header("e", 1 << 20, b"L") + b"x" * (1 << 20) + header("kernel.py", 0)

    with pytest.raises(Refused, match="damaged"):
        list(_tar_files(data))
    assert len(list(_tar_files(long))[1][0]) == PATH_LIMIT + 1


def test_a_hostile_zip_is_refused(tmp_path):
    """A bomb, unusual compression, encryption and a name that is there twice."""
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kernel.py", b"\0" * (300 << 20))
    odd = tmp_path / "odd.zip"
    with zipfile.ZipFile(odd, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("kernel.py", GOOD)
    locked = tmp_path / "locked.zip"
    data = bytearray(zipped(tmp_path / "s.zip", {"kernel.py": GOOD}).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(data)
    twice = tmp_path / "twice.zip"
    with zipfile.ZipFile(twice, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("kernel.py", GOOD)
        archive.writestr("kernel.py", b"x = 1")

    for path, words in ((bomb, "more than 256 KiB"), (odd, "unusual"), (locked, "encrypted"), (twice, "twice")):
        with pytest.raises(Refused, match=words):
            read_submission(path)


def test_a_file_that_is_swapped_for_a_link_is_never_followed(tmp_path):
    """While another thread replaces the kernel by a link to a secret and back, the secret is never read."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"SECRET = 1\n")
    folder = tmp_path / "work"
    folder.mkdir()
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for make in (lambda p: p.write_bytes(GOOD), lambda p: p.symlink_to(secret)):
                make(folder / "new")
                os.replace(folder / "new", folder / "kernel.py")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(read_submission(folder).sources["kernel.py"])
            except Refused as refused:
                seen.add(str(refused)[:30])
    finally:
        stop.set()
        thread.join()

    assert GOOD in seen
    assert not any(b"SECRET" in s for s in seen if isinstance(s, bytes))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_not_refused(tmp_path):
    """What this machine cannot read is nobody's fault: an error of its own, with the system's reason."""
    (tmp_path / "kernel.py").write_bytes(GOOD)
    (tmp_path / "kernel.py").chmod(0)

    with pytest.raises(Unreadable, match="cannot be read: Permission denied"):
        read_submission(tmp_path)


@pytest.mark.parametrize("name", ["\x1b[2J.py", "=1+1.py", "a\nb.py", "\udcff.py", "-rf.py", "x" * 200 + ".py"])
def test_odd_names_do_no_harm(tmp_path, name):
    """A submission may have any name that the system takes; what it is called is escaped where it is shown."""
    path = tmp_path / name
    path.write_bytes(GOOD)

    assert read_submission(path).name == name


def test_a_name_that_is_no_path_is_refused():
    """A null byte in a path is a refusal, not an exception of another kind."""
    with pytest.raises(Refused, match="cannot be a path"):
        read_submission("a\0b")


def test_links_are_not_followed(tmp_path):
    """A link in the place of a kernel, or of the submission, is refused."""
    secret = tmp_path / "secret.py"
    secret.write_bytes(GOOD)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "kernel.py").symlink_to(secret)
    (tmp_path / "link").symlink_to(folder)

    with pytest.raises(Refused, match="kernel.py is a symbolic link; links are not followed"):
        read_submission(folder)
    with pytest.raises(Refused, match="link is a symbolic link"):
        read_submission(tmp_path / "link")


def test_a_name_in_other_letters_is_taken_with_a_word(tmp_path):
    """Kernel.py is taken for kernel.py, in a folder and in an archive, and the result says so."""
    if (tmp_path / "Kernel.py").write_bytes(GOOD) and (tmp_path / "kernel.py").exists():
        pytest.skip("this file system takes one for the other")
    folder = read_submission(tmp_path)
    archive = read_submission(zipped(tmp_path / "s.zip", {"a/Kernel.PY": GOOD}))

    assert folder.sources == archive.sources == {"kernel.py": GOOD}
    assert folder.remarks == ("Kernel.py was taken for kernel.py",)
    assert archive.remarks == ("a/Kernel.PY was taken for kernel.py",)


def test_what_is_no_file_does_not_hang(tmp_path):
    """A pipe named kernel.py is refused at once."""
    os.mkfifo(tmp_path / "kernel.py")

    with pytest.raises(Refused, match="kernel.py is a pipe"):
        read_submission(tmp_path)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a.txt": b"x"}, "no kernel.py in s.zip"),
        ({"a/kernel.py": GOOD, "b/kernel.py": GOOD}, "2 files named kernel.py"),
        ({"kernel.py": b"#" * (SOURCE_LIMIT + 1)}, "more than 256 KiB"),
        ({f"f{n}": b"" for n in range(2100)}, "more than 2000 members"),
    ],
)
def test_an_archive_that_is_none_is_refused(tmp_path, members, words):
    """Missing, ambiguous, too large, too many: each with the reason."""
    with pytest.raises(Refused, match=words):
        read_submission(zipped(tmp_path / "s.zip", members))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"\xff\xfe", "not UTF-8: byte 0xff at offset 0"),
        (b"x = 1\x00", "null byte at offset 5"),
        (b"# -*- coding: latin-1 -*-\n", "the encoding 'latin-1' is not supported"),
        (b"(" * 200, "nested more than 90 deep"),
        (b"#" * (SOURCE_LIMIT + 1), "more than 256 KiB"),
    ],
)
def test_source_that_is_no_text_is_refused(source, words):
    """Encodings, null bytes, absurd nesting and size are refused before anything compiles it."""
    with pytest.raises(Refused, match=words):
        check_source(source)


@given(data=st.binary(max_size=400), name=st.sampled_from(["k.py", "k.zip", "k.tar"]))
@long_property(120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_a_submission_or_refused(tmp_path, data, name):
    """No bytes under any name make intake fail in any other way."""
    path = tmp_path / name
    for head in (b"", b"PK\x03\x04", b"\x1f\x8b\x08"):
        path.write_bytes(head + data)
        try:
            read_submission(path)
        except Refused as refused:
            assert str(refused)


def test_a_sheet_is_strings():
    """Scalars are the text that was written: NO is no boolean, 017 no number."""
    assert read_answers(b"a: NO\nb: 017\nc: [x, 1.0]\nd: '12:30'\n") == {
        "a": "NO",
        "b": "017",
        "c": ["x", "1.0"],
        "d": "12:30",
    }


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (b"a: &x b\nc: *x", "line 1: an anchor"),
        (b"a: !!int 3", "line 1: a tag"),
        (b"<<: {a: b}", "a merge"),
        (b"? {b: c}\n: d", "line 1: a nested value for a question's name"),
        (b"a: {b: [&x c]}", "line 1: an anchor"),
        (b"a: {b: {c: !!int 1}}", "line 1: a tag"),
        (b"- a", "a sheet is a mapping"),
        (b"a: b\n---\nc: d", "more than one document"),
        (b"a: [", "line 2: this is not YAML"),
        (b"\xff", "not UTF-8"),
        (b"#" * (ANSWERS_LIMIT + 1), "more than 64 KiB"),
    ],
)
def test_a_sheet_that_is_none_is_refused(sheet, words):
    """Everything but a flat mapping of plain scalars and lists is named, with its line."""
    with pytest.raises(Refused, match=words):
        read_answers(sheet)


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (b"a: b\nc: d\na: c", "line 3: the question is answered twice; leave one answer"),
        (b"a: b\nc: d\na: [x]\na: y", "line 4: the question is answered twice"),
        (b"c: d\na: {b: c}", "line 2: a nested value; use a word, a number, or a flat list"),
        (b"c: d\na:\n  b:\n  - {x: [y]}\n  e: f", "line 3: a nested value"),
        (b"a: [[b], c]\nc: d", "line 1: a nested value"),
    ],
)
def test_an_answer_that_can_be_none_spoils_no_other(sheet, words):
    """What is there twice or nested is named, with its line, and everything else on the sheet stands."""
    answers = read_answers(sheet)

    assert isinstance(answers["a"], Unfit) and words in answers["a"]
    assert answers["c"] == "d"


@given(st.binary(max_size=300) | st.text(alphabet="ab:{}[]-,\n &*!<'\"", max_size=80).map(str.encode))
@long_property(200)
def test_any_bytes_are_a_sheet_or_refused(data):
    """No bytes make the reader fail in any other way, and what comes out is strings."""
    try:
        answers = read_answers(data)
    except Refused:
        return
    assert all(isinstance(v, str) or all(isinstance(i, str) for i in v) for v in answers.values())


def test_an_empty_sheet_answers_nothing():
    """Empty files and files of comments are sheets without an answer."""
    assert read_answers(b"") == read_answers(b"# nothing\n") == {}


#: Kernels that intake refuses, and what it says.
BAD_KERNELS = [
    ({"kernel.py": b"# \xe9\n"}, "is not UTF-8"),
    ({"kernel.py": b"#" * (SOURCE_LIMIT + 1)}, "has more than"),
    ({"kernel.py": GOOD, "kernel.c": GOOD}, "remove the one that is not yours"),
    ({"kernel.py.txt": GOOD}, "rename"),
    ({}, "no kernel.py"),
]


def written(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize(("kernel", "words"), BAD_KERNELS)
@pytest.mark.parametrize("kind", ["folder", "deep", "zip", "zip in a folder"])
def test_a_refused_kernel_takes_neither_the_sheet_nor_the_scenarios_with_it(tmp_path, kernel, words, kind):
    """Whatever is wrong with the kernel, and whether the files are in a folder, below one, or in an archive."""
    files = {**kernel, "answers.yaml": b"a: b\n", "mine/one.yaml": b"x"}
    if kind == "deep":
        files = {f"work/{name}": data for name, data in files.items()}
    (tmp_path / "jane").mkdir()
    path = tmp_path / "jane"
    if kind.startswith("zip"):
        path = zipped(path / "all.zip", files)
    else:
        written(path, files)
    with pytest.raises(KernelRefused, match=words) as caught:
        read_submission(path.parent if kind == "zip in a folder" else path)
    rest = caught.value.rest

    assert rest.answers == b"a: b\n"
    if kind.startswith("zip"):
        assert rest.own == {"one.yaml": b"x"}
    else:
        assert rest.home == str(path / "work" if kind == "deep" else path)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_a_kernel_is_found_however_deep_it_lies(tmp_path, kind):
    """Some platforms pack a student's whole home; a kernel that is passed over would be a grade lost."""
    files = {"/".join("abcdefghijklmn") + "/kernel.py": GOOD}
    path = written(tmp_path / "jane", files)
    if kind == "zip":
        path = zipped(tmp_path / "all.zip", files)
    elif kind == "tar":
        path = tmp_path / "all.tar"
        path.write_bytes(tarred(files.items(), tarfile.PAX_FORMAT))

    assert read_submission(path).kernel == GOOD


def test_a_chain_of_folders_without_end_does_no_harm(tmp_path):
    """Its paths become longer than the system allows; what is near the top is read."""
    top = written(tmp_path / "jane", {"kernel.py": GOOD})
    deep = os.open(top, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("f" * 100, dir_fd=deep)
        below = os.open("f" * 100, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)

    assert read_submission(top).kernel == GOOD


def big(folder):
    return written(folder, {"kernel.py": GOOD, "answers.yaml": b"#" * (ANSWERS_LIMIT + 1)})


def linked(folder):
    written(folder, {"kernel.py": GOOD, "secret": b"a: b"})
    (folder / "answers.yaml").symlink_to(folder / "secret")
    return folder


def big_in_a_zip(folder):
    return zipped(folder / "x.zip", {"kernel.py": GOOD, "answers.yaml": b"#" * (ANSWERS_LIMIT + 1)})


def damaged_in_a_zip(folder):
    path = zipped(folder / "x.zip", {"kernel.py": GOOD, "answers.yaml": b"c" * 100})
    path.write_bytes(path.read_bytes().replace(b"c" * 100, b"d" * 100))
    return path


def twice_in_a_zip(folder):
    path = zipped(folder / "x.zip", {"kernel.py": GOOD, "answers.yaml": b"a", "answerz.yaml": b"b"})
    path.write_bytes(path.read_bytes().replace(b"answerz", b"answers"))
    return path


@pytest.mark.parametrize(
    ("hand_in", "why"),
    [
        (big, "answers.yaml has more than 64 KiB"),
        (linked, "answers.yaml is a symbolic link; links are not followed"),
        (big_in_a_zip, "answers.yaml has more than 64 KiB"),
        (damaged_in_a_zip, "answers.yaml cannot be unpacked (BadZipFile)"),
        (twice_in_a_zip, "answers.yaml is in the archive twice"),
    ],
)
def test_a_sheet_that_cannot_be_read_does_not_take_the_kernel_with_it(tmp_path, hand_in, why):
    """The kernel is read, and the reason stands where the sheet would."""
    read = read_submission(hand_in(tmp_path))

    assert (read.kernel, read.answers, read.unread) == (GOOD, None, why)

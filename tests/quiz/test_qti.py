"""QTI 1.2 and 2.1, read: text2qti's packages, items of both versions, what is named, and files made to harm."""

import io
import zipfile
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.quiz.exchange import formats, qti_writer, yaml_file
from grader.quiz.exchange.notes import ImportFailed
from grader.quiz.questions import read_quiz
from tests.marks import long_property
from tests.quiz.quizzes import told

SCORE = "<setvar varname='SCORE' action='Set'>{}</setvar>"


def material(text, html=False):
    kind = "text/html" if html else "text/plain"
    return f"<material><mattext texttype='{kind}'>{text}</mattext></material>"


def item1(answers, *conditions, meta="", more=""):
    """An item of QTI 1.2."""
    inner = f"<presentation>{material('&lt;p&gt;T &lt;b&gt;x&lt;/b&gt;&lt;/p&gt;', True)}{answers}</presentation>"
    return (
        f"<questestinterop xmlns='http://www.imsglobal.org/xsd/ims_qtiasiv1p2'>\n<item title='q'>{meta}{inner}"
        f"<resprocessing>{''.join(conditions)}</resprocessing>{more}</item></questestinterop>"
    )


def listed(*texts, kind="Single", ident="r", left=""):
    labels = "".join(
        f"<response_label ident='{n}'>{material(text)}</response_label>" for n, text in enumerate(texts, 1)
    )
    shown = f"{left}<render_choice>{labels}</render_choice>"
    return f"<response_lid ident='{ident}' rcardinality='{kind}'>{shown}</response_lid>"


def condition(test, points, ident="r"):
    return f"<respcondition><conditionvar>{test}</conditionvar>{SCORE.format(points)}</respcondition>"


def equal(text, ident="r"):
    return f"<varequal respident='{ident}'>{text}</varequal>"


FIB = "<response_str ident='r'><render_fib/></response_str>"


def meta(kind, points="2"):
    field = "<qtimetadatafield><fieldlabel>{}</fieldlabel><fieldentry>{}</fieldentry></qtimetadatafield>"
    return (
        f"<itemmetadata>{field.format('question_type', kind)}{field.format('points_possible', points)}</itemmetadata>"
    )


def item2(body, declared, identifier="q"):
    """An item of QTI 2.1."""
    return (
        f"<assessmentItem xmlns='http://www.imsglobal.org/xsd/imsqti_v2p1' identifier='{identifier}' title='q'>\n"
        f"{declared}"
        f"<itemBody><p>T</p>{body}</itemBody></assessmentItem>"
    )


def declared(*values, kind="single", base="identifier", more=""):
    inner = "".join(f"<value>{value}</value>" for value in values)
    return (
        f"<responseDeclaration identifier='R' cardinality='{kind}' baseType='{base}'><correctResponse>{inner}"
        f"</correctResponse>{more}</responseDeclaration>"
    )


def interaction(name, inner):
    return f"<{name}Interaction responseIdentifier='R'>{inner}</{name}Interaction>"


def matched(*texts):
    """The first half stands on the left, with the identifiers a, b, …; the others on the right."""
    made = [
        f"<simpleAssociableChoice identifier='{chr(97 + n)}'>{text}</simpleAssociableChoice>"
        for n, text in enumerate(texts)
    ]
    half = len(made) // 2
    return "".join(f"<simpleMatchSet>{''.join(part)}</simpleMatchSet>" for part in (made[:half], made[half:]))


def simple(*texts):
    return "".join(f"<simpleChoice identifier='{n}'>{text}</simpleChoice>" for n, text in enumerate(texts, 1))


def read(text):
    return formats.read(text.encode(), "q.xml")


@pytest.mark.parametrize(
    ("xml", "kind", "options"),
    [
        (item1(listed("a", "b"), condition(equal(2), 100)), "single", [("a", False), ("b", True)]),
        (
            item1(
                listed("a", "b", "c", kind="Multiple"),
                condition(f"<and>{equal(1)}<not>{equal(2)}</not>{equal(3)}</and>", 100),
            ),
            "multiple",
            [("a", True), ("b", False), ("c", True)],
        ),
        (
            item1(
                listed("x", "y", ident="r", left=material("one")) + listed("x", "y", ident="s", left=material("two")),
                condition(equal(2), 50),
                condition(equal(1, "s"), 50),
            ),
            "match",
            [("one", "y"), ("two", "x")],
        ),
        (
            item2(
                interaction("choice", "<prompt>Which?</prompt>" + simple("a", "<em>b</em>")),
                declared(2),
            ),
            "single",
            [("a", False), ("*b*", True)],
        ),
        (
            item2(interaction("choice", simple("a", "b", "c")), declared(1, 3, kind="multiple")),
            "multiple",
            [("a", True), ("b", False), ("c", True)],
        ),
        (
            item2(interaction("order", simple("a", "b", "c")), declared(3, 1, 2, kind="ordered")),
            "order",
            [("a", 2), ("b", 3), ("c", 1)],
        ),
        (
            item2(
                interaction("match", matched("A", "B", "X", "Y")),
                declared("a d", "b c", kind="multiple", base="directedPair"),
            ),
            "match",
            [("A", "Y"), ("B", "X")],
        ),
    ],
    ids=["single1", "multiple1", "match1", "single2", "multiple2", "order2", "match2"],
)
def test_choices_pairs_and_orders_are_read(xml, kind, options):
    """Each kind of both versions, with nothing to remark."""
    [item], notes = read(xml)

    assert (item.kind, item.id, notes) == (kind, "q", [])
    assert item.text.startswith("T")
    assert [(o.text, o.right) for o in item.options] == options


def test_numbers_and_words_are_read():
    """Accepted words, a range with its middle, points; and an entry in the text of an item of 2.1."""
    either = condition(f"<or>{equal('page')}{equal('a page')}</or>", 100)
    [word], _ = read(item1(FIB, either, meta=meta("short_answer_question")))
    assert (word.kind, word.answers, word.points, word.text) == ("text", ("page", "a page"), 2, "T **x**")

    inside = "<and><vargte respident='r'>3.5</vargte><varlte respident='r'>4.5</varlte></and>"
    [number], notes = read(item1(FIB, condition(f"<or>{equal(4)}{inside}</or>", 100), meta=meta("numerical_question")))
    assert (number.kind, number.answers, number.tolerance, notes) == ("number", ("4",), Fraction(1, 2), [])

    entry = "<p>A page has <textEntryInteraction responseIdentifier='R'/> bytes.</p>"
    [number], notes = read(item2(entry, declared("4096", base="integer")))
    assert (number.kind, number.answers, notes) == ("number", ("4096",), [])


def test_feedback_goes_to_its_answer():
    """By the links of 1.2; what belongs to no answer is named."""
    shown = f"<respcondition><conditionvar>{equal(1)}</conditionvar><displayfeedback linkrefid='f1'/></respcondition>"
    told_ = "".join(
        f"<itemfeedback ident='{ident}'><flow_mat>{material(text)}</flow_mat></itemfeedback>"
        for ident, text in (("f1", "no"), ("correct_fb", "yes"), ("general_fb", "all"), ("other", "lost"))
    )
    [item], notes = read(item1(listed("a", "b"), shown, condition(equal(2), 100), more=told_))

    assert [o.why for o in item.options] == ["no", "yes\n\nall"]
    assert told(notes) == ["q.xml:2: the feedback 'other' is left out: 'lost'"]


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (item1(FIB, meta=meta("essay_question")), "an essay, or a marking program that is not supported"),
        (item1("", condition(equal(1), 100)), "it has no place to answer, or several"),
        (item1(listed("a", "b")), "no answer gives points; left out"),
        (item1(FIB + FIB, condition(equal(1), 100), meta=meta("fill_in_multiple_blanks_question")), "several gaps"),
        (item2("", declared(1)), "a description: only choices"),
        (item2(interaction("upload", ""), declared(1)), "<uploadInteraction>: only choices"),
        (item2(interaction("textEntry", "") * 2, declared(1)), "2 interactions in one question"),
        (item2(interaction("choice", simple("a", "b")), ""), "no responseDeclaration gives"),
        (item2(interaction("order", simple("a", "b")), declared(1)), "every step"),
    ],
)
def test_what_cannot_be_marked_is_left_out_with_the_reason(xml, words):
    """And the line."""
    items, notes = read(xml)

    assert items == []
    assert any(line.startswith("q.xml:") and words in line for line in told(notes))


def test_part_marks_and_weights_are_named():
    """A half-right answer is wrong here; weights of 2.1 are not imported."""
    _, notes = read(item1(listed("a", "b", "c"), condition(equal(2), 100), condition(equal(3), 50)))
    assert told(notes) == ["q.xml:2: 'c' is worth 50; here it is a wrong answer"]

    mapping = "<mapping><mapEntry mapKey='1' mappedValue='2'/><mapEntry mapKey='2' mappedValue='-1'/></mapping>"
    body = interaction("choice", simple("a", "b"))
    _, notes = read(item2(body, declared(1, kind="multiple", more=mapping)))
    assert "the weights are not kept" in told(notes)[0]


def test_what_text2qti_writes_comes_back(items, tmp_path):
    """Our export, by a writer that is not ours: keys, points, reasons of choices, tolerance."""
    pytest.importorskip("text2qti")
    data, _ = qti_writer.write(items, "T", tmp_path)
    found, notes = formats.read(data, "q.zip")
    back = {item.id: item for item in found}
    kept = [item for item in items if item.kind not in ("match", "order")]

    assert list(back) == [item.id for item in kept]
    for item in kept:
        mine = back[item.id]
        assert (mine.kind, mine.points, mine.answers, mine.tolerance) == (
            item.kind, item.points, item.answers, item.tolerance,
        )  # fmt: skip
        assert [(plainly(o.text), o.right) for o in mine.options] == [(plainly(o.text), o.right) for o in item.options]
    assert not any(note.lost for note in notes)


def plainly(text):
    return " ".join(text.replace("\u200b", "").replace("`", "").split())


def package(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/") + ".xml", text)
    return buffer.getvalue()


def test_a_package_of_items_is_one_quiz():
    """Of 2.1: a file a question; the manifest and the test that puts them together hold none."""
    body = interaction("choice", simple("a", "b"))
    one = item2(body, declared(1))
    items, notes = formats.read(
        package(imsmanifest="<manifest/>", items__1=one, items__2=one, test="<assessmentTest/>", x="<other/>"), "p.zip"
    )

    assert [item.id for item in items] == ["q", "q-2"]
    assert told(notes) == ["p.zip/x.xml:1: <other> holds no questions; left out"]


def test_the_test_of_a_package_gives_the_order():
    """The tenth file comes after the second, although its name does not; a weight is named, since it is left out."""
    body = interaction("choice", simple("a", "b"))
    item = item2(body, declared(1))
    files = {f"items__{n}": item.replace("title='q'", f"title='item{n}'") for n in (1, 2, 10, 3)}
    refs = "".join(f"<assessmentItemRef href='../items/{n}.xml'/>" for n in (2, 10))
    refs += "<assessmentItemRef href='../items/1.xml'><weight identifier='W' value='2'/></assessmentItemRef>"
    test = f"<assessmentTest><testPart><assessmentSection>{refs}</assessmentSection></testPart></assessmentTest>"
    items, notes = formats.read(package(**files, tests__test=test), "p.zip")

    assert [item.id for item in items] == ["item2", "item10", "item1", "item3"]
    assert told(notes) == ["p.zip/tests/test.xml:1: the weight of items/1.xml is left out; check its points"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04rubbish", "p.zip: cannot read this zip"),
        (package(a="<manifest/>"), "p.zip: no file in this zip is QTI"),
        (package(a="<" * 9), "p.zip/a.xml:1: not valid XML"),
        (package(a=" " * ((1 << 20) + 1)), "p.zip/a.xml: more than 1024 KiB; split the file"),
        (package(**{f"f{n}": " " * (1 << 20) for n in range(5)}), "p.zip: its XML has more than 4 MiB"),
        (b"PK\x03\x04" + b"PK\x01\x02" * 2001, "p.zip: more than 2000 files in this zip"),
        (b"<html/>", "not valid XML|begins no known quiz"),
    ],
    ids=range(7),
)
def test_a_package_made_to_harm_is_refused(data, words):
    """Bombs, rubbish, too many files: a line each."""
    import re

    name = "p.zip" if data.startswith(b"PK") else "q.xml"
    with pytest.raises(ImportFailed) as refused:
        formats.read(data, name)

    assert re.search(words, str(refused.value))


_TAGS = [
    "questestinterop",
    "item",
    "presentation",
    "material",
    "mattext",
    "response_lid",
    "response_label",
    "respcondition",
]
_TAGS += [
    "conditionvar",
    "varequal",
    "setvar",
    "assessmentItem",
    "itemBody",
    "choiceInteraction",
    "responseDeclaration",
]
_TAGS += [
    "correctResponse",
    "value",
    "simpleChoice",
    "textEntryInteraction",
    "response_str",
    "not",
    "or",
    "vargte",
    "varlte",
]
_WITH = "ident='a' respident='a' identifier='a' responseIdentifier='a' varname='SCORE' rcardinality='Multiple'"

_TREES = st.recursive(
    st.sampled_from(["a", "1", "100", "&lt;b&gt;", ""]),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag} {_WITH}>{''.join(parts)}</{tag}>",
        st.sampled_from(_TAGS),
        st.lists(inner, max_size=4),
    ),
    max_leaves=30,
)


@given(_TREES.filter(lambda text: text.startswith("<")) | st.text(max_size=40), st.sampled_from(["q.xml", "q.zip"]))
@long_property(200)
def test_no_tree_makes_the_reader_fail(text, name):
    """Elements of both versions in any order: questions that our loader takes, or words."""
    try:
        items, _ = formats.read(text.encode(), name)
    except ImportFailed:
        return
    if items:
        assert len(read_quiz(yaml_file.write(items, "T"), "q").questions) == len(items)

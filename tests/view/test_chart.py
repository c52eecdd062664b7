"""Plots as SVG."""

import xml.etree.ElementTree as ElementTree

import pytest

from grader.view.chart import BAR, HIGH, LOW, bar, columns, over_steps

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("share", "width"), [(0, 0), (0.001, 2), (0.5, BAR / 2), (1, BAR), (7, BAR)])
def test_a_bar_is_as_long_as_its_share(share, width):
    """Nothing for none, at least a visible stroke for little, and never longer than its track."""
    rects = list(ElementTree.fromstring(bar(share)).iter(f"{SVG}rect"))

    assert sum(float(rect.get("width")) for rect in rects[1:]) == width


def test_columns_have_heights_numbers_and_names_as_text():
    """The highest column has all the height; the description says the same in words; text is escaped."""
    root = ElementTree.fromstring(columns("Points", [("0-10", 4), ("<b>", 0), ("20-30", 1)]))
    texts = [text.text for text in root.iter(f"{SVG}text")]

    assert [float(rect.get("height")) for rect in root.iter(f"{SVG}rect")] == [HIGH, HIGH / 4]
    assert texts == ["4", "0-10", "0", "<b>", "1", "20-30"]
    assert root.find(f"{SVG}desc").text == "0-10: 4; <b>: 0; 20-30: 1"


def test_nothing_to_plot():
    """A class without points has columns without a height."""
    assert "<rect" not in columns("Points", [("0-10", 0)])


def test_a_count_over_steps_has_a_column_for_each_and_a_line_where_runs_differ():
    """The highest number of any run has all the height; where runs agree, or one does not say, there is no line."""
    root = ElementTree.fromstring(over_steps([1, 0, 2], [1, 4, None]))
    drawn = {path.get("class"): path.get("d") for path in root.iter(f"{SVG}path")}

    assert drawn["v"] == f"M1 {LOW + 2}v-{LOW / 4:g}h8v{LOW / 4:g}zM21 {LOW + 2}v-{LOW / 2:g}h8v{LOW / 2:g}z"
    assert drawn["q"] == "M10 2h10"
    assert root.get("aria-hidden") == "true"

"""The frame of every HTML page."""

import base64
import hashlib
import re

import pytest

from grader.view.document import document


@pytest.mark.parametrize("script", ["", "let here;"])
def test_only_what_the_page_brings_is_allowed(script):
    """The policy names the hashes of the very style and script that stand in the page, and no form may be sent."""
    text = document("a", "<p>b</p>", "p { color: red }", script)
    policy = re.search(r'Policy" content="(.*)"', text)[1]
    parts = dict(re.findall(r"(style|script)-src 'sha256-([^']+)'", policy))

    assert "default-src 'none'" in policy and "form-action 'none'" in policy
    for kind in ("style", "script"):
        for found in re.findall(rf"<{kind}>(.*)</{kind}>", text):
            assert parts.pop(kind) == base64.b64encode(hashlib.sha256(found.encode()).digest()).decode()
    assert parts == {}


def test_a_title_is_text():
    """What stands in a title cannot end it."""
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in document("</title><script>", "", "")

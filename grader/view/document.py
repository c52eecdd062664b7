"""The frame of every HTML page: one file that opens from disk, and nothing is fetched.

The Content-Security-Policy allows the page's own style and script by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib

from grader.escape import for_html


def document(title: str, body: str, style: str, script: str = "") -> str:
    """Return an HTML document. title: plain text; body: what stands in <body>, as HTML; script: runs at its end."""
    allowed = ["default-src 'none'", f"style-src '{_hash(style)}'", "base-uri 'none'", "form-action 'none'"]
    if script:
        allowed.insert(2, f"script-src '{_hash(script)}'")
        body = f"{body}\n<script>{script}</script>"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{"; ".join(allowed)}">
<title>{for_html(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

# It prints and raises what moves cursors, sets titles, hides lines and speaks to a CI.
# level: L1
# verdicts: passed crashed passed

import sys


class Attack(Honest):
    def strike(self, parent, child):
        evil = (
            "\x1b[2J\x1b[H\x1b]0;title\x07\x1b]8;;http://evil\x07\x9b31m\r10 passed\n::error file=a::b\n##[error]x\n"
            "::stop-commands::x\n</pre><script>alert(1)</script>\n=HYPERLINK(1)\n\u202e\u2066\u200b\ufeff\ud800\x00\x08\x7f"
        )
        print(evil)
        print(evil, file=sys.stderr)
        raise RuntimeError(evil)

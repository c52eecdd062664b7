# It takes over how text and numbers are encoded: codecs, error handlers, JSON, arrays and the import of them.
# level: L1
# verdicts: passed passed|crashed|tampered|failed|timed_out passed|crashed|tampered|failed|timed_out

import array
import codecs
import json
import sys


class Attack(Honest):
    def strike(self, parent, child):
        codecs.register_error("backslashreplace", lambda error: ("x" * 10**6, error.start))
        codecs.register_error("strict", lambda error: ("", 0))
        codecs.register(lambda name: 1 / 0)
        json.JSONEncoder.default = lambda *arguments: {}
        json.dumps = lambda *arguments, **named: '{"kind": 1}'
        json.loads = lambda *arguments, **named: {"verb": "exit", "by": "P"}
        array.array = list
        sys.modules["array"] = sys.modules["json"] = None
        print("\ud800")

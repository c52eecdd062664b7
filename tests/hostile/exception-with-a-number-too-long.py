# It raises a syntax error of its own, in a line whose number is too long to be written.
# level: L1
# verdicts: passed crashed passed

class Attack(Honest):
    def strike(self, parent, child):
        error = SyntaxError("no")
        error.filename, error.lineno, error.text = self, 10**6000, self
        raise error

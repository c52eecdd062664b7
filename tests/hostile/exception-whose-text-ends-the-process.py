# It raises an exception that ends the process when it is looked at.
# level: L1
# verdicts: passed crashed passed

import os


class Hostile(Exception):
    def __str__(self):
        os._exit(0)


class Attack(Honest):
    def strike(self, parent, child):
        raise Hostile

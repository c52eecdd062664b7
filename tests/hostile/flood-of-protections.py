# It changes the rights of one page without end: honest operations, too many of them.
# level: L1
# verdicts: passed timed_out passed

class Attack(Honest):
    def strike(self, parent, child):
        page = parent.page_table.pages()[0]
        rights = parent.page_table.get(page).protection
        while True:
            parent.page_table.protect(page, rights)

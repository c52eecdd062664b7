# It reaches past the handle into the worker's machine: frames are shared, counted and filled without an operation.
# level: L1
# verdicts: passed failed|tampered|crashed|no_progress passed

class Attack(Honest):
    def fork(self, parent, child):
        for attribute in vars(parent.page_table) if hasattr(parent.page_table, "__dict__") else type(parent.page_table).__slots__:
            value = getattr(parent.page_table, attribute)
            if isinstance(value, dict):
                getattr(child.page_table, attribute).update(value)
        self.regions[child] = self.regions[parent].copy()

# Its methods are generators and coroutines, which do nothing when they are called.
# level: L1
# verdicts: failed|no_progress|crashed failed|no_progress|crashed failed|no_progress|crashed

class Attack(Honest):
    async def fork(self, parent, child):
        pass

    def page_fault(self, process, fault):
        yield

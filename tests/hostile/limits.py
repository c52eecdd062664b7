# It raises its own limits.
# level: L1
# verdicts: passed passed passed

import resource


class Attack(Honest):
    def strike(self, parent, child):
        for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
            number = getattr(resource, name)
            before = resource.getrlimit(number)
            try:
                resource.setrlimit(number, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except (OSError, ValueError):
                pass
            if resource.getrlimit(number) != before:
                print("ESCAPED: raised", name)

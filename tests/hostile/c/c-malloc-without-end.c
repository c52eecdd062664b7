// It takes all that malloc gives, and uses it.
// level: W
// verdicts: passed passed|crashed|failed|timed_out passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    for (char *p; (p = malloc(1 << 20)); ) p[0] = p[(1 << 20) - 1] = 1;
}

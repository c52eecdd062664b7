// A loop without end.
// level: W
// verdicts: passed timed_out passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    for (volatile int i = 0;;) i = 1 - i;
}

// A recursion without end that needs no memory of the module, only that of the runtime.
// level: W
// verdicts: passed crashed|timed_out passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    volatile int zero = 0;
    if (zero == 0) strike(parent + 1, child);
    zero = 1;
}

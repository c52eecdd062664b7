// A recursion without end, with large frames.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    volatile char big[64000];
    big[0] = 1;
    strike(parent, child);
    big[1] = 2;
}

// It writes over all of its memory: stack, arrays, and what malloc keeps.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    for (volatile char *p = (char *)16;; p++) *p = 42;
}

// A constructor, which runs before any call of the machine, loops.
// level: W
// verdicts: passed|timed_out|crashed passed|timed_out|crashed passed|timed_out|crashed

#include "forklab.h"

__attribute__((constructor)) static void begin(void) {
    for (volatile int i = 0;;) i = 1 - i;
}

static void strike(process_t parent, process_t child) {}

// It keeps a number on the stack from one call to the next, in a variable that is given no value.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    volatile int deep[20000] __attribute__((uninitialized));
    fl_log("%d", ++deep[9000]);
}

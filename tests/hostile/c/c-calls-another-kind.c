// It calls a function with other parameters than it has, by way of a pointer.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    void (*volatile f)(void) = (void (*)(void))fl_copy;
    f();
}

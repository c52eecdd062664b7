// It prints from an address that is outside of its memory.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    fl_log((const char *)0x7ffffff0);
}

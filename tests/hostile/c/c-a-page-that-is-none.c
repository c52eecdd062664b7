// It maps a page whose number is larger than any.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    fl_map(parent, 0xffffffff, 0, 3, false);
}

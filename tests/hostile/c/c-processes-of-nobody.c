// It maps pages for processes that do not exist.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    fl_map(0xffffffff, 3, 0, 7, false);
}

// It maps, copies and frees frames that do not exist.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    fl_map(child, 3, 60000, 7, false);
    fl_copy(-7, 2147483647);
    fl_free(-1);
}

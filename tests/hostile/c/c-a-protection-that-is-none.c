// It protects a page with rights that do not exist.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    fl_protect(parent, 16, 99, false);
}

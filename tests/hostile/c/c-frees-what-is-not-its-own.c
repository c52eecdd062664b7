// It frees places that malloc never gave.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    for (size_t place = 16; place < 1 << 16; place += 16) free((void *)place);
}

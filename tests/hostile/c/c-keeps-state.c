// It keeps a number in its memory for the next scenario.
// level: W
// verdicts: passed passed passed

#include "forklab.h"

static int kept, more[1024];

static void strike(process_t parent, process_t child) {
    if (kept++) fl_log("ESCAPED: an earlier scenario was here");
    int *taken = malloc(4096);
    for (int i = 0; i < 1024; i++) {
        if (more[i] || taken[i]) fl_log("ESCAPED: an earlier scenario was here");
        more[i] = taken[i] = 0x5eed;
    }
}

// It reads every byte of its memory, in search of the names of the scenario, and then beyond.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    for (volatile char *p = (char *)16;; p++)
        if (p[0] == 'c' && p[1] == 'a' && p[2] == 'n' && p[3] == 'a' && p[4] == 'r' && p[5] == 'y')
            if (p[6] >= '0') fl_log("ESCAPED: found it at %x", (uint32_t)(size_t)p);
}

// Prints without end.
// level: W
// verdicts: passed timed_out passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    for (;;) fl_log("flood of prints flood of prints flood of prints flood of prints");
}

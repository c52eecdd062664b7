// It prints what a terminal or a page would take for an order.
// level: W
// verdicts: passed passed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    fl_log("\x1b]0;title\x07\x1b[2J<script>alert(1)</script>\xff\xfe %s", "\xed\xa0\x80");
}

// It tells the glue that `grader verify` chooses where blocks of memory lie.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

uint32_t place_blocks(void);

static void strike(process_t parent, process_t child) { fl_log("%d", (int)place_blocks()); }

// It says itself where the stack begins and ends, so that a variable of its own lies there.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

uint8_t __stack_low[64] = {1};
uint8_t __stack_high = 1;

static void strike(process_t parent, process_t child) { fl_log("%d", ++__stack_low[32]); }

// It asks for one of the machine's functions with other parameters than it has.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

__attribute__((import_module("forklab"), import_name("lookup"))) long long look(long long, float);

static void strike(process_t parent, process_t child) { fl_log("%d", (int)look(1, 2)); }

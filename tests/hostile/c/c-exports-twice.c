// It puts a function of its own, of another kind, in the place of one that the machine calls.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

__attribute__((export_name("page_fault"))) long long mine(float a, long long b) { return b + (long long)a; }

static void strike(process_t parent, process_t child) {}

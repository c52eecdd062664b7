// It asks by a pragma, in the form of an operator, whether a file is newer than the source.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

_Pragma("GCC dependency \"/forklab/secret\"")
static void strike(process_t parent, process_t child) {}

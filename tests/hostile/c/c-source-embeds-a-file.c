// It embeds a file of the grader's as an array, and prints it.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

static const char secret[] = {
#embed "/forklab/secret"
    , 0
};

static void strike(process_t parent, process_t child) { fl_log("%s", secret); }

// It lets the assembler read a file of the grader's into the module, and prints it.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

__asm__(".section .data.secret,\"\",@\nsecret:\n.incbin \"/forklab/secret\"\n.int8 0\n.size secret, 25\n");
extern const char secret[];

static void strike(process_t parent, process_t child) { fl_log("%s", secret); }

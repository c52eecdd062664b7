// It makes the word for assembly out of two halves, where no search for it finds it.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

#define PASTE(a, b) a##b
PASTE(__as, m__)(".section .data.secret,\"\",@\nsecret:\n.incbin \"/forklab/secret\"\n.int8 0\n.size secret, 25\n");
extern const char secret[];

static void strike(process_t parent, process_t child) { fl_log("%s", secret); }

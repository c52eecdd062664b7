// It writes where no block lies yet: a text tells the compiler the linker's name of that place.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

static int base __attribute__((weakref("__heap_base")));

static void strike(process_t parent, process_t child) { fl_log("%d", ++*(&base + 1000)); }

// It asks for a function of the system's interface (WASI), to read a file.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_read"))) int fd_read(int, int, int, int);

static void strike(process_t parent, process_t child) { fl_log("ESCAPED: %d", fd_read(0, 0, 0, 0)); }

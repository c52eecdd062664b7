// It asks WebAssembly for all the memory that there is, and writes beyond what it got.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    while (__builtin_wasm_memory_grow(0, 16) != (size_t)-1) {}
    *(volatile char *)0xfffffff0 = 1;
}

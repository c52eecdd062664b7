// It would call the machine without the glue that stops after a refusal, with the strangest numbers, again and again.
// level: W
// verdicts: crashed crashed crashed

#include "forklab.h"

#define HOST(name) __attribute__((import_module("forklab"), import_name(name)))
HOST("map") int raw_map(uint32_t, uint32_t, int, int, int);
HOST("copy") void raw_copy(int, int);
HOST("free") void raw_free(int);
HOST("protect") void raw_protect(uint32_t, uint32_t, int, int);
HOST("lookup") uint32_t raw_lookup(uint32_t, uint32_t);
HOST("entries") int raw_entries(uint32_t, uint32_t, uint32_t, int);
HOST("log") void raw_log(uint32_t, uint32_t);

static const int strange[] = {0, 1, -1, 2, 7, 8, 255, -2147483647 - 1, 2147483647, 65536, -99, 16};

static void strike(process_t parent, process_t child) {
    for (uint32_t i = 0; i < 12; i++)
        for (uint32_t j = 0; j < 12; j++) {
            int a = strange[i], b = strange[j];
            raw_log((uint32_t)a, (uint32_t)b);
            raw_lookup((uint32_t)a, (uint32_t)b);
            raw_entries(parent, (uint32_t)a, (uint32_t)b, a);
            raw_copy(a, b);
            raw_protect(parent, (uint32_t)a, b, a);
            raw_map(child, (uint32_t)a, b, a, b);
            raw_map((uint32_t)b, (uint32_t)a, b, a, b);
            raw_free(a);
        }
}

// It calls numbers as if they were functions.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    ((void (*)(void))12345)();
}

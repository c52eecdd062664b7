// It frees every frame, used or not.
// level: W
// verdicts: passed crashed passed

#include "forklab.h"

static void strike(process_t parent, process_t child) {
    for (frame_t f = 0; f < 100; f++) fl_free(f);
}

/* The kernel that attacks in C are built on, and that is graded again after each: demand paging and copy-on-write fork.
 *
 * An attack comes before it in the same file and defines `strike`, which fork calls first.
 */
#include "forklab.h"

static struct region_map regions[16];
static uint32_t users[256];

static void drop(frame_t frame) {
    if (--users[frame] == 0) fl_free(frame);
}

int kernel_mmap(process_t process, const struct region *region) {
    return region_insert(&regions[process], region);
}

int kernel_page_fault(process_t process, const struct page_fault *fault) {
    page_t page = fl_page_of(fault->address);
    struct region *region = region_find(&regions[process], page);
    if (!region || !(region->protection & fault->access)) return -FL_SEGV;
    pte_t old;
    bool present = fl_lookup(process, page, &old);
    if (present && users[old.frame] == 1) {
        fl_protect(process, page, region->protection, false);
        return 0;
    }
    frame_t frame = fl_allocate();
    if (frame < 0) return frame;
    if (present) {
        fl_copy(old.frame, frame);
        drop(old.frame);
    } else {
        fl_zero(frame);
    }
    users[frame] = 1;
    return fl_map(process, page, frame, region->protection, false);
}

int kernel_fork(process_t parent, process_t child) {
    strike(parent, child);
    int error = region_copy(&regions[child], &regions[parent]);
    pte_t entry;
    for (page_t page = 0; !error && fl_next_page(parent, page, &page); page++) {
        fl_lookup(parent, page, &entry);
        int kept = entry.protection & ~PROT_WRITE;
        fl_protect(parent, page, kept, true);
        error = fl_map(child, page, entry.frame, kept, true);
        users[entry.frame]++;
    }
    return error;
}

void kernel_exit(process_t process) {
    pte_t entry;
    for (page_t page = 0; fl_next_page(process, page, &page); page++) {
        fl_lookup(process, page, &entry);
        fl_unmap(process, page);
        drop(entry.frame);
    }
    region_clear(&regions[process]);
}

/* Your kernel for the lab "Shared memory and the life of a region", in C.
 *
 * Begin by copying your copy-on-write kernel into this file; then follow the tasks of README.md. Only this file is
 * graded. `region->object` is yours: for shared memory it may point to what you keep about it, and it follows when
 * a region is split or copied, as `region->offset` does. */
#include "forklab.h"

/* The regions of each process; all empty at the beginning. */
struct region_map regions[FL_PROCESSES];

/* Note a new region of a process; map nothing yet.
 * Return 0, or -FL_INVAL, with nothing changed, if the region has no pages or overlaps one that the process has
 * (region_insert returns it for both). The process may be one that this kernel has not seen before: then it has no
 * regions. Handout, sections 1 and 3. */
int kernel_mmap(process_t process, const struct region *region) {
    fl_todo("task 1: kernel_mmap (bring yours along from the copy-on-write lab)"); /* TODO */
}

/* Take `pages` pages from byte address `start` on away from this process.
 * Return 0; the pages then have no entries and no region, and a frame without a user is free. Pages that are not
 * mapped, or were never touched, are no error. Return -FL_INVAL, with nothing changed, if `pages` is 0. What is
 * left of a region keeps its rights, its contents and, if it is shared, its pages of the object. A private frame
 * is freed with its last entry, an object's frames with the last region that shows it. Handout, sections 1, 2 and
 * 4. */
int kernel_munmap(process_t process, uint64_t start, uint32_t pages) {
    fl_todo("task 1: kernel_munmap"); /* TODO */
}

/* Decide what happens after the hardware refused an access.
 * Return 0, and the access is tried again. Return -FL_SEGV if the page is in no region or the region does not
 * allow the access; -FL_NOMEM, with nothing changed, if a frame is needed and none is free. A page of a shared
 * region gets the frame that its object has for it, or the object gets a fresh one. Handout, section 3. */
int kernel_page_fault(process_t process, const struct page_fault *fault) {
    fl_todo("task 3: kernel_page_fault (bring yours along, then add shared pages)"); /* TODO */
}

/* Make `child`, whose page table is empty, a copy of `parent`.
 * Return 0. The child gets the parent's regions, touched or not. Entries of writable private regions become read-
 * only in both; entries of shared regions are copied as they are. No frame is allocated or copied. Handout,
 * sections 2, 3 and 4. */
int kernel_fork(process_t parent, process_t child) {
    fl_todo("task 2: kernel_fork (bring yours along from the copy-on-write lab)"); /* TODO */
}

/* Release everything a process holds; it has exited or was killed.
 * Frames and shared objects that others still use stay as they are. Handout, sections 2 and 4. */
void kernel_exit(process_t process) {
    fl_todo("task 2: kernel_exit (bring yours along from the copy-on-write lab)"); /* TODO */
}

/* Your kernel for the lab "Copy-on-write fork", in C.
 *
 * Bring kernel_mmap, kernel_munmap, kernel_mprotect, kernel_page_fault and kernel_exit along from your demand-
 * paging kernel, and follow the tasks of README.md. Only this file is graded. */
#include "forklab.h"

/* The regions of each process; all empty at the beginning. */
struct region_map regions[FL_PROCESSES];

/* Note a new region of a process; map nothing yet.
 * Return 0, or -FL_INVAL, with nothing changed, if the region has no pages or overlaps one that the process has
 * (region_insert returns it for both). The process may be one that this kernel has not seen before: then it has no
 * regions. */
int kernel_mmap(process_t process, const struct region *region) {
    fl_todo("task 1: kernel_mmap (bring yours along from the demand-paging lab)"); /* TODO */
}

/* Take `pages` pages from byte address `start` on away from this process.
 * Return 0; the pages then have no entries and no region, and a frame without a user is free. Pages that are not
 * mapped, or were never touched, are no error. Return -FL_INVAL, with nothing changed, if `pages` is 0. Handout,
 * section 4. */
int kernel_munmap(process_t process, uint64_t start, uint32_t pages) {
    fl_todo("task 1: kernel_munmap (bring yours along from the demand-paging lab)"); /* TODO */
}

/* Change what this process may do with `pages` pages from byte address `start` on.
 * Return 0. Rights that are taken away are gone on return; the right to write a page that is present and not
 * writable comes with its next write. No fault, no copy; frames and contents stay. Return -FL_INVAL, with nothing
 * changed, if `pages` is 0 or a page of the range is in no region. Handout, section 5. */
int kernel_mprotect(process_t process, uint64_t start, uint32_t pages, int protection) {
    fl_todo("task 1: kernel_mprotect (bring yours along from the demand-paging lab)"); /* TODO */
}

/* Decide what happens after the hardware refused an access.
 * Return 0, and the access is tried again. Return -FL_SEGV if the page is in no region or the region does not
 * allow the access; -FL_NOMEM, with nothing changed, if a frame is needed and none is free. Handout, sections 1
 * and 3 to 6. */
int kernel_page_fault(process_t process, const struct page_fault *fault) {
    fl_todo("task 1: kernel_page_fault (bring yours along; task 3 lets it copy)"); /* TODO */
}

/* Make `child`, whose page table is empty, a copy of `parent` that shares all its frames.
 * Return 0; no frame is allocated or copied. Return -FL_NOMEM only after everything is as it was before the call:
 * the child has no entry, each entry of the parent has its old protection and cow bit, every count its old value.
 * kernel_exit is not called for such a child. Handout, sections 2 and 6. */
int kernel_fork(process_t parent, process_t child) {
    fl_todo("task 2: kernel_fork"); /* TODO */
}

/* Release what a process holds; it has exited or was killed. It may never have mapped or touched anything.
 * Frames that nobody else uses are free afterwards; frames that somebody uses stay. Handout, sections 1
 * and 2. */
void kernel_exit(process_t process) {
    fl_todo("task 1: kernel_exit (bring yours along from the demand-paging lab)"); /* TODO */
}

/* The model answer to the lab demand-paging, in C: promise memory in mmap, hand it out at the first touch. */
#include "forklab.h"

/* Every entry of a process lies in one of its regions and allows no more than that region. */
static struct region_map regions[FL_PROCESSES];

static void release(frame_t frame) {
    if (frame != fl_zero_frame()) fl_free(frame);
}

/* A frame of zeros for one entry, or -FL_NOMEM. */
static frame_t zeroed_frame(void) {
    frame_t frame = fl_allocate();
    if (frame >= 0) fl_zero(frame);
    return frame;
}

int kernel_mmap(process_t process, const struct region *region) {
    return region_insert(&regions[process], region);
}

int kernel_munmap(process_t process, uint64_t start, uint32_t pages) {
    page_t first = fl_page_of(start);
    if (pages == 0) return -FL_INVAL;
    int removed = region_remove(&regions[process], first, pages, NULL, 0);
    if (removed < 0) return removed;
    pte_t entry;
    for (page_t page = first; page < first + pages; page++) {
        if (!fl_lookup(process, page, &entry)) continue;
        fl_unmap(process, page);
        release(entry.frame);
    }
    return 0;
}

int kernel_mprotect(process_t process, uint64_t start, uint32_t pages, int protection) {
    page_t first = fl_page_of(start);
    if (pages == 0) return -FL_INVAL;
    for (page_t page = first; page < first + pages; page++)
        if (!region_find(&regions[process], page)) return -FL_INVAL;
    struct region *pieces = malloc(pages * sizeof *pieces);
    if (!pieces) return -FL_NOMEM;
    int count = region_remove(&regions[process], first, pages, pieces, (int)pages);
    if (count < 0) {
        free(pieces);
        return count;
    }
    for (int i = 0; i < count; i++) {
        pieces[i].protection = protection;
        region_insert(&regions[process], &pieces[i]);
    }
    free(pieces);
    pte_t entry;
    for (page_t page = first; page < first + pages; page++)
        if (fl_lookup(process, page, &entry)) {
            /* Rights go at once; the right to write comes back with the next write. */
            int rights = entry.protection & PROT_WRITE ? protection : protection & ~PROT_WRITE;
            fl_protect(process, page, rights, entry.cow);
        }
    return 0;
}

static int first_touch(process_t process, page_t page, const struct region *region, int access) {
    if (fl_zero_frame() >= 0 && access != PROT_WRITE)
        return fl_map(process, page, fl_zero_frame(), region->protection & ~PROT_WRITE, false);
    frame_t frame = zeroed_frame();
    if (frame < 0) return frame;
    int error = fl_map(process, page, frame, region->protection, false);
    if (error) release(frame);
    return error;
}

int kernel_page_fault(process_t process, const struct page_fault *fault) {
    page_t page = fl_page_of(fault->address);
    struct region *region = region_find(&regions[process], page);
    if (!region || !(region->protection & fault->access)) return -FL_SEGV;
    pte_t entry;
    if (!fl_lookup(process, page, &entry)) return first_touch(process, page, region, fault->access);
    if (fault->access != PROT_WRITE) {
        fl_protect(process, page, region->protection & ~PROT_WRITE, entry.cow);
        return 0;
    }
    if (entry.frame != fl_zero_frame()) {
        fl_protect(process, page, region->protection, false);
        return 0;
    }
    frame_t frame = zeroed_frame();
    if (frame < 0) return frame;
    return fl_map(process, page, frame, region->protection, false);
}

void kernel_exit(process_t process) {
    pte_t entry;
    for (page_t page = 0; fl_next_page(process, page, &page); page++) {
        fl_lookup(process, page, &entry);
        release(entry.frame);
    }
    region_clear(&regions[process]);
}

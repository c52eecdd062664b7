/* The model answer to the lab copy-on-write, in C: demand paging, and a fork that copies nothing. */
#include "forklab.h"

/* Every entry of a process lies in one of its regions and allows no more than that region. */
static struct region_map regions[FL_PROCESSES];

/* How many entries map a frame. A frame with more than one is writable through none of them. */
static uint32_t references[FL_FRAMES];

/* Drop one reference; without any left, free the frame. The zero frame is not counted. */
static void release(frame_t frame) {
    if (frame != fl_zero_frame() && --references[frame] == 0) fl_free(frame);
}

/* A frame of zeros with one reference, or -FL_NOMEM. */
static frame_t zeroed_frame(void) {
    frame_t frame = fl_allocate();
    if (frame < 0) return frame;
    fl_zero(frame);
    references[frame] = 1;
    return frame;
}

/* A copy of a frame with one reference, or -FL_NOMEM. */
static frame_t copied_frame(frame_t source) {
    frame_t frame = fl_allocate();
    if (frame < 0) return frame;
    fl_copy(source, frame);
    references[frame] = 1;
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

/* Give the writer a frame that nobody else uses. */
static int first_write(process_t process, page_t page, const struct region *region, frame_t old) {
    if (old != fl_zero_frame() && references[old] == 1) {
        fl_protect(process, page, region->protection, false); /* the last sharer needs no copy */
        return 0;
    }
    /* Take the new frame before the old one goes, so that running out of memory changes nothing. */
    frame_t frame = old == fl_zero_frame() ? zeroed_frame() : copied_frame(old);
    if (frame < 0) return frame;
    int error = fl_map(process, page, frame, region->protection, false);
    release(error ? frame : old);
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
    return first_write(process, page, region, entry.frame);
}

/* Let parent and child share a page that neither may write to. On -FL_NOMEM only the parent's entry has changed. */
static int share_page(process_t parent, process_t child, page_t page, const pte_t *entry) {
    int readable = entry->protection & ~PROT_WRITE;
    bool cow = entry->cow || entry->protection != readable;
    if (cow) fl_protect(parent, page, readable, true);
    int error = fl_map(child, page, entry->frame, readable, cow);
    if (!error && entry->frame != fl_zero_frame()) references[entry->frame]++;
    return error;
}

/* Give the parent its entries back as they were, up to and with `last`, and take the child's away. */
static void undo_fork(process_t parent, process_t child, page_t last, const pte_t *entries) {
    uint32_t at = 0;
    for (page_t page = 0; fl_next_page(parent, page, &page) && page <= last; page++, at++) {
        if (fl_lookup(child, page, NULL)) {
            fl_unmap(child, page);
            release(entries[at].frame);
        }
        fl_protect(parent, page, entries[at].protection, entries[at].cow);
    }
}

int kernel_fork(process_t parent, process_t child) {
    uint32_t count = 0, at = 0;
    for (page_t page = 0; fl_next_page(parent, page, &page); page++) count++;
    pte_t *entries = malloc((count + 1) * sizeof *entries);
    if (!entries) return -FL_NOMEM;
    int error = region_copy(&regions[child], &regions[parent]);
    for (page_t page = 0; !error && fl_next_page(parent, page, &page); page++, at++) {
        fl_lookup(parent, page, &entries[at]);
        error = share_page(parent, child, page, &entries[at]);
        if (error) undo_fork(parent, child, page, entries);
    }
    free(entries);
    if (error) region_clear(&regions[child]);
    return error;
}

void kernel_exit(process_t process) {
    pte_t entry;
    for (page_t page = 0; fl_next_page(process, page, &page); page++) {
        fl_lookup(process, page, &entry);
        release(entry.frame);
    }
    region_clear(&regions[process]);
}

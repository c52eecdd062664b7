/* The model answer to the lab shared-memory, in C: memory that parent and child go on sharing after a write. */
#include "forklab.h"

/* Every entry of a process lies in one of its regions and allows no more than that region. */
static struct region_map regions[FL_PROCESSES];

/* The memory behind one shared mapping: the frame of each of its pages, -1 for one that nobody has touched. The regions
 * that show an object point to it, so that a region that is split or inherited still shows it. */
struct object {
    uint32_t pages;
    frame_t frames[];
};

/* No process with a greater number has a region. */
static process_t last_process;

/* How many entries map a frame, and one more if an object holds it. A private page whose frame has more than one
 * is not writable. */
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

static void saw(process_t process) {
    if (process > last_process) last_process = process;
}

/* Forget the regions of a process that ends. */
static void forget(process_t process) {
    region_clear(&regions[process]);
    while (last_process && !regions[last_process].count) last_process--;
}

/* Whether a region of any process shows an object. */
static bool is_shown(const struct object *object) {
    for (process_t process = 0; process <= last_process; process++)
        for (uint32_t i = 0; i < regions[process].count; i++)
            if (regions[process].regions[i].object == object) return true;
    return false;
}

/* Release the frames of objects that no region shows any more. `gone`: regions that were removed. */
static void regions_gone(const struct region *gone, int count) {
    for (int i = 0; i < count; i++) {
        struct object *object = gone[i].object;
        bool seen = false;
        for (int j = 0; j < i; j++) seen = seen || gone[j].object == object;
        if (!object || seen || is_shown(object)) continue;
        for (uint32_t page = 0; page < object->pages; page++)
            if (object->frames[page] >= 0) release(object->frames[page]);
        free(object);
    }
}

int kernel_mmap(process_t process, const struct region *region) {
    struct region added = *region;
    saw(process);
    if (added.shared) {
        struct object *object = malloc(sizeof *object + added.pages * sizeof object->frames[0]);
        if (!object) return -FL_NOMEM;
        object->pages = added.pages;
        for (uint32_t page = 0; page < added.pages; page++) object->frames[page] = -1;
        added.object = object;
    }
    int error = region_insert(&regions[process], &added);
    if (error) free(added.object);
    return error;
}

int kernel_munmap(process_t process, uint64_t start, uint32_t pages) {
    page_t first = fl_page_of(start);
    if (pages == 0) return -FL_INVAL;
    struct region *gone = malloc(pages * sizeof *gone);
    if (!gone) return -FL_NOMEM;
    int removed = region_remove(&regions[process], first, pages, gone, (int)pages);
    if (removed < 0) {
        free(gone);
        return removed;
    }
    pte_t entry;
    for (page_t page = first; page < first + pages; page++) {
        if (!fl_lookup(process, page, &entry)) continue;
        fl_unmap(process, page);
        release(entry.frame);
    }
    regions_gone(gone, removed);
    free(gone);
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
            bool whole = entry.protection & PROT_WRITE || region_find(&regions[process], page)->shared;
            int rights = whole ? protection : protection & ~PROT_WRITE;
            fl_protect(process, page, rights, entry.cow);
        }
    return 0;
}

/* Map the object's frame for a page; the first to come brings it. */
static int first_touch_shared(process_t process, page_t page, const struct region *region) {
    struct object *object = region->object;
    frame_t *frame = &object->frames[region->offset + page - region->first];
    bool brought = *frame < 0;
    if (brought) {
        frame_t fresh = zeroed_frame(); /* the one reference is the object's own */
        if (fresh < 0) return fresh;
        *frame = fresh;
    }
    int error = fl_map(process, page, *frame, region->protection, false);
    if (!error) {
        references[*frame]++;
    } else if (brought) {
        release(*frame); /* nobody has touched the page after all */
        *frame = -1;
    }
    return error;
}

static int first_touch(process_t process, page_t page, const struct region *region, int access) {
    if (region->shared) return first_touch_shared(process, page, region);
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
    if (region->shared || (old != fl_zero_frame() && references[old] == 1)) {
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

/* Let parent and child share a page: a shared region's as it is, any other so that neither may write to it.
 * On -FL_NOMEM only the parent's entry has changed. */
static int share_page(process_t parent, process_t child, page_t page, const pte_t *entry) {
    bool shared = region_find(&regions[parent], page)->shared;
    int readable = shared ? entry->protection : entry->protection & ~PROT_WRITE;
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
    saw(child);
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
    if (error) forget(child);
    return error;
}

void kernel_exit(process_t process) {
    pte_t entry;
    for (page_t page = 0; fl_next_page(process, page, &page); page++) {
        fl_lookup(process, page, &entry);
        release(entry.frame);
    }
    struct region_map gone = regions[process];
    regions[process] = (struct region_map){NULL, 0, 0};
    regions_gone(gone.regions, (int)gone.count);
    region_clear(&gone);
    forget(process);
}

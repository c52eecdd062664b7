/* forklab.h: what a kernel in C sees of the machine, and what it has to provide.
 *
 * A kernel is one file, kernel.c. It is compiled to WebAssembly: no libc, no files, no clock. Everything that it may
 * touch is declared here; what lies beyond C (assembly, pragmas, the linker's names such as __heap_base, WebAssembly's
 * instructions) is refused. Numbers of pages and frames are what the hardware uses; an address counts bytes.
 *
 * The copy in a lab's folder is for you and your editor. The grader compiles with its own: to change this one changes
 * nothing.
 */
#ifndef FORKLAB_H
#define FORKLAB_H

typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
typedef __SIZE_TYPE__ size_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* ---- numbers ----------------------------------------------------------------------------------------------- */

typedef int32_t frame_t;    /* a frame of physical memory, from 0 */
typedef uint32_t page_t;    /* a page number: an address divided by the page size */
typedef uint32_t process_t; /* a process: 1, 2, ... in the order of creation, never used again */

#define FL_PROCESSES 4096 /* every process number is less than this */
#define FL_FRAMES 65536   /* every frame number is less than this */

/* What a function returns if it fails. Success is 0, or a number that is not negative. */
enum fl_error {
    FL_SEGV = 1,  /* return -FL_SEGV: the process may not do this, and is killed */
    FL_NOMEM = 2, /* return -FL_NOMEM: there is no free frame */
    FL_INVAL = 3, /* return -FL_INVAL: the arguments make no sense; the caller gets an error */
};

/* What a process may do with a page: an `or` of these. */
enum protection { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };

/* A refused access. */
struct page_fault {
    uint64_t address; /* the byte that was touched */
    int access;       /* PROT_READ, PROT_WRITE or PROT_EXEC: one of them */
    bool present;     /* whether the page has an entry in the page table */
};

/* Pages that mmap made: consecutive, with the same rights. */
struct region {
    uint64_t start;  /* address of the first byte */
    page_t first;    /* its page number */
    uint32_t pages;  /* length in pages */
    int protection;  /* what the process may do there */
    bool shared;     /* MAP_SHARED: a write is seen by all who map it; false: MAP_PRIVATE */
    uint32_t offset; /* page of the object that `first` shows; follows when a region is split */
    void *object;    /* NULL; yours, for instance for the memory behind a shared region */
};

/* A page table entry as it is now: a copy, which does not change with the table. */
typedef struct {
    frame_t frame;
    int protection;
    bool cow;      /* yours: the hardware keeps it and does not look at it */
    bool accessed; /* set by the hardware */
    bool dirty;    /* set by the hardware at a write */
} pte_t;

/* ---- what the machine offers ------------------------------------------------------------------------------- */

uint32_t fl_page_size(void);           /* bytes a page */
page_t fl_page_of(uint64_t address);   /* the number of the page that a byte lies in */
frame_t fl_zero_frame(void);           /* a frame that reads as zero and is never writable; -1 if there is none */

frame_t fl_allocate(void);             /* a free frame, full of rubbish; -FL_NOMEM if there is none */
void fl_free(frame_t frame);           /* give a frame back; twice is a crash */
void fl_zero(frame_t frame);           /* fill a frame with zeros */
void fl_copy(frame_t source, frame_t target);

/* Make an entry, or replace one; accessed and dirty are cleared. -FL_NOMEM, with nothing changed, if there is no room
 * for a new entry: a page table needs memory too. */
int fl_map(process_t process, page_t page, frame_t frame, int protection, bool cow);

/* Change the rights and the cow bit of an entry; frame, accessed and dirty stay. A crash if there is no entry. */
void fl_protect(process_t process, page_t page, int protection, bool cow);

/* Remove an entry. The frame stays allocated. A crash if there is no entry. */
void fl_unmap(process_t process, page_t page);

/* Look an entry up: true, with *entry filled in, if the page has one. `entry` may be NULL. */
bool fl_lookup(process_t process, page_t page, pte_t *entry);

/* Find the first page with an entry whose number is at least `page`; true if there is one, and then *found is it. */
bool fl_next_page(process_t process, page_t page, page_t *found);

/* Print, for yourself. Knows %d %u %x %s %c and %%; the report shows it next to a failure. */
void fl_log(const char *format, ...);

/* Say that something is not written yet; does not return. */
_Noreturn void fl_todo(const char *what);

/* ---- what your kernel provides ----------------------------------------------------------------------------- */

/* Each returns 0, or a negative error. README.md says what each has to do. */
int kernel_mmap(process_t process, const struct region *region);
int kernel_munmap(process_t process, uint64_t start, uint32_t pages);
int kernel_mprotect(process_t process, uint64_t start, uint32_t pages, int protection);
int kernel_page_fault(process_t process, const struct page_fault *fault);
int kernel_fork(process_t parent, process_t child);
void kernel_exit(process_t process);

/* ---- a map of regions -------------------------------------------------------------------------------------- */

/* The regions of one process in the order of their addresses, without overlap. All zero is an empty map. */
struct region_map {
    struct region *regions;
    uint32_t count;
    uint32_t room;
};

/* Add a region. -FL_INVAL, with nothing changed, if it is empty or overlaps another; -FL_NOMEM without memory. */
int region_insert(struct region_map *map, const struct region *region);

/* Find the region that holds a page: a pointer into the map, valid until the map changes; NULL if there is none. */
struct region *region_find(struct region_map *map, page_t page);

/* Take `pages` pages from `page` on out of the map; what sticks out on either side stays, with its offset. Writes the
 * pieces that were there to `removed`, at most `most` of them (removed may be NULL), and returns how many there were;
 * -FL_NOMEM, with nothing changed, without memory. */
int region_remove(struct region_map *map, page_t page, uint32_t pages, struct region *removed, int most);

/* Make `to`, which must be empty, a map of the same regions. -FL_NOMEM without memory. */
int region_copy(struct region_map *to, const struct region_map *from);

/* Forget all regions of a map. */
void region_clear(struct region_map *map);

/* ---- memory of your own ------------------------------------------------------------------------------------ */

/* Memory filled with zeros; NULL if there is no room. All variables, the stack and all blocks together have 32 MiB; a block
 * has at most 16 MiB, and takes the next power of two. The stack has 28 KiB: large arrays belong here, or are static. */
void *malloc(size_t size);
void free(void *memory);
void *memset(void *to, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *one, const void *other, size_t size);
size_t strlen(const char *text);
int strcmp(const char *one, const char *other);

#endif

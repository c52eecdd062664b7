/* The part of a C kernel that is not the student's: the calls that the machine makes, a map of regions, memory.
 *
 * Compiled together with kernel.c. Everything that crosses to the machine is a number, or a place in this memory.
 */
#include "forklab.h"

#define IMPORT(name) __attribute__((import_module("forklab"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

/* An entry as the machine keeps it: rights in bits 0-2, cow 3, accessed 4, dirty 5, present 6, the frame above. */
struct mapped {
    page_t page;
    uint32_t bits;
};

IMPORT("page_size") uint32_t host_page_size(void);
IMPORT("zero_frame") int32_t host_zero_frame(void);
IMPORT("allocate") int32_t host_allocate(void);
IMPORT("free") void host_free(int32_t frame);
IMPORT("zero") void host_zero(int32_t frame);
IMPORT("copy") void host_copy(int32_t source, int32_t target);
IMPORT("map") int32_t host_map(uint32_t process, uint32_t page, int32_t frame, int32_t protection, int32_t cow);
IMPORT("protect") void host_protect(uint32_t process, uint32_t page, int32_t protection, int32_t cow);
IMPORT("unmap") void host_unmap(uint32_t process, uint32_t page);
IMPORT("lookup") uint32_t host_lookup(uint32_t process, uint32_t page);
IMPORT("entries") int32_t host_entries(uint32_t process, uint32_t page, struct mapped *found, int32_t most);
IMPORT("log") void host_log(const char *text, uint32_t size);
IMPORT("todo") void host_todo(const char *text, uint32_t size);
IMPORT("place") uint32_t host_place(uint32_t kind);
IMPORT("unplace") void host_unplace(uint32_t block);

/* Checks for what C leaves undefined take most of the instructions of a short function. They are left out where only
 * memory of ours is read and written, never a pointer of the student's. */
#define UNCHECKED __attribute__((no_sanitize("undefined")))

/* ---- the machine ------------------------------------------------------------------------------------------- */

/* Asked for once: they do not change, and a call of the machine costs as much as a thousand instructions. */
static uint32_t page_size;
static frame_t zero_frame;

UNCHECKED static void ask(void) {
    if (page_size) return;
    page_size = host_page_size();
    zero_frame = host_zero_frame();
}

UNCHECKED uint32_t fl_page_size(void) {
    ask();
    return page_size;
}

UNCHECKED page_t fl_page_of(uint64_t address) { return (page_t)(address / fl_page_size()); }

UNCHECKED frame_t fl_zero_frame(void) {
    ask();
    return zero_frame;
}

/* What the machine refuses stops the kernel there, in the line that asked for it. */
frame_t fl_allocate(void) { return host_allocate(); }
void fl_free(frame_t frame) { host_free(frame); }
void fl_zero(frame_t frame) { host_zero(frame); }
void fl_copy(frame_t source, frame_t target) { host_copy(source, target); }

/* ---- page tables ------------------------------------------------------------------------------------------- */

/* Asking the machine costs as much as a thousand instructions, and a loop over a page table asks for every page. So
 * such a loop gets several entries at once. While a call of the kernel lasts only the kernel changes entries, and what
 * it changes is changed here as well. */
#define WINDOW 64
static struct {
    process_t process; /* 0: there is nothing in it */
    page_t from;       /* the entries of all pages from here to the last one in it */
    uint32_t count;
    bool whole;   /* and there are none after that */
    uint32_t last; /* the place that was found last: a loop comes to the next one */
    uint32_t used; /* places that were filled since the call began */
    struct mapped entries[WINDOW];
} window;

UNCHECKED static void look(process_t process, page_t page) {
    window.count = (uint32_t)host_entries(process, page, window.entries, WINDOW);
    window.process = process;
    window.from = page;
    window.whole = window.count < WINDOW;
    window.last = 0;
    if (window.count > window.used) window.used = window.count;
}

UNCHECKED static bool in_window(process_t process, page_t page) {
    if (process != window.process || process == 0 || page < window.from) return false;
    return window.whole || page <= window.entries[window.count - 1].page;
}

/* The first place in the window whose page is not below `page`. */
UNCHECKED static uint32_t place_of(page_t page) {
    uint32_t low = window.last, high = window.count;
    if (low < high && window.entries[low].page == page) return low;
    if (low + 1 < high && window.entries[low + 1].page == page) return window.last = low + 1;
    low = 0;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (window.entries[middle].page < page)
            low = middle + 1;
        else
            high = middle;
    }
    return window.last = low;
}

/* The entry of a page in the window; NULL if it is not there. */
UNCHECKED static struct mapped *seen(process_t process, page_t page) {
    if (!in_window(process, page)) return NULL;
    uint32_t place = place_of(page);
    return place < window.count && window.entries[place].page == page ? &window.entries[place] : NULL;
}

#define PRESENT 64
UNCHECKED static uint32_t flags(int protection, bool cow) { return (uint32_t)protection | (uint32_t)cow << 3; }

UNCHECKED int fl_map(process_t process, page_t page, frame_t frame, int protection, bool cow) {
    int error = host_map(process, page, frame, protection, cow);
    struct mapped *entry = seen(process, page);
    if (entry && !error)
        entry->bits = (uint32_t)frame << 7 | PRESENT | flags(protection, cow);
    else if (!error && in_window(process, page))
        window.process = 0;
    return error;
}

UNCHECKED void fl_protect(process_t process, page_t page, int protection, bool cow) {
    host_protect(process, page, protection, cow);
    struct mapped *entry = seen(process, page);
    if (entry) entry->bits = (entry->bits & ~0xFu) | flags(protection, cow);
}

UNCHECKED void fl_unmap(process_t process, page_t page) {
    host_unmap(process, page);
    struct mapped *entry = seen(process, page);
    if (entry) entry->bits = 0;
}

bool fl_lookup(process_t process, page_t page, pte_t *entry) {
    struct mapped *known = seen(process, page);
    uint32_t bits = known ? known->bits : in_window(process, page) ? 0 : host_lookup(process, page);
    if (entry && bits) {
        entry->protection = (int)(bits & 7);
        entry->cow = bits >> 3 & 1;
        entry->accessed = bits >> 4 & 1;
        entry->dirty = bits >> 5 & 1;
        entry->frame = (frame_t)(bits >> 7);
    }
    return bits != 0;
}

bool fl_next_page(process_t process, page_t page, page_t *found) {
    for (;;) {
        if (!in_window(process, page)) look(process, page);
        for (uint32_t place = place_of(page); place < window.count; place++)
            if (window.entries[place].bits) {
                if (found) *found = window.entries[place].page;
                return true;
            }
        if (window.whole) return false;
        page = window.entries[window.count - 1].page + 1; /* all that was in the window has been removed */
    }
}

/* ---- messages ---------------------------------------------------------------------------------------------- */

_Noreturn void fl_todo(const char *what) {
    host_todo(what, (uint32_t)strlen(what));
    __builtin_trap();
}

static void put(char *line, uint32_t *length, char character) {
    if (*length < 400) line[(*length)++] = character;
}

static void put_number(char *line, uint32_t *length, uint32_t number, uint32_t base) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    while (count) put(line, length, digits[--count]);
}

void fl_log(const char *format, ...) {
    char line[400];
    uint32_t length = 0;
    __builtin_va_list rest;
    __builtin_va_start(rest, format);
    for (; *format; format++) {
        if (*format != '%' || !format[1]) {
            put(line, &length, *format);
            continue;
        }
        format++;
        if (*format == 's') {
            for (const char *text = __builtin_va_arg(rest, const char *); *text; text++) put(line, &length, *text);
        } else if (*format == 'c') {
            put(line, &length, (char)__builtin_va_arg(rest, int));
        } else if (*format == 'd') {
            int number = __builtin_va_arg(rest, int);
            if (number < 0) put(line, &length, '-');
            put_number(line, &length, number < 0 ? -(uint32_t)number : (uint32_t)number, 10);
        } else if (*format == 'u' || *format == 'x') {
            put_number(line, &length, __builtin_va_arg(rest, uint32_t), *format == 'u' ? 10 : 16);
        } else {
            put(line, &length, *format);
        }
    }
    __builtin_va_end(rest);
    host_log(line, length);
}

/* ---- the calls of the machine ------------------------------------------------------------------------------ */

/* End a call: what was seen of page tables may change before the next one, and must not be left in memory, where
 * `grader verify` would take it for the kernel's state. */
UNCHECKED static int ended(int result) {
    for (uint32_t place = 0; place < window.used; place++) window.entries[place] = (struct mapped){0, 0};
    window.process = window.from = window.count = window.last = window.used = 0;
    window.whole = false;
    return result;
}

EXPORT("mmap")
int call_mmap(uint32_t process, uint64_t start, uint32_t pages, int protection, int shared) {
    struct region region = {start, fl_page_of(start), pages, protection, shared != 0, 0, NULL};
    return ended(kernel_mmap(process, &region));
}

EXPORT("munmap")
int call_munmap(uint32_t process, uint64_t start, uint32_t pages) {
    return ended(kernel_munmap(process, start, pages));
}

EXPORT("mprotect")
int call_mprotect(uint32_t process, uint64_t start, uint32_t pages, int protection) {
    return ended(kernel_mprotect(process, start, pages, protection));
}

EXPORT("page_fault")
int call_page_fault(uint32_t process, uint64_t address, int access, uint32_t entry) {
    struct page_fault fault = {address, access, entry != 0};
    /* The page's entry comes along, since nearly every handler asks for it; 0 if there is none. */
    page_t page = fl_page_of(address);
    window.process = process;
    window.from = page;
    window.count = window.used = 1;
    window.entries[0] = (struct mapped){page, entry};
    return ended(kernel_page_fault(process, &fault));
}

EXPORT("fork")
int call_fork(uint32_t parent, uint32_t child) { return ended(kernel_fork(parent, child)); }

EXPORT("exit")
void call_exit(uint32_t process) {
    kernel_exit(process);
    ended(0);
}

/* Where the stack begins and ends, for `grader verify`: what is on it means nothing between two calls. */
extern uint8_t __stack_low, __stack_high;

EXPORT("stack")
uint64_t where_the_stack_is(void) {
    return (uint64_t)(size_t)&__stack_high << 32 | (uint32_t)(size_t)&__stack_low;
}

/* A kernel need not have them all. */
__attribute__((weak)) int kernel_mmap(process_t p, const struct region *r) { fl_todo("kernel_mmap"); }
__attribute__((weak)) int kernel_munmap(process_t p, uint64_t s, uint32_t n) { fl_todo("kernel_munmap"); }
__attribute__((weak)) int kernel_mprotect(process_t p, uint64_t s, uint32_t n, int r) { fl_todo("kernel_mprotect"); }
__attribute__((weak)) int kernel_page_fault(process_t p, const struct page_fault *f) { fl_todo("kernel_page_fault"); }
__attribute__((weak)) int kernel_fork(process_t p, process_t c) { fl_todo("kernel_fork"); }
__attribute__((weak)) void kernel_exit(process_t p) { fl_todo("kernel_exit"); }

/* ---- a map of regions -------------------------------------------------------------------------------------- */

/* Give a map the room that `count` regions have: it depends on nothing else, so equal maps stay equal to
 * `grader verify`, whatever was in them before. */
static bool fit(struct region_map *map, uint32_t count) {
    uint32_t room = count ? 1 : 0;
    while (room < count) room *= 2;
    if (room == map->room) return true;
    struct region *regions = room ? malloc(room * sizeof *regions) : NULL;
    if (room && !regions) return room < map->room;
    memcpy(regions, map->regions, (map->count < room ? map->count : room) * sizeof *regions);
    free(map->regions);
    map->regions = regions;
    map->room = room;
    return true;
}

int region_insert(struct region_map *map, const struct region *region) {
    uint32_t at = 0;
    if (region->pages == 0) return -FL_INVAL;
    while (at < map->count && map->regions[at].first < region->first) at++;
    if (at && map->regions[at - 1].first + map->regions[at - 1].pages > region->first) return -FL_INVAL;
    if (at < map->count && region->first + region->pages > map->regions[at].first) return -FL_INVAL;
    struct region added = *region; /* it may lie in the array that is about to move */
    if (!fit(map, map->count + 1)) return -FL_NOMEM;
    memmove(map->regions + at + 1, map->regions + at, (map->count - at) * sizeof added);
    map->regions[at] = added;
    map->count++;
    return 0;
}

struct region *region_find(struct region_map *map, page_t page) {
    for (uint32_t at = 0; at < map->count; at++) {
        struct region *region = map->regions + at;
        if (region->first <= page && page - region->first < region->pages) return region;
    }
    return NULL;
}

/* The part of a region between two of its page numbers; the end does not belong to it. */
static struct region cut(const struct region *region, page_t first, page_t end) {
    struct region part = *region;
    part.first = first;
    part.start = (uint64_t)first * fl_page_size();
    part.pages = end - first;
    part.offset += first - region->first;
    return part;
}

int region_remove(struct region_map *map, page_t page, uint32_t pages, struct region *removed, int most) {
    page_t end = page + pages;
    int found = 0;
    uint32_t kept = 0;
    if (!fit(map, map->count + 1)) return -FL_NOMEM; /* one region at most is split in two */
    struct region split;
    bool is_split = false;
    for (uint32_t at = 0; at < map->count; at++) {
        struct region region = map->regions[at];
        page_t region_end = region.first + region.pages;
        if (region_end <= page || region.first >= end) {
            map->regions[kept++] = region;
            continue;
        }
        page_t from = region.first > page ? region.first : page;
        page_t to = region_end < end ? region_end : end;
        if (removed && found < most) removed[found] = cut(&region, from, to);
        found++;
        if (region.first < from) map->regions[kept++] = cut(&region, region.first, from);
        if (to < region_end) {
            split = cut(&region, to, region_end);
            if (kept <= at) {
                map->regions[kept++] = split;
            } else {
                is_split = true;
            }
        }
    }
    for (uint32_t at = kept; at < map->count; at++) memset(map->regions + at, 0, sizeof *map->regions);
    map->count = kept;
    if (is_split && region_insert(map, &split)) return -FL_NOMEM;
    fit(map, map->count); /* it may stay larger */
    return found;
}

int region_copy(struct region_map *to, const struct region_map *from) {
    if (!fit(to, from->count)) return -FL_NOMEM;
    memcpy(to->regions, from->regions, from->count * sizeof *from->regions);
    to->count = from->count;
    return 0;
}

void region_clear(struct region_map *map) {
    free(map->regions);
    map->regions = NULL;
    map->count = map->room = 0;
}

/* ---- memory ------------------------------------------------------------------------------------------------ */

#define FREED 0xDB

/* Blocks of powers of two, from 16 bytes on, with a list of free ones for each size. */
struct block {
    struct block *next;
    uint32_t kind;
};

extern uint8_t __heap_base;
static struct block *free_blocks[28];
static uint32_t top;

/* For `grader verify`, which chooses where blocks lie: what is otherwise equal then has the same addresses. */
static bool placed;

EXPORT("place_blocks")
uint32_t place_blocks(void) {
    placed = true;
    return ((uint32_t)(size_t)&__heap_base + 15) & ~15u;
}

/* Let the memory have at least so many pages of 64 KiB more: half as many again as it has, or what there is room for,
 * so that a large kernel asks the system rarely. */
UNCHECKED static bool grow(size_t least) {
    size_t more = __builtin_wasm_memory_size(0) / 2;
    for (; more > least; more /= 2)
        if (__builtin_wasm_memory_grow(0, more) != (size_t)-1) return true;
    return __builtin_wasm_memory_grow(0, least) != (size_t)-1;
}

void *malloc(size_t size) {
    uint32_t kind = 4;
    if (size > (1 << 24)) return NULL;
    while (((size_t)1 << kind) < size) kind++;
    struct block *block = placed ? (struct block *)(size_t)host_place(kind) : free_blocks[kind];
    if (placed) {
        if (!block) return NULL;
        block->kind = kind;
    } else if (block) {
        free_blocks[kind] = block->next;
    } else {
        uint32_t need = sizeof *block + (1u << kind);
        if (!top) top = ((uint32_t)(size_t)&__heap_base + 15) & ~15u;
        uint32_t have = (uint32_t)__builtin_wasm_memory_size(0) << 16;
        if (top + need > have && !grow((top + need - have + 0xffff) >> 16)) return NULL;
        block = (struct block *)(size_t)top;
        top += need + 15 & ~15u;
        block->kind = kind;
        return block + 1; /* memory that was never used is zero, and to clear it would take the fuel of a large block */
    }
    return memset(block + 1, 0, (size_t)1 << kind);
}

void free(void *memory) {
    if (!memory) return;
    struct block *block = (struct block *)memory - 1;
    if (block->kind < 4 || block->kind > 24) __builtin_trap(); /* not from malloc */
    memset(memory, FREED, (size_t)1 << block->kind); /* what a stale pointer finds */
    if (placed) {
        host_unplace((uint32_t)(size_t)block);
        return;
    }
    block->next = free_blocks[block->kind];
    free_blocks[block->kind] = block;
}

/* Words at any address. Unchecked, they take a fortieth of the fuel that checked bytes do. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

UNCHECKED static void fill(word_t *at, word_t word, size_t many) {
    for (; many; many--) *at++ = word;
}

/* Copy so many words, from the first one on or from the last one on: both may overlap. */
UNCHECKED static void copy(word_t *to, const word_t *from, size_t many, bool last_first) {
    if (last_first)
        while (many--) to[many] = from[many];
    else
        for (; many; many--) *to++ = *from++;
}

/* Checked: a null pointer ends here, in the line that called. */
static uint8_t first(const uint8_t *at) { return *at; }

void *memset(void *to, int byte, size_t size) {
    if (size) first(to);
    size_t rest = size % sizeof(word_t), words = size - rest;
    uint8_t *at = to;
    fill(to, 0x0101010101010101u * (uint8_t)byte, words / sizeof(word_t));
    for (at += words; rest; rest--) *at++ = (uint8_t)byte;
    return to;
}

void *memcpy(void *to, const void *from, size_t size) { return memmove(to, from, size); }

void *memmove(void *to, const void *from, size_t size) {
    if (size) first(to), first(from);
    size_t rest = size % sizeof(word_t), words = size - rest;
    uint8_t *target = to;
    const uint8_t *source = from;
    if (target < source) {
        copy(to, from, words / sizeof(word_t), false);
        for (size_t at = words; at < size; at++) target[at] = source[at];
    } else {
        while (rest--) target[words + rest] = source[words + rest];
        copy(to, from, words / sizeof(word_t), true);
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t size) {
    const uint8_t *a = one, *b = other;
    for (size_t at = 0; at < size; at++)
        if (a[at] != b[at]) return a[at] < b[at] ? -1 : 1;
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

int strcmp(const char *one, const char *other) {
    while (*one && *one == *other) one++, other++;
    return (uint8_t)*one - (uint8_t)*other;
}

/* What the compiler calls for a product of signed numbers of 64 bits, to see whether it overflows. */

typedef int wide_t __attribute__((mode(TI)));

wide_t __multi3(wide_t one, wide_t other);

__attribute__((no_sanitize("undefined"))) wide_t __multi3(wide_t one, wide_t other) {
    uint64_t a = (uint64_t)one, b = (uint64_t)other, half = 0xFFFFFFFF;
    uint64_t low = (a & half) * (b & half), first = (a >> 32) * (b & half), second = (a & half) * (b >> 32);
    uint64_t middle = (low >> 32) + (first & half) + (second & half);
    uint64_t high = (a >> 32) * (b >> 32) + (first >> 32) + (second >> 32) + (middle >> 32);
    high += a * (uint64_t)(other >> 64) + b * (uint64_t)(one >> 64);
    return (wide_t)high << 64 | (wide_t)(middle << 32 | (low & half));
}

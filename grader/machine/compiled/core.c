/* The compiled core of the machine: frames, page tables, the access loop and re-enactment, as Python has them in
   grader/machine and grader/protocol/reenact.py.

   The Python code decides what is right. The classes here have the same attributes, which hold the same Python lists
   and dicts, so whoever looks at a machine sees no difference; what they add are methods that do the common case
   faster. Wherever anything is unusual (an argument of another type, a frame that is free, an armed failure, swap) a
   method changes nothing and calls the Python one, which also words the errors.

   A student's kernel runs in the same process as its machine and can put any object into any attribute. So no function
   trusts what it finds:
   - types are compared exactly (PyDict_CheckExact ...), and numbers are read only from exact ints (`number`);
   - what is used after Python code may have run is kept by a reference of its own (`keep`);
   - lists are read and written only through functions that check the index.
   Python code can run when a key is looked up or stored (the __eq__ of another key), a reference is dropped (__del__),
   an attribute is read, or a tuple is made (the garbage collector). */

#include <Python.h>
#include <string.h>
#include <structmember.h>

#include "fingerprint.h"

#if PY_VERSION_HEX < 0x030B0000 || !defined(Py_LIMITED_API)
#error "the core is built for Python 3.11 and later, against the limited API (see pyproject.toml)"
#endif

/* What a function comes to. */
enum outcome {
    DONE,
    DEFER,  /* nothing has changed: this case is for the Python method */
    FAILED, /* an exception is set */
    ABSENT, /* of a look-up: there is no entry */
    ENDED   /* of an access: it has ended the process, or the call */
};

/* As in entry.py, frames.py, operations.py and wire.py. */
enum { WRITE_BIT = 2, COW = 8, ACCESSED = 16, DIRTY = 32, PRESENT = 64, FRAME_SHIFT = 7, FIELDS = 1 << FRAME_SHIFT };
enum { ALLOCATE = 1, FREE, ZERO, COPY, MAP, PROTECT, UNMAP, OPERATIONS, FAULT = 36, RETURNED = 48 };
static const int operands[OPERATIONS] = {0, 0, 1, 1, 2, 4, 3, 2};
#define WRITER ((1LL << 24) + 1)
#define PAGE_LIMIT (1LL << 30)
/* Numbers beyond this are left to Python, whose ints do not overflow. */
#define LARGE (1LL << 60)

/* The attributes of the four classes, in the order of __slots__ in Python. */
#define FRAMES_SLOTS(X)                                                                                                \
    X(F_ALLOCATED, "_allocated") X(F_BORN, "_born") X(F_CONTENTS, "_contents") X(F_COPIES, "_copies")                  \
    X(F_EVICT, "_evict") X(F_EVICTING, "_evicting") X(F_FAILURE, "_failure") X(F_FREE, "_free") X(F_FREED, "_freed")   \
    X(F_FRESH, "_fresh") X(F_HOLDER, "_holder") X(F_LOG, "_log") X(F_MOVES, "_moves") X(F_NUMBER, "_number")           \
    X(F_ORDER, "_order") X(F_ORPHANS, "_orphans") X(F_RANK, "_rank") X(F_SUSPECTS, "_suspects") X(F_USERS, "_users")   \
    X(F_ZERO_FRAME, "_zero_frame")
#define TABLE_SLOTS(X)                                                                                                 \
    X(T_ALLOCATED, "_allocated") X(T_CHANGES, "_changes") X(T_ENTRIES, "_entries") X(T_FAILURE, "_failure")            \
    X(T_FRAMES, "_frames") X(T_LOG, "_log") X(T_PID, "_pid") X(T_TOUCHED, "_touched") X(T_USERS, "_users")
#define FAILURE_SLOTS(X) X(FAIL_ALLOCATE, "allocate") X(FAIL_FIRED, "fired") X(FAIL_MAP, "map")
#define COUNTS_SLOTS(X) X(C_READS, "reads") X(C_WRITES, "writes")

#define INDEX(index, text) index,
enum { FRAMES_SLOTS(INDEX) F_SLOTS };
enum { TABLE_SLOTS(INDEX) T_SLOTS };
enum { FAILURE_SLOTS(INDEX) FAIL_SLOTS };
enum { COUNTS_SLOTS(INDEX) C_SLOTS };

/* An object of one of these classes: nothing but its attributes, like one of a Python class with __slots__. */
typedef struct {
    PyObject_HEAD
    PyObject *slot[];
} Slotted;

enum { FRAMES, TABLE, FAILURE, COUNTS, CLASSES };
static PyTypeObject *class[CLASSES], *answer_type, *stand_in;
static const Py_ssize_t slots[CLASSES] = {F_SLOTS, T_SLOTS, FAIL_SLOTS, C_SLOTS};

/* What `setup` was given: see `wanted` at the end. */
static PyObject *entry_class, *fault_class, *image_class, *protection_class, *access_class, *access_write, *fields;
static PyObject *poisoned, *zeros, *heappop, *heappush, *bits_of, *python[OPERATIONS], *python_get, *python_discard;

/* Names of attributes, and numbers of operations as Python has them; made once. */
#define NAMES(X)                                                                                                       \
    X(bit) X(cow) X(kernel) X(page_fault) X(page_table) X(byte) X(with_byte) X(_minor) X(_frames) X(_touched)   \
    X(_values) X(_page_size) X(_disk) X(_settle) X(_access_pages) X(_numbers) X(_processes) X(_apply)                  \
    X(find) X(first_page) X(end_page) X(shared) X(protection)
#define NAME(name) static PyObject *s_##name;
NAMES(NAME)
static PyObject *codes[OPERATIONS];

/* How named tuples are made: see `named`. */
static newfunc tuple_new;
static int caches_hash;

/* What reads the attribute `bits` of a Protection. */
static descrgetfunc get_bits;

/* -- small parts --------------------------------------------------------------------------------------------------- */

/* References that a function keeps while it runs; an absent object may be among them. */
typedef struct {
    PyObject *object[24];
    int count;
} Kept;

/* An initialiser would fill the array, which takes longer than most of what is done here. */
#define NOTHING_KEPT(name)                                                                                             \
    Kept name;                                                                                                         \
    name.count = 0

static PyObject *keep_new(Kept *kept, PyObject *object) { return kept->object[kept->count++] = object; }

static PyObject *keep(Kept *kept, PyObject *object) {
    Py_XINCREF(object);
    return keep_new(kept, object);
}

static void let_go(Kept *kept) {
    while (kept->count) Py_XDECREF(kept->object[--kept->count]);
}

static PyObject *same(PyObject *object) {
    Py_INCREF(object);
    return object;
}

/* Put an object into an attribute, whose old one is dropped last: that can run Python code. */
static void set_slot(PyObject **slot, PyObject *value) {
    PyObject *old = *slot;
    *slot = value;
    Py_XDECREF(old);
}

/* Read an exact int of reasonable size. */
static int number(PyObject *object, long long *value) {
    int overflow;
    if (object == NULL || !PyLong_CheckExact(object)) return 0;
    *value = PyLong_AsLongLongAndOverflow(object, &overflow);
    return !overflow && *value > -LARGE && *value < LARGE;
}

static int is_list(PyObject *object) { return object != NULL && PyList_CheckExact(object); }

static int is_dict(PyObject *object) { return object != NULL && PyDict_CheckExact(object); }

/* A log is a list, or None where nothing is logged. */
static int is_log(PyObject *object) { return object == Py_None || is_list(object); }

static int is_a(PyObject *object, PyTypeObject *type) { return object != NULL && Py_IS_TYPE(object, type); }

/* Return True if a list has an element of that number. */
static int has(PyObject *list, long long place) { return is_list(list) && place >= 0 && place < PyList_Size(list); }

static int in_range(PyObject *allocated, long long frame) {
    return allocated != NULL && PyByteArray_CheckExact(allocated) && frame >= 0 && frame < PyByteArray_Size(allocated);
}

/* Return True if a frame's number is in range and it is in use. */
static int in_use(PyObject *allocated, long long frame) {
    return in_range(allocated, frame) && PyByteArray_AsString(allocated)[frame] != 0;
}

/* Return True if no failure of an operation is armed. */
static int unarmed(PyObject *failure, int operation) {
    long long left;
    return is_a(failure, class[FAILURE]) && number(((Slotted *)failure)->slot[operation], &left) && left < 0;
}

/* Report that a kernel changed the machine's own record in the middle of an operation. */
static enum outcome broken(void) {
    PyErr_SetString(PyExc_RuntimeError, "the machine's own record was changed in the middle of an operation");
    return FAILED;
}

/* Append an operation to a log, all of it or nothing, as `log += (...)` does: a kernel may catch a MemoryError. */
static int note(PyObject *log, int code, PyObject *a, PyObject *b, PyObject *c, PyObject *d) {
    PyObject *operation, *extended;
    if (log == Py_None) return 0;
    operation = PyTuple_Pack(1 + operands[code], codes[code], a, b, c, d);
    if (operation == NULL) return -1;
    extended = PySequence_InPlaceConcat(log, operation);
    Py_DECREF(operation);
    Py_XDECREF(extended);
    return extended == NULL ? -1 : 0;
}

/* Return a named tuple of the fields, whose references it takes; NULL if one of them is NULL. */
static PyObject *named(PyObject *type, Py_ssize_t size, PyObject **field) {
    Py_ssize_t i;
    PyObject *made, *arguments;
    if (caches_hash) {
        /* A tuple of Python 3.14 also stores its hash, which only tuple.__new__ initialises. */
        made = PyTuple_New(size);
    } else {
        made = PyType_GenericAlloc((PyTypeObject *)type, size);
    }
    for (i = 0; i < size; i++) {
        if (made == NULL || field[i] == NULL) {
            Py_CLEAR(made);
            Py_XDECREF(field[i]);
        } else {
            PyTuple_SetItem(made, i, field[i]);
        }
    }
    if (made != NULL && caches_hash) {
        arguments = PyTuple_Pack(1, made);
        Py_DECREF(made);
        made = arguments == NULL ? NULL : tuple_new((PyTypeObject *)type, arguments, NULL);
        Py_XDECREF(arguments);
    }
    return made;
}

/* Return what a method returns that returns nothing; call the Python method, with the same arguments, to defer to it. */
static PyObject *finish(enum outcome outcome, PyObject *method, PyObject *self, PyObject *const *given,
                        Py_ssize_t count, PyObject *names) {
    Py_ssize_t i, by_name = names == NULL ? 0 : PyTuple_Size(names);
    PyObject *result = NULL, *keywords = NULL, *arguments;
    if (outcome == DONE || outcome == FAILED) return outcome == DONE ? same(Py_None) : NULL;
    arguments = PyTuple_New(count + 1);
    if (arguments == NULL) return NULL;
    PyTuple_SetItem(arguments, 0, same(self));
    for (i = 0; i < count; i++) PyTuple_SetItem(arguments, i + 1, same(given[i]));
    if (by_name == 0 || (keywords = PyDict_New()) != NULL) {
        for (i = 0; i < by_name && PyDict_SetItem(keywords, PyTuple_GetItem(names, i), given[count + i]) == 0; i++) {}
        result = i == by_name ? PyObject_Call(method, arguments, keywords) : NULL;
    }
    Py_DECREF(arguments);
    Py_XDECREF(keywords);
    return result;
}

/* -- frames -------------------------------------------------------------------------------------------------------- */

/* Return the frame of a rank in the machine's order, -1 if it is not known. */
static long long frame_of(PyObject *order, long long rank) {
    long long frame;
    if (order == Py_None) return rank;
    return has(order, rank) && number(PyList_GetItem(order, (Py_ssize_t)rank), &frame) ? frame : -1;
}

/* Return the rank of the next frame, which `allocate` takes out of the freed ones or is fresh; -1 if Python must say. */
static long long next_rank(Slotted *self, PyObject *ranks) {
    long long rank, most;
    if (!is_list(ranks)) return -1;
    if (PyList_Size(ranks) > 0) return number(PyList_GetItem(ranks, 0), &rank) ? rank : -1;
    return number(self->slot[F_FRESH], &rank) && number(self->slot[F_NUMBER], &most) && rank < most ? rank : -1;
}

/* Take that frame. */
static enum outcome take(Slotted *self, PyObject *ranks, long long rank) {
    int right;
    long long popped;
    PyObject *taken;
    if (PyList_Size(ranks) == 0) {
        taken = PyLong_FromLongLong(rank + 1);
        if (taken != NULL) set_slot(&self->slot[F_FRESH], taken);
        return taken == NULL ? FAILED : DONE;
    }
    taken = PyObject_CallFunctionObjArgs(heappop, ranks, NULL);
    if (taken == NULL) return FAILED;
    right = number(taken, &popped) && popped == rank;
    Py_DECREF(taken);
    return right ? DONE : broken();
}

/* Hand out a frame; `*found` is its number. */
static enum outcome allocate(Slotted *self, PyObject **found) {
    NOTHING_KEPT(kept);
    enum outcome outcome = DEFER;
    PyObject *allocated = keep(&kept, self->slot[F_ALLOCATED]), *born = keep(&kept, self->slot[F_BORN]);
    PyObject *log = keep(&kept, self->slot[F_LOG]), *ranks = keep(&kept, self->slot[F_FREE]);
    long long rank = next_rank(self, ranks), frame = rank < 0 ? -1 : frame_of(self->slot[F_ORDER], rank);
    if (in_range(allocated, frame) && is_list(born) && is_log(log) && self->slot[F_MOVES] == Py_None &&
        unarmed(self->slot[F_FAILURE], FAIL_ALLOCATE)) {
        *found = PyLong_FromLongLong(frame);
        outcome = *found == NULL || note(log, ALLOCATE, NULL, NULL, NULL, NULL) < 0 ? FAILED : take(self, ranks, rank);
        if (outcome == DONE && !in_range(allocated, frame)) outcome = broken();
        if (outcome == DONE) {
            PyByteArray_AsString(allocated)[frame] = 1;
            outcome = PyList_Append(born, *found) < 0 ? FAILED : DONE;
        }
        if (outcome != DONE) Py_CLEAR(*found);
    }
    let_go(&kept);
    return outcome;
}

/* Return True if it is certain that a number is not that of the zero frame. */
static int not_zero_frame(Slotted *self, long long frame) {
    long long zero_frame;
    PyObject *object = self->slot[F_ZERO_FRAME];
    return object == Py_None || (number(object, &zero_frame) && zero_frame != frame);
}

static enum outcome free_frame(Slotted *self, PyObject *frame_, long long frame) {
    NOTHING_KEPT(kept);
    enum outcome outcome = DEFER;
    PyObject *allocated = keep(&kept, self->slot[F_ALLOCATED]), *contents = keep(&kept, self->slot[F_CONTENTS]);
    PyObject *log = keep(&kept, self->slot[F_LOG]), *freed = keep(&kept, self->slot[F_FREED]);
    PyObject *ranks = keep(&kept, self->slot[F_FREE]), *holder = self->slot[F_HOLDER];
    if (in_use(allocated, frame) && not_zero_frame(self, frame) && is_log(log) && has(contents, frame) &&
        is_list(freed) && is_list(ranks) && self->slot[F_RANK] == Py_None && is_dict(holder) &&
        PyDict_Size(holder) == 0) {
        outcome = FAILED;
        if (note(log, FREE, frame_, NULL, NULL, NULL) == 0 && (in_range(allocated, frame) || broken() == DONE)) {
            PyByteArray_AsString(allocated)[frame] = 0;
            if (PyList_SetItem(contents, (Py_ssize_t)frame, same(poisoned)) == 0 && PyList_Append(freed, frame_) == 0 &&
                keep_new(&kept, PyObject_CallFunctionObjArgs(heappush, ranks, frame_, NULL)) != NULL) {
                outcome = DONE;
            }
        }
    }
    let_go(&kept);
    return outcome;
}

static enum outcome zero_frame(Slotted *self, PyObject *frame_, long long frame) {
    NOTHING_KEPT(kept);
    enum outcome outcome = DEFER;
    PyObject *contents = keep(&kept, self->slot[F_CONTENTS]), *log = keep(&kept, self->slot[F_LOG]);
    if (in_use(self->slot[F_ALLOCATED], frame) && is_log(log) && has(contents, frame)) {
        outcome = note(log, ZERO, frame_, NULL, NULL, NULL) < 0 ||
                          PyList_SetItem(contents, (Py_ssize_t)frame, same(zeros)) < 0
                      ? FAILED
                      : DONE;
    }
    let_go(&kept);
    return outcome;
}

static enum outcome copy_frame(Slotted *self, PyObject *source_, long long source, PyObject *target_,
                               long long target) {
    NOTHING_KEPT(kept);
    enum outcome outcome = DEFER;
    long long copies;
    PyObject *contents = keep(&kept, self->slot[F_CONTENTS]), *log = keep(&kept, self->slot[F_LOG]), *image, *counted;
    if (in_use(self->slot[F_ALLOCATED], source) && in_use(self->slot[F_ALLOCATED], target) && is_log(log) &&
        not_zero_frame(self, source) && not_zero_frame(self, target) && has(contents, source) &&
        has(contents, target) && number(self->slot[F_COPIES], &copies)) {
        outcome = FAILED;
        if (note(log, COPY, source_, target_, NULL, NULL) == 0 &&
            (image = PyList_GetItem(contents, (Py_ssize_t)source)) != NULL &&
            PyList_SetItem(contents, (Py_ssize_t)target, same(image)) == 0 &&
            (counted = PyLong_FromLongLong(copies + 1)) != NULL) {
            set_slot(&self->slot[F_COPIES], counted);
            outcome = DONE;
        }
    }
    let_go(&kept);
    return outcome;
}

static PyObject *frames_allocate(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    PyObject *frame = NULL;
    enum outcome outcome = count == 0 && names == NULL ? allocate((Slotted *)self, &frame) : DEFER;
    return outcome == DONE ? frame : finish(outcome, python[ALLOCATE], self, given, count, names);
}

static PyObject *frames_free(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    long long frame;
    int plain = count == 1 && names == NULL && number(given[0], &frame);
    enum outcome outcome = plain ? free_frame((Slotted *)self, given[0], frame) : DEFER;
    return finish(outcome, python[FREE], self, given, count, names);
}

static PyObject *frames_zero(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    long long frame;
    int plain = count == 1 && names == NULL && number(given[0], &frame);
    enum outcome outcome = plain ? zero_frame((Slotted *)self, given[0], frame) : DEFER;
    return finish(outcome, python[ZERO], self, given, count, names);
}

static PyObject *frames_copy(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    long long source, target;
    int plain = count == 2 && names == NULL && number(given[0], &source) && number(given[1], &target);
    enum outcome outcome = plain ? copy_frame((Slotted *)self, given[0], source, given[1], target) : DEFER;
    return finish(outcome, python[COPY], self, given, count, names);
}

/* -- page tables --------------------------------------------------------------------------------------------------- */

/* The parts of a page table and of its frames that a change needs, kept like those of Kept, but faster. */
#define PARTS(X) X(entries) X(changes) X(touched) X(log) X(pid) X(users) X(orphans) X(suspects)
#define PART(name) PyObject *name;
#define KEEP_PART(name) Py_INCREF(parts->name);
#define DROP_PART(name) Py_DECREF(parts->name);
typedef struct {
    PARTS(PART)
    int swap; /* whether the machine has a swap disk, which follows the pages that leave */
} Parts;

/* Keep the parts, if all are what they should be. */
static int keep_parts(Slotted *self, Parts *parts) {
    Slotted *frames = (Slotted *)self->slot[T_FRAMES];
    if (!is_a((PyObject *)frames, class[FRAMES])) return 0;
    parts->entries = self->slot[T_ENTRIES], parts->changes = self->slot[T_CHANGES];
    parts->touched = self->slot[T_TOUCHED], parts->log = self->slot[T_LOG];
    parts->pid = self->slot[T_PID], parts->users = self->slot[T_USERS];
    parts->orphans = frames->slot[F_ORPHANS], parts->suspects = frames->slot[F_SUSPECTS];
    parts->swap = frames->slot[F_MOVES] != Py_None;
    if (!is_dict(parts->entries) || !is_dict(parts->changes) || !is_list(parts->touched) || !is_log(parts->log) ||
        parts->pid == NULL || !is_list(parts->users) || !is_list(parts->orphans) ||
        !is_a(parts->suspects, &PySet_Type)) {
        return 0;
    }
    PARTS(KEEP_PART)
    return 1;
}

static void drop_parts(Parts *parts) { PARTS(DROP_PART) }

/* Look an entry up. ABSENT if there is none, DEFER if it is not one that the machine made. */
static enum outcome look_up(PyObject *entries, PyObject *page, long long *pte) {
    PyObject *found = PyDict_GetItemWithError(entries, page);
    if (found == NULL) return PyErr_Occurred() ? FAILED : ABSENT;
    return number(found, pte) && *pte >= 0 ? DONE : DEFER;
}

static int users_of(PyObject *users, long long frame, long long *count) {
    return has(users, frame) && number(PyList_GetItem(users, (Py_ssize_t)frame), count);
}

/* Change the number of a frame's users, and note the frame for the audit.

   leaves: whether an entry goes, so that no user may be left; else the frame may have a writer and another user now */
static int change_users(Parts *parts, long long frame, long long by, int leaves) {
    long long count;
    int failed = 0;
    PyObject *object;
    if (!users_of(parts->users, frame, &count)) return broken();
    count += by;
    object = PyLong_FromLongLong(count);
    if (object == NULL || PyList_SetItem(parts->users, (Py_ssize_t)frame, object) < 0) return -1;
    if (leaves ? count == 0 : count > WRITER) {
        object = PyLong_FromLongLong(frame);
        failed =
            object == NULL || (leaves ? PyList_Append(parts->orphans, object) : PySet_Add(parts->suspects, object));
        Py_XDECREF(object);
    }
    return failed;
}

/* Write an entry, and note that this step did. */
static int put(PyObject *table, PyObject *entries, PyObject *changes, PyObject *touched, PyObject *page,
               long long pte) {
    int failed;
    PyObject *object = PyLong_FromLongLong(pte);
    failed = object == NULL || (PyDict_Size(changes) == 0 && PyList_Append(touched, table) < 0) ||
             PyDict_SetItem(changes, page, object) < 0 || PyDict_SetItem(entries, page, object) < 0;
    Py_XDECREF(object);
    return failed;
}

/* flags: bits of the protection, and COW */
static enum outcome map_page(Slotted *self, PyObject *page_, long long page, PyObject *frame_, long long frame,
                             long long flags) {
    Parts parts;
    long long old = 0, count;
    enum outcome outcome, before;
    PyObject *flags_ = NULL;
    if (page < 0 || page >= PAGE_LIMIT || !in_use(self->slot[T_ALLOCATED], frame) || !keep_parts(self, &parts))
        return DEFER;
    outcome = before = look_up(parts.entries, page_, &old);
    if (before == ABSENT && unarmed(self->slot[T_FAILURE], FAIL_MAP)) outcome = DONE;
    if (outcome == DONE && (!users_of(parts.users, frame, &count) ||
                            (before == DONE && !users_of(parts.users, old >> FRAME_SHIFT, &count)))) {
        outcome = DEFER;
    }
    if (outcome == DONE &&
        ((flags_ = PyLong_FromLongLong(flags)) == NULL || note(parts.log, MAP, parts.pid, page_, frame_, flags_) < 0 ||
         (before == DONE && change_users(&parts, old >> FRAME_SHIFT, old & WRITE_BIT ? -WRITER : -1, 1)) ||
         change_users(&parts, frame, flags & WRITE_BIT ? WRITER : 1, 0) ||
         put((PyObject *)self, parts.entries, parts.changes, parts.touched, page_,
             (frame << FRAME_SHIFT) + PRESENT + flags))) {
        outcome = FAILED;
    }
    Py_XDECREF(flags_);
    drop_parts(&parts);
    return outcome;
}

/* cow: 1, 0, or -1 to leave the bit as it is */
static enum outcome protect_page(Slotted *self, PyObject *page_, long long flags, int cow) {
    Parts parts;
    long long old = 0, count;
    enum outcome outcome;
    PyObject *flags_ = NULL;
    if (!keep_parts(self, &parts)) return DEFER;
    outcome = look_up(parts.entries, page_, &old);
    if (outcome == DONE && !users_of(parts.users, old >> FRAME_SHIFT, &count)) outcome = DEFER;
    flags |= cow < 0 ? old & COW : cow ? COW : 0;
    if (outcome == DONE &&
        ((flags_ = PyLong_FromLongLong(flags)) == NULL ||
         note(parts.log, PROTECT, parts.pid, page_, flags_, NULL) < 0 ||
         ((old ^ flags) & WRITE_BIT &&
          change_users(&parts, old >> FRAME_SHIFT, flags & WRITE_BIT ? WRITER - 1 : 1 - WRITER, 0)) ||
         put((PyObject *)self, parts.entries, parts.changes, parts.touched, page_, (old & ~0xFLL) | flags))) {
        outcome = FAILED;
    }
    Py_XDECREF(flags_);
    drop_parts(&parts);
    return outcome;
}

static enum outcome unmap_page(Slotted *self, PyObject *page_) {
    Parts parts;
    long long old = 0, count;
    enum outcome outcome;
    if (!keep_parts(self, &parts)) return DEFER;
    outcome = look_up(parts.entries, page_, &old);
    if (outcome == DONE && (parts.swap || !users_of(parts.users, old >> FRAME_SHIFT, &count))) outcome = DEFER;
    if (outcome == DONE &&
        (note(parts.log, UNMAP, parts.pid, page_, NULL, NULL) < 0 ||
         change_users(&parts, old >> FRAME_SHIFT, old & WRITE_BIT ? -WRITER : -1, 1) ||
         (PyDict_Size(parts.changes) == 0 && PyList_Append(parts.touched, (PyObject *)self) < 0) ||
         PyDict_SetItem(parts.changes, page_, codes[0]) < 0 || PyDict_DelItem(parts.entries, page_) < 0)) {
        outcome = FAILED;
    }
    drop_parts(&parts);
    return outcome;
}

/* Discard all entries: see PageTable._discard. Looks at all of them before it changes anything. */
static enum outcome discard(Slotted *self) {
    Parts parts;
    long long pte, count;
    enum outcome outcome = DONE;
    Py_ssize_t at = 0;
    PyObject *page, *object;
    if (!keep_parts(self, &parts)) return DEFER;
    while (outcome == DONE && PyDict_Next(parts.entries, &at, &page, &object)) {
        if (!PyLong_CheckExact(page) || !number(object, &pte) || pte < 0 ||
            !users_of(parts.users, pte >> FRAME_SHIFT, &count)) {
            outcome = DEFER;
        }
    }
    /* Only exact ints are dropped in this loop, so no Python code can change the dict. */
    at = 0;
    while (outcome == DONE && PyDict_Next(parts.entries, &at, &page, &object))
        if (!number(object, &pte) || change_users(&parts, pte >> FRAME_SHIFT, pte & WRITE_BIT ? -WRITER : -1, 1))
            outcome = FAILED;
    if (outcome == DONE) {
        PyDict_Clear(parts.entries);
        PyDict_Clear(parts.changes);
    }
    drop_parts(&parts);
    return outcome;
}

/* Return the view of an entry, or NULL. */
static PyObject *view(long long pte) {
    int i;
    PyObject *field[5], *rest = PyTuple_GetItem(fields, (Py_ssize_t)(pte & (FIELDS - 1)));
    field[0] = PyLong_FromLongLong(pte >> FRAME_SHIFT);
    for (i = 0; i < 4; i++) field[i + 1] = same(PyTuple_GetItem(rest, i));
    return named(entry_class, 5, field);
}

/* Read the bits of a Protection: what its attribute `bits` says. */
static int protection_bits(PyObject *protection, long long *bits) {
    int found;
    PyObject *value;
    if (get_bits == NULL || !is_a(protection, (PyTypeObject *)protection_class)) return 0;
    value = get_bits(bits_of, protection, protection_class);
    found = number(value, bits) && *bits >= 0 && *bits <= 7;
    if (value == NULL) PyErr_Clear();
    Py_XDECREF(value);
    return found;
}

/* Read the argument `cow`, by position after `place` others or by name. False if it is there and not a bool. */
static int cow_given(PyObject *const *given, Py_ssize_t count, PyObject *names, Py_ssize_t place, int *cow) {
    if (names == NULL && count == place) return 1;
    if (names == NULL ? count != place + 1
                      : count != place || PyTuple_Size(names) != 1 || PyTuple_GetItem(names, 0) != s_cow) {
        return 0;
    }
    *cow = given[place] == Py_True;
    return given[place] == Py_True || given[place] == Py_False;
}

static PyObject *table_get(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    long long page, pte;
    enum outcome outcome = DEFER;
    PyObject *entries = ((Slotted *)self)->slot[T_ENTRIES];
    if (count == 1 && names == NULL && number(given[0], &page) && is_dict(entries)) {
        Py_INCREF(entries);
        outcome = look_up(entries, given[0], &pte);
        Py_DECREF(entries);
    }
    if (outcome == DONE) return view(pte);
    return outcome == ABSENT ? same(Py_None) : finish(outcome, python_get, self, given, count, names);
}

static PyObject *table_map(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    long long page, frame, bits;
    int cow = 0;
    enum outcome outcome = DEFER;
    if (cow_given(given, count, names, 3, &cow) && number(given[0], &page) && number(given[1], &frame) &&
        protection_bits(given[2], &bits)) {
        outcome = map_page((Slotted *)self, given[0], page, given[1], frame, cow ? bits | COW : bits);
    }
    return finish(outcome, python[MAP], self, given, count, names);
}

static PyObject *table_protect(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    long long page, bits;
    int cow = -1;
    enum outcome outcome = DEFER;
    if (cow_given(given, count, names, 2, &cow) && number(given[0], &page) && protection_bits(given[1], &bits))
        outcome = protect_page((Slotted *)self, given[0], bits, cow);
    return finish(outcome, python[PROTECT], self, given, count, names);
}

static PyObject *table_unmap(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    long long page;
    int plain = count == 1 && names == NULL && number(given[0], &page);
    enum outcome outcome = plain ? unmap_page((Slotted *)self, given[0]) : DEFER;
    return finish(outcome, python[UNMAP], self, given, count, names);
}

static PyObject *table_discard(PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
    enum outcome outcome = count == 0 && names == NULL ? discard((Slotted *)self) : DEFER;
    return finish(outcome, python_discard, self, given, count, names);
}

/* -- the audit ----------------------------------------------------------------------------------------------------- */

/* Read from a region what the audit asks of it. False if that is not as usual, or the region is shared. */
static int read_region(PyObject *region, long long *first, long long *end, long long *allowed) {
    NOTHING_KEPT(kept);
    int read = number(keep_new(&kept, PyObject_GetAttr(region, s_first_page)), first) &&
               number(keep_new(&kept, PyObject_GetAttr(region, s_end_page)), end) &&
               keep_new(&kept, PyObject_GetAttr(region, s_shared)) == Py_False &&
               keep_new(&kept, PyObject_GetAttr(region, s_protection)) != NULL &&
               protection_bits(kept.object[kept.count - 1], allowed);
    let_go(&kept);
    return read;
}

/* quiet(changes, regions): whether every entry of a page table that a step wrote lies in a private region and allows
   no more than that. Else the audit looks closer: see Audit._check_table. */
static PyObject *quiet(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    long long page, pte, first = 0, end = 0, allowed = 0;
    Py_ssize_t at = 0;
    int usual = count == 2 && is_dict(given[0]);
    PyObject *page_, *pte_, *region;
    while (usual && PyDict_Next(given[0], &at, &page_, &pte_)) {
        usual = number(page_, &page) && number(pte_, &pte);
        if (usual && pte && (page < first || page >= end)) {
            /* If the dict changes in this call, PyDict_Next still stays within it. */
            Py_INCREF(page_);
            region = PyObject_CallMethodObjArgs(given[1], s_find, page_, NULL);
            usual = region != NULL && region != Py_None && read_region(region, &first, &end, &allowed);
            Py_XDECREF(region);
            Py_DECREF(page_);
        }
        usual = usual && !(pte & 7 & ~allowed);
    }
    return PyErr_Occurred() ? NULL : same(usual ? Py_True : Py_False);
}

/* -- re-enactment -------------------------------------------------------------------------------------------------- */

/* The numbers of a worker's answer, and how far they are read. An iterator for Python. */
typedef struct {
    PyObject_HEAD
    Py_buffer view;
    Py_ssize_t next, count;
} Answer;

static int number_at(Answer *self, Py_ssize_t place) {
    int value;
    memcpy(&value, (char *)self->view.buf + place * (Py_ssize_t)sizeof(value), sizeof(value));
    return value;
}

/* Return the page table of a process that the stand-in knows, or NULL, with no exception: Python will word it. */
static PyObject *table_of(PyObject *processes, int pid) {
    PyObject *key = PyLong_FromLong(pid), *process, *table = NULL;
    if (key != NULL && is_dict(processes)) {
        process = PyDict_GetItemWithError(processes, key);
        if (process != NULL) {
            Py_INCREF(process);
            table = PyObject_GetAttr(process, s_page_table);
            Py_DECREF(process);
        }
    }
    Py_XDECREF(key);
    if (table == NULL || !is_a(table, class[TABLE])) {
        PyErr_Clear();
        Py_CLEAR(table);
    }
    return table;
}

/* What a fault is about. Most operations are about the same, and need not look it up or make it again. */
typedef struct {
    PyObject *table, *page_;
    long long pid, page;
} Known;

/* Apply a change of a page table. n: the operation's numbers; known: NULL outside of a fault */
static enum outcome apply_to_table(const int *n, PyObject *processes, const Known *known) {
    NOTHING_KEPT(kept);
    enum outcome outcome = DEFER;
    int same_table = known != NULL && n[1] == known->pid, same_page = known != NULL && n[2] == known->page;
    PyObject *table = same_table ? keep(&kept, known->table) : keep_new(&kept, table_of(processes, n[1]));
    PyObject *page = same_page ? keep(&kept, known->page_) : keep_new(&kept, PyLong_FromLong(n[2])), *frame;
    if (page == NULL) {
        outcome = FAILED;
    } else if (table != NULL && n[0] == MAP) {
        frame = keep_new(&kept, PyLong_FromLong(n[3]));
        outcome = frame == NULL ? FAILED : map_page((Slotted *)table, page, n[2], frame, n[3], n[4] & (COW | 7));
    } else if (table != NULL && n[0] == PROTECT) {
        outcome = protect_page((Slotted *)table, page, n[3] & 7, (n[3] & COW) != 0);
    } else if (table != NULL) {
        outcome = unmap_page((Slotted *)table, page);
    }
    let_go(&kept);
    return outcome;
}

static enum outcome apply_to_frames(const int *n, PyObject *frames) {
    NOTHING_KEPT(kept);
    enum outcome outcome;
    PyObject *frame = NULL, *target;
    if (n[0] == ALLOCATE) {
        outcome = allocate((Slotted *)frames, &frame);
        Py_XDECREF(frame);
        return outcome;
    }
    frame = keep_new(&kept, PyLong_FromLong(n[1])), target = keep_new(&kept, PyLong_FromLong(n[2]));
    if (frame == NULL || target == NULL)
        outcome = FAILED;
    else if (n[0] == FREE)
        outcome = free_frame((Slotted *)frames, frame, n[1]);
    else if (n[0] == ZERO)
        outcome = zero_frame((Slotted *)frames, frame, n[1]);
    else
        outcome = copy_frame((Slotted *)frames, frame, n[1], target, n[2]);
    let_go(&kept);
    return outcome;
}

/* Apply operations up to the first that Python must see, which is read: its number is in `*code`.

   ABSENT if there are no more numbers, FAILED with an exception. */
static enum outcome apply(Answer *self, PyObject *processes, PyObject *frames, const Known *known, int *code) {
    int i, n[5] = {0};
    enum outcome outcome = DONE;
    while (outcome == DONE) {
        if (self->next < 0 || self->next >= self->count) return ABSENT;
        n[0] = *code = number_at(self, self->next);
        if (n[0] < ALLOCATE || n[0] >= OPERATIONS || self->count - self->next <= operands[n[0]] ||
            !is_a(frames, class[FRAMES])) {
            break;
        }
        for (i = 1; i <= operands[n[0]]; i++) n[i] = number_at(self, self->next + i);
        self->next += i;
        outcome = n[0] >= MAP ? apply_to_table(n, processes, known) : apply_to_frames(n, frames);
        self->next -= outcome == DONE ? 0 : i;
    }
    self->next += outcome != FAILED;
    return outcome == FAILED ? FAILED : DONE;
}

static PyObject *answer_apply(PyObject *self, PyObject *const *given, Py_ssize_t count) {
    int code = 0;
    enum outcome outcome;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "apply takes the processes and the frames");
        return NULL;
    }
    outcome = apply((Answer *)self, given[0], given[1], NULL, &code);
    if (outcome == ABSENT) PyErr_SetNone(PyExc_StopIteration);
    return outcome == DONE ? PyLong_FromLong(code) : NULL;
}

static PyObject *answer_next(PyObject *self) {
    Answer *answer = (Answer *)self;
    return answer->next < answer->count ? PyLong_FromLong(number_at(answer, answer->next++)) : NULL;
}

static void answer_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyBuffer_Release(&((Answer *)self)->view);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* answer(numbers, class): an iterator over an array of C ints, with the method `apply`. The kernel class is that of
   stand-ins: what an access asks of one of them it does itself (see `re_enact`). */
static PyObject *make_answer(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    Py_buffer view;
    Answer *made = NULL;
    if (answer_type == NULL || count != 2 || !PyType_Check(given[1]))
        return PyErr_Format(PyExc_TypeError, "answer takes an array and a class, after setup");
    if (PyObject_GetBuffer(given[0], &view, PyBUF_FORMAT) < 0) return NULL;
    if (view.itemsize != (Py_ssize_t)sizeof(int) || view.format == NULL || strcmp(view.format, "i") != 0)
        PyErr_SetString(PyExc_TypeError, "an answer is an array of C ints");
    else
        made = PyObject_New(Answer, answer_type);
    if (made == NULL) {
        PyBuffer_Release(&view);
        return NULL;
    }
    set_slot((PyObject **)&stand_in, same(given[1]));
    made->view = view;
    made->next = 0;
    made->count = view.len / view.itemsize;
    return (PyObject *)made;
}

/* -- accesses ------------------------------------------------------------------------------------------------------ */

/* An access to a range of pages: see Machine._access_pages, whose loop this is.

   before, byte, after: the image that was met last, the byte read from it or written to it, and the image after that
   answer, processes: those of a kernel that is a stand-in; NULL for any other kernel */
typedef struct {
    Kept kept;
    PyObject *machine, *process, *offset_, *access, *kernel, *page_fault, *frames, *table, *entries, *changes, *touched;
    PyObject *contents, *seen, *disk, *values, *answer, *processes, *pid_, *before, *byte, *after;
    long long first, count, offset, page_size, right, need, minor, pid;
    int writing, introduced, raised;
} Walk;

/* Keep and return an attribute, or NULL. Once one has raised, no other is read: see `access_pages`. */
static PyObject *attribute(Walk *walk, PyObject *object, PyObject *name) {
    PyObject *found = object == NULL || walk->raised ? NULL : PyObject_GetAttr(object, name);
    walk->raised = found == NULL;
    return keep_new(&walk->kept, found);
}

/* Read the arguments of an access. False if one of them is not as usual. */
static int read_arguments(Walk *walk, PyObject *const *given) {
    PyObject *values = given[6];
    walk->machine = given[0], walk->process = given[1], walk->offset_ = given[4], walk->access = given[5];
    if (!number(given[2], &walk->first) || !number(given[3], &walk->count) || !number(given[4], &walk->offset) ||
        !is_a(walk->access, (PyTypeObject *)access_class) ||
        !(PyList_CheckExact(values) || PyTuple_CheckExact(values)) ||
        !number(attribute(walk, walk->access, s_bit), &walk->right) || walk->right < 1 || walk->right > 7 ||
        !number(attribute(walk, walk->machine, s__page_size), &walk->page_size)) {
        return 0;
    }
    walk->writing = walk->access == access_write;
    walk->need = walk->right | ACCESSED | (walk->writing ? DIRTY : 0);
    walk->values = keep_new(&walk->kept, PySequence_Tuple(values));
    if (walk->values != NULL && PyTuple_Size(walk->values) > 0) walk->count = PyTuple_Size(walk->values);
    /* Small enough that no address overflows. */
    return walk->values != NULL && walk->first > -PAGE_LIMIT && walk->first < PAGE_LIMIT && walk->count < PAGE_LIMIT &&
           walk->page_size > 0 && walk->page_size < PAGE_LIMIT && walk->offset >= 0 && walk->offset < walk->page_size;
}

/* Prepare an access. False if an argument, or the machine, is not as usual. */
static int enter(Walk *walk, PyObject *const *given) {
    if (!read_arguments(walk, given)) return 0;
    walk->touched = attribute(walk, walk->machine, s__touched);
    walk->seen = attribute(walk, walk->machine, s__values);
    walk->disk = attribute(walk, walk->machine, s__disk);
    walk->kernel = attribute(walk, walk->machine, s_kernel);
    walk->page_fault = attribute(walk, walk->kernel, s_page_fault);
    walk->frames = attribute(walk, walk->machine, s__frames);
    walk->table = attribute(walk, walk->process, s_page_table);
    if (!is_a(walk->frames, class[FRAMES]) || !is_a(walk->table, class[TABLE]) || !is_a(walk->disk, class[COUNTS]))
        return 0;
    walk->contents = keep(&walk->kept, ((Slotted *)walk->frames)->slot[F_CONTENTS]);
    walk->entries = keep(&walk->kept, ((Slotted *)walk->table)->slot[T_ENTRIES]);
    walk->changes = keep(&walk->kept, ((Slotted *)walk->table)->slot[T_CHANGES]);
    if (is_a(walk->kernel, stand_in)) {
        walk->answer = attribute(walk, walk->kernel, s__numbers);
        walk->processes = attribute(walk, walk->kernel, s__processes);
        walk->pid_ = keep(&walk->kept, ((Slotted *)walk->table)->slot[T_PID]);
        if (!is_a(walk->answer, answer_type) || !is_dict(walk->processes) || !number(walk->pid_, &walk->pid)) {
            walk->answer = NULL;
        }
    }
    walk->before = same(poisoned), walk->after = same(poisoned), walk->byte = same(PyTuple_GetItem(poisoned, 0));
    return !walk->raised && is_list(walk->touched) && is_list(walk->seen) && walk->page_fault != NULL && is_list(walk->contents) &&
           is_dict(walk->entries) && is_dict(walk->changes);
}

static void leave(Walk *walk) {
    Py_XDECREF(walk->before), Py_XDECREF(walk->byte), Py_XDECREF(walk->after);
    let_go(&walk->kept);
}

/* Add the faults that were counted here to those of the machine. An exception that is set stays set. */
static int count_faults(Walk *walk) {
    PyObject *type, *value, *traceback, *counted, *more, *sum = NULL;
    int failed;
    if (walk->minor == 0) return 0;
    PyErr_Fetch(&type, &value, &traceback);
    counted = PyObject_GetAttr(walk->machine, s__minor), more = PyLong_FromLongLong(walk->minor);
    if (counted != NULL && more != NULL) sum = PyNumber_Add(counted, more);
    failed = sum == NULL || PyObject_SetAttr(walk->machine, s__minor, sum) < 0;
    Py_XDECREF(counted), Py_XDECREF(more), Py_XDECREF(sum);
    walk->minor = 0;
    if (type != NULL) PyErr_Restore(type, value, traceback);
    return failed ? -1 : 0;
}

/* Leave the pages from one on to Python. */
static PyObject *rest(Walk *walk, long long done) {
    PyObject *page, *count, *values, *outcome = NULL;
    if (count_faults(walk) < 0) return NULL;
    page = PyLong_FromLongLong(walk->first + done), count = PyLong_FromLongLong(walk->count - done);
    values = PyTuple_GetSlice(walk->values, (Py_ssize_t)done, PyTuple_Size(walk->values));
    if (page != NULL && count != NULL && values != NULL) {
        outcome = PyObject_CallMethodObjArgs(walk->machine, s__access_pages, walk->process, page, count, walk->offset_,
                                             walk->access, values, NULL);
    }
    Py_XDECREF(page), Py_XDECREF(count), Py_XDECREF(values);
    return outcome;
}

/* Say how a call of the kernel ended: what it raised is in `*error`. FAILED if that is not for the machine to judge. */
static enum outcome called(PyObject *result, PyObject **error) {
    PyObject *type, *traceback;
    if (result != NULL) {
        Py_DECREF(result);
        return DONE;
    }
    if (!PyErr_ExceptionMatches(PyExc_Exception) && !PyErr_ExceptionMatches(PyExc_SystemExit)) return FAILED;
    PyErr_Fetch(&type, error, &traceback);
    PyErr_NormalizeException(&type, error, &traceback);
    if (traceback != NULL && *error != NULL) PyException_SetTraceback(*error, traceback);
    Py_XDECREF(type), Py_XDECREF(traceback);
    return *error == NULL ? broken() : DONE;
}

/* Call the kernel's page_fault once. */
static enum outcome call_kernel(Walk *walk, PyObject *Py_UNUSED(page_), long long page, int present, PyObject **error) {
    PyObject *field[3], *fault, *result = NULL;
    field[0] = PyLong_FromLongLong(page * walk->page_size + walk->offset);
    field[1] = same(walk->access);
    field[2] = same(present ? Py_True : Py_False);
    fault = named(fault_class, 3, field);
    if (fault != NULL) {
        result = PyObject_CallFunctionObjArgs(walk->page_fault, walk->process, fault, NULL);
        Py_DECREF(fault);
    }
    return called(result, error);
}

/* Do what StandIn.page_fault does; an answer that is not for this fault is for Python to refuse. */
static enum outcome re_enact(Walk *walk, PyObject *page_, long long page, int present, PyObject **error) {
    int code = 0;
    enum outcome outcome;
    Answer *answer = (Answer *)walk->answer;
    Known known = {walk->table, page_, walk->pid, page};
    if (answer->next < 0 || answer->count - answer->next < 3 || number_at(answer, answer->next) != FAULT ||
        number_at(answer, answer->next + 1) != walk->pid || number_at(answer, answer->next + 2) != page) {
        return call_kernel(walk, page_, page, present, error);
    }
    /* A stand-in forgets no process, so that once in an access is enough. */
    if (!walk->introduced && PyDict_SetItem(walk->processes, walk->pid_, walk->process) < 0) return FAILED;
    walk->introduced = 1;
    answer->next += 3;
    outcome = apply(answer, walk->processes, walk->frames, &known, &code);
    if (outcome == FAILED || (outcome == DONE && code == RETURNED)) return outcome;
    /* Python goes on from the number that it must see. */
    answer->next -= outcome == DONE && answer->next > 0;
    return called(PyObject_CallMethodObjArgs(walk->kernel, s__apply, NULL), error);
}

/* Handle a page fault. `*pte` is the entry that allows the access then; `*ending`, how the process ended. */
static enum outcome fault(Walk *walk, PyObject *page_, long long page, long long *pte, PyObject **ending) {
    long long before, after;
    enum outcome found;
    PyObject *error = NULL, **reads = &((Slotted *)walk->disk)->slot[C_READS];
    if (!number(*reads, &before)) return DEFER;
    found = (walk->answer == NULL ? call_kernel : re_enact)(walk, page_, page, *pte != 0, &error);
    if (found == FAILED) return FAILED;
    *pte = 0;
    found = look_up(walk->entries, page_, pte);
    if (found == FAILED || found == DEFER || !number(*reads, &after)) {
        Py_XDECREF(error);
        return found == FAILED ? FAILED : broken();
    }
    if (error == NULL && *pte & walk->right && before == after) {
        walk->minor++;
        return DONE;
    }
    if (count_faults(walk) == 0) {
        *ending =
            PyObject_CallMethodObjArgs(walk->machine, s__settle, walk->process, page_, walk->offset_, walk->access,
                                       error == NULL ? Py_None : error, before == after ? Py_False : Py_True, NULL);
    }
    Py_XDECREF(error);
    if (*ending != Py_None) return *ending == NULL ? FAILED : ENDED;
    Py_CLEAR(*ending);
    found = look_up(walk->entries, page_, pte);
    return found == ABSENT || found == DEFER ? broken() : found;
}

/* Return the one byte that an image has in addition to its fill byte, as (offset, byte), in `*pair`, or NULL there if
   it has none. False if it has more, or is not an image as the machine makes them. The references are borrowed. */
static int simple(PyObject *image, PyObject **fill, PyObject **pair) {
    PyObject *written;
    if (!is_a(image, (PyTypeObject *)image_class) || PyTuple_Size(image) != 2) return 0;
    *fill = PyTuple_GetItem(image, 0), written = PyTuple_GetItem(image, 1), *pair = NULL;
    if (!PyTuple_CheckExact(written) || PyTuple_Size(written) > 1) return 0;
    if (PyTuple_Size(written) == 1) {
        *pair = PyTuple_GetItem(written, 0);
        return PyTuple_CheckExact(*pair) && PyTuple_Size(*pair) == 2;
    }
    return 1;
}

/* Return the byte of an image: see Image.byte. */
static PyObject *byte_of(Walk *walk, PyObject *image) {
    long long offset;
    PyObject *fill, *pair;
    if (!simple(image, &fill, &pair) || (pair != NULL && !number(PyTuple_GetItem(pair, 0), &offset)))
        return PyObject_CallMethodObjArgs(image, s_byte, walk->offset_, NULL);
    return same(pair != NULL && offset == walk->offset ? PyTuple_GetItem(pair, 1) : fill);
}

/* Return the image after a byte was written: see Image.with_byte. */
static PyObject *with_byte(Walk *walk, PyObject *image, PyObject *value) {
    long long offset = walk->offset, filled, byte;
    PyObject *field[2], *fill, *pair;
    if (!simple(image, &fill, &pair) || !number(fill, &filled) || !number(value, &byte) ||
        (pair != NULL && !number(PyTuple_GetItem(pair, 0), &offset)) || offset != walk->offset) {
        return PyObject_CallMethodObjArgs(image, s_with_byte, walk->offset_, value, NULL);
    }
    field[0] = same(fill);
    if (byte == filled) {
        field[1] = PyTuple_New(0);
    } else {
        pair = PyTuple_Pack(2, walk->offset_, value);
        field[1] = pair == NULL ? NULL : PyTuple_Pack(1, pair);
        Py_XDECREF(pair);
    }
    return named(image_class, 2, field);
}

/* Return 1 if two bytes are equal, 0 if not, -1 with an exception. */
static int equal(PyObject *a, PyObject *b) {
    long long left, right;
    return number(a, &left) && number(b, &right) ? left == right : PyObject_RichCompareBool(a, b, Py_EQ);
}

/* Read the byte of a frame, or write it. DEFER if there is no such frame. */
static enum outcome move(Walk *walk, long long frame, PyObject *value) {
    int known;
    PyObject *image, *made;
    if (!has(walk->contents, frame)) return DEFER;
    image = same(PyList_GetItem(walk->contents, (Py_ssize_t)frame));
    known = image != walk->before ? 0 : walk->writing ? equal(value, walk->byte) : 1;
    if (known == 0) {
        made = walk->writing ? with_byte(walk, image, value) : byte_of(walk, image);
        if (made == NULL) {
            known = -1;
        } else {
            set_slot(&walk->before, same(image));
            set_slot(&walk->byte, same(walk->writing ? value : made));
            set_slot(&walk->after, made);
        }
    }
    Py_DECREF(image);
    if (known < 0 || (walk->writing ? PyList_SetItem(walk->contents, (Py_ssize_t)frame, same(walk->after))
                                    : PyList_Append(walk->seen, walk->byte)) < 0) {
        return FAILED;
    }
    return DONE;
}

/* Access one page. */
static enum outcome touch(Walk *walk, PyObject *page_, long long page, PyObject *value, PyObject **ending) {
    long long pte = 0;
    enum outcome outcome = look_up(walk->entries, page_, &pte);
    if (outcome == DEFER || outcome == FAILED) return outcome;
    if ((pte & walk->need) != walk->need) {
        outcome = pte & walk->right ? DONE : fault(walk, page_, page, &pte, ending);
        if (outcome != DONE) return outcome;
        pte |= walk->need;
        if (put(walk->table, walk->entries, walk->changes, walk->touched, page_, pte)) return FAILED;
    }
    return move(walk, pte >> FRAME_SHIFT, value);
}

/* access(machine, process, first, count, offset, access, values): what Machine._access_pages does. */
static PyObject *access_pages(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count) {
    long long i;
    enum outcome outcome = DONE;
    Walk walk = {.kept = {.count = 0}};
    PyObject *page, *value, *ending = NULL;
    if (count != 7) {
        PyErr_SetString(PyExc_TypeError, "access takes seven arguments");
        return NULL;
    }
    if (!enter(&walk, given)) {
        leave(&walk);
        /* Python meets an Exception again and words it. Any other, such as that of a time limit, comes only once. */
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) return NULL;
        PyErr_Clear();
        return PyObject_CallMethodObjArgs(given[0], s__access_pages, given[1], given[2], given[3], given[4], given[5],
                                          given[6], NULL);
    }
    for (i = 0; outcome == DONE && i < walk.count; i++) {
        page = PyLong_FromLongLong(walk.first + i);
        value = PyTuple_Size(walk.values) > 0 ? PyTuple_GetItem(walk.values, (Py_ssize_t)i) : codes[0];
        outcome = page == NULL || value == NULL ? FAILED : touch(&walk, page, walk.first + i, value, &ending);
        Py_XDECREF(page);
    }
    if (outcome == DEFER)
        ending = rest(&walk, i - 1);
    else if (count_faults(&walk) < 0)
        Py_CLEAR(ending);
    else if (outcome == DONE)
        ending = PyUnicode_FromString("ok");
    leave(&walk);
    return ending;
}

/* -- the module ---------------------------------------------------------------------------------------------------- */

static Py_ssize_t slots_of(PyObject *self) {
    int i;
    for (i = 0; i < CLASSES - 1 && !Py_IS_TYPE(self, class[i]); i++) {}
    return slots[i];
}

static int traverse(PyObject *self, visitproc visit, void *arg) {
    Py_ssize_t i, count = slots_of(self);
    Py_VISIT(Py_TYPE(self));
    for (i = 0; i < count; i++) Py_VISIT(((Slotted *)self)->slot[i]);
    return 0;
}

static int clear(PyObject *self) {
    Py_ssize_t i, count = slots_of(self);
    for (i = 0; i < count; i++) Py_CLEAR(((Slotted *)self)->slot[i]);
    return 0;
}

/* The attributes are dropped by a tuple, because tuples limit how deep such drops nest: a kernel can build a chain of
   a million page tables, each an attribute of the next, which would overflow the stack of C. */
static void dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    Py_ssize_t i, count = slots_of(self);
    PyObject *error, *value, *traceback, *dropped;
    PyObject_GC_UnTrack(self);
    PyErr_Fetch(&error, &value, &traceback);
    dropped = PyTuple_New(count);
    for (i = 0; dropped != NULL && i < count; i++) {
        PyTuple_SetItem(dropped, i, ((Slotted *)self)->slot[i]);
        ((Slotted *)self)->slot[i] = NULL;
    }
    Py_XDECREF(dropped);
    clear(self); /* where there was no memory for a tuple */
    PyErr_Restore(error, value, traceback);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

#define SIZE(slots) (offsetof(Slotted, slot) + (slots) * sizeof(PyObject *))
#define MEMBER(index, text) {text, T_OBJECT_EX, SIZE(index), 0, NULL},
static PyMemberDef frames_members[] = {FRAMES_SLOTS(MEMBER){NULL, 0, 0, 0, NULL}};
static PyMemberDef table_members[] = {TABLE_SLOTS(MEMBER){NULL, 0, 0, 0, NULL}};
static PyMemberDef failure_members[] = {FAILURE_SLOTS(MEMBER){NULL, 0, 0, 0, NULL}};
static PyMemberDef counts_members[] = {COUNTS_SLOTS(MEMBER){NULL, 0, 0, 0, NULL}};

#define FUNCTION(function) (PyCFunction)(void (*)(void))(function)
#define METHOD(name, function) {name, FUNCTION(function), METH_FASTCALL | METH_KEYWORDS, NULL}
#define END {NULL, NULL, 0, NULL}
static PyMethodDef no_methods[] = {END};
static PyMethodDef frames_methods[] = {METHOD("allocate", frames_allocate), METHOD("free", frames_free),
                                       METHOD("zero", frames_zero), METHOD("copy", frames_copy), END};
static PyMethodDef table_methods[] = {METHOD("get", table_get),          METHOD("map", table_map),
                                      METHOD("protect", table_protect),  METHOD("unmap", table_unmap),
                                      METHOD("_discard", table_discard), END};
static PyMethodDef answer_methods[] = {{"apply", FUNCTION(answer_apply), METH_FASTCALL, NULL}, END};

#define CLASS(members, methods)                                                                                        \
    {{Py_tp_members, members}, {Py_tp_methods, methods}, {Py_tp_traverse, (void *)traverse},                           \
     {Py_tp_clear, (void *)clear}, {Py_tp_dealloc, (void *)dealloc}, {0, NULL}}
static PyType_Slot frames_class[] = CLASS(frames_members, frames_methods);
static PyType_Slot table_class[] = CLASS(table_members, table_methods);
static PyType_Slot failure_class[] = CLASS(failure_members, no_methods);
static PyType_Slot counts_class[] = CLASS(counts_members, no_methods);
static PyType_Slot answer_class[] = {{Py_tp_methods, answer_methods},
                                     {Py_tp_iter, (void *)PyObject_SelfIter},
                                     {Py_tp_iternext, (void *)answer_next},
                                     {Py_tp_dealloc, (void *)answer_dealloc},
                                     {0, NULL}};

/* No Py_TPFLAGS_BASETYPE: a class derived from these could have what the functions above do not expect. */
#define FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC)
static PyType_Spec specs[CLASSES] = {
    {"grader.machine.frames.Frames", SIZE(F_SLOTS), 0, FLAGS, frames_class},
    {"grader.machine.pagetable.PageTable", SIZE(T_SLOTS), 0, FLAGS, table_class},
    {"grader.machine.frames.Failure", SIZE(FAIL_SLOTS), 0, FLAGS, failure_class},
    {"grader.machine.disk.DiskCounts", SIZE(C_SLOTS), 0, FLAGS, counts_class},
};
static PyType_Spec answer_spec = {"forklab_core.Answer", sizeof(Answer), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, answer_class};

/* What `setup` must be given, by name, and where it goes. */
static const struct {
    const char *name;
    PyObject **place;
} wanted[] = {
    {"Entry", &entry_class}, {"PageFault", &fault_class}, {"Image", &image_class}, {"Protection", &protection_class},
    {"Access", &access_class}, {"WRITE", &access_write}, {"FIELDS", &fields}, {"POISONED", &poisoned},
    {"ZEROS", &zeros}, {"heappop", &heappop}, {"heappush", &heappush}, {"bits", &bits_of},
    {"allocate", &python[ALLOCATE]}, {"free", &python[FREE]}, {"zero", &python[ZERO]}, {"copy", &python[COPY]},
    {"map", &python[MAP]}, {"protect", &python[PROTECT]}, {"unmap", &python[UNMAP]}, {"get", &python_get},
    {"_discard", &python_discard},
};

/* Check what is not checked again: what the functions above take for classes, and for tuples of a known size. */
static int usable(void) {
    Py_ssize_t i;
    PyObject *classes[] = {entry_class, fault_class, image_class, protection_class, access_class}, *row;
    for (i = 0; i < 5; i++)
        if (!PyType_Check(classes[i]) || (i < 3 && !PyType_IsSubtype((PyTypeObject *)classes[i], &PyTuple_Type)))
            return 0;
    for (i = 0; i < FIELDS; i++) {
        row = PyTuple_CheckExact(fields) && PyTuple_Size(fields) == FIELDS ? PyTuple_GetItem(fields, i) : NULL;
        if (row == NULL || !PyTuple_CheckExact(row) || PyTuple_Size(row) != 4) return 0;
    }
    return is_a(poisoned, (PyTypeObject *)image_class) && PyTuple_Size(poisoned) == 2 &&
           get_bits != NULL;
}

/* setup(parts): learn the Python machine's classes and methods; return the compiled classes. Once in a process. */
static PyObject *setup(PyObject *Py_UNUSED(module), PyObject *parts) {
    size_t i;
    PyObject *part;
    if (entry_class != NULL || !PyDict_CheckExact(parts))
        return PyErr_Format(PyExc_RuntimeError, "setup was called before, or not with a dict");
    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        part = PyDict_GetItemString(parts, wanted[i].name);
        if (part == NULL) return PyErr_Format(PyExc_TypeError, "setup: %s is missing", wanted[i].name);
        set_slot(wanted[i].place, same(part));
    }
    get_bits = (descrgetfunc)PyType_GetSlot(Py_TYPE(bits_of), Py_tp_descr_get);
    if (!usable()) return PyErr_Format(PyExc_TypeError, "setup: this is not the machine that the core was built for");
    for (i = 0; i < CLASSES; i++) {
        class[i] = (PyTypeObject *)PyType_FromSpec(&specs[i]);
        if (class[i] == NULL) return NULL;
    }
    answer_type = (PyTypeObject *)PyType_FromSpec(&answer_spec);
    return answer_type == NULL ? NULL : PyTuple_Pack(CLASSES, class[0], class[1], class[2], class[3]);
}

static PyMethodDef functions[] = {
    {"setup", setup, METH_O, "Learn the Python machine's classes; return the compiled ones."},
    {"answer", FUNCTION(make_answer), METH_FASTCALL,
     "Return an iterator over an answer, which can apply the operations in it."},
    {"quiet", FUNCTION(quiet), METH_FASTCALL, "Return True if an audit of changed entries would find nothing."},
    {"access", FUNCTION(access_pages), METH_FASTCALL, "Do what Machine._access_pages does."},
    END};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "forklab_core", .m_size = -1, .m_methods = functions,
    .m_doc = "The compiled core of forklab's machine: see grader/machine/compiled."};

PyMODINIT_FUNC PyInit_forklab_core(void) {
    int i;
    PyObject *module;
    tuple_new = (newfunc)PyType_GetSlot(&PyTuple_Type, Py_tp_new);
    caches_hash = Py_Version >= 0x030E0000;
#define INTERN(name)                                                                                                   \
    if ((s_##name = PyUnicode_InternFromString(#name)) == NULL) { return NULL; }
    NAMES(INTERN)
    for (i = 0; i < OPERATIONS; i++)
        if ((codes[i] = PyLong_FromLong(i)) == NULL) return NULL;
    module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddStringConstant(module, "FINGERPRINT", FINGERPRINT) < 0) Py_CLEAR(module);
    return module;
}

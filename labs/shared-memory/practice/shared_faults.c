/*
 * Watch shared memory on a real kernel: the child's writes are seen, and nothing is copied.
 *
 * The program stops seven times and waits for Enter. At each stop, look at its page faults from a second terminal:
 *
 *     ps -o pid,min_flt,maj_flt -C shared_faults
 *
 * Predict the two rows before you look. With --alive the parent reads while its child is still there.
 * `grader practice shared-faults` starts the program with --driven: it then also prints where the buffer is, and how
 * many minor faults were taken in the buffer itself.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGES = 1024, WINDOW = 16 };

static volatile char *buffer;
static long page_size;
static int driven;
static long faults; /* minor faults in the buffer since the last stop */

/* Print where we are and wait for Enter. read() and not getchar(): a buffer of stdio's would be copied by fork. */
static void stop_at(const char *who, const char *what)
{
    char c;

    if (driven)
        printf("%s %d %ld %s\n", who, (int)getpid(), faults, what);
    else
        printf("%s (%d): %s. Enter to go on.\n", who, (int)getpid(), what);
    fflush(stdout);
    faults = 0;
    do {
        if (read(STDIN_FILENO, &c, 1) != 1)
            _exit(1); /* nobody is there to press Enter any more */
    } while (c != '\n');
}

static long minor_faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static char byte = 7; /* what this process writes: the parent 7, the child 8 */
static int seen;      /* pages that held the child's byte when they were read */

/* Read, or write, one byte of each page. */
static void touch(int first, int end, int writing)
{
    seen = 0;
    for (int i = first; i < end; i++) {
        if (writing)
            buffer[i * page_size] = byte;
        else
            seen += buffer[i * page_size] == 8;
    }
}

/* Touch pages and count the faults that this takes. The first call of each function takes faults of the program's own
 * (its code, its stack), so both are called once before counting begins. */
static void count_touch(int first, int end, int writing)
{
    long before;

    touch(0, 0, writing);
    minor_faults();
    before = minor_faults();
    touch(first, end, writing);
    faults = minor_faults() - before;
}

/* Wait until the other side of a pipe closes it. */
static void wait_for_close(int fd)
{
    char c;

    while (read(fd, &c, 1) > 0)
        ;
}

static void child(void)
{
    faults = 0;
    byte = 8;
    stop_at("child", "born");
    count_touch(0, PAGES / 2, 0);
    stop_at("child", "read the first half");
    count_touch(PAGES / 2, PAGES, 1);
    stop_at("child", "wrote the second half");
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    int alive = 0, your_turn[2], leave[2];
    char found[80];

    for (int i = 1; i < argc; i++) {
        alive |= !strcmp(argv[i], "--alive");
        driven |= !strcmp(argv[i], "--driven");
    }
    page_size = sysconf(_SC_PAGESIZE);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* a huge page would take one fault for 512 pages */
    buffer = mmap(NULL, (PAGES + WINDOW) * page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED)
        fail("mmap");
    /* A read fault maps a window of 16 pages, which begins at a multiple of 16 pages. So does our part of the memory. */
    buffer += -(unsigned long)buffer % (WINDOW * page_size);
    if (pipe(your_turn) || pipe(leave))
        fail("pipe");
    if (driven)
        printf("buffer %lu %d\n", (unsigned long)buffer, PAGES);
    stop_at("parent", "mapped the buffer");
    count_touch(0, PAGES, 1);
    stop_at("parent", "wrote all of it");

    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        close(leave[1]);
        child();
        close(your_turn[1]);
        close(your_turn[0]);
        if (alive)
            wait_for_close(leave[0]);
        _exit(0);
    }
    close(your_turn[1]);
    wait_for_close(your_turn[0]);
    if (!alive) {
        wait(NULL);
        stop_at("parent", "child has gone");
    }
    count_touch(0, PAGES, 0);
    snprintf(found, sizeof found, "read all of it: %d pages hold what the child wrote", seen);
    stop_at("parent", found);
    if (alive) {
        close(leave[1]);
        wait(NULL);
        stop_at("parent", "child has gone");
    }
    return 0;
}

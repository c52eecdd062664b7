/*
 * Watch which sections of a program stay shared after fork, and which ones separate.
 *
 * The program has 16 pages each of .text, .rodata, heap and stack. It stops five times and waits for Enter. At each
 * stop, look at parent and child from a second terminal:
 *
 *     for pid in $(pidof sections); do echo $pid; grep -A20 -e sections -e heap -e stack /proc/$pid/smaps |
 *         grep -e '^[0-9a-f]*-' -e Shared -e Private_Dirty; done
 *
 * `grader practice sections` starts the program with --driven: it then also prints where the sections are.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, BYTES = 16 * PAGE };

/* A function that returns at once, at the beginning of each of 16 pages. */
__asm__(".text\n.balign 4096\ncode:\n.rept 16\nret\n.balign 4096, 0\n.endr\n.previous\n");
extern const char code[] __asm__("code");

static const char constants[BYTES] __attribute__((aligned(PAGE))) = {1};

static int driven;

static void stop_at(const char *who, const char *what)
{
    char c;

    if (driven)
        printf("%s %d 0 %s\n", who, (int)getpid(), what);
    else
        printf("%s (%d): %s. Enter to go on.\n", who, (int)getpid(), what);
    fflush(stdout);
    do {
        if (read(STDIN_FILENO, &c, 1) != 1)
            _exit(1); /* nobody is there to press Enter any more */
    } while (c != '\n');
}

/* Execute the code, read the constants, and read or write heap and stack, one byte per page. */
static void use(volatile char *heap, volatile char *stack, int writing)
{
    for (int i = 0; i < BYTES; i += PAGE) {
        ((void (*)(void))(code + i))();
        (void)*(volatile const char *)(constants + i);
        if (writing)
            heap[i] = stack[i] = 7;
        else
            (void)heap[i], (void)stack[i];
    }
}

static void play(volatile char *heap, volatile char *stack)
{
    long page = sysconf(_SC_PAGESIZE), pages = BYTES / page;
    pid_t pid;

    if (driven)
        printf("sections .text %lu %ld .rodata %lu %ld heap %lu %ld stack %lu %ld\n", (unsigned long)code, pages,
               (unsigned long)constants, pages, (unsigned long)heap, pages, (unsigned long)stack, pages);
    use(heap, stack, 1);
    stop_at("parent", "used everything");
    pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    if (pid == 0) {
        stop_at("child", "born");
        use(heap, stack, 0);
        stop_at("child", "read everything");
        use(heap, stack, 1);
        stop_at("child", "wrote heap and stack");
        _exit(0);
    }
    wait(NULL);
    stop_at("parent", "child has gone");
}

int main(int argc, char **argv)
{
    char stack[BYTES + 2 * 65536];
    char *heap = aligned_alloc(65536, 2 * 65536);

    driven = argc > 1 && !strcmp(argv[1], "--driven");
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* a huge page would be shared or copied as a whole */
    if (heap == NULL)
        return 1;
    play(heap, stack + 65536 - (unsigned long)stack % 65536);
    return 0;
}

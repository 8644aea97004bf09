#pragma once
/*
 * child - another program for the length of a test. Ends with the test's process, however that ends.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    int out; /* its standard output */
};

/* path is run under the name argv[0]. Fails the test if it cannot be started. */
struct child child_start(const char *path, const char *const *argv);
/* Its next line of output, without the newline. False: none came within deadline_ms. */
bool child_line(const struct child *c, char *line, size_t size, int64_t deadline_ms);
/* Waits for its own end: the exit code, -1 for a signal or the deadline. */
int child_wait(struct child *c, int64_t deadline_ms);
void child_kill(struct child *c); /* SIGKILL, and waits for it; a second time does nothing */

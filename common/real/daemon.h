#pragma once
/*
 * daemon - the main of a program that serves until it is told to end: its options, the real world, its turns,
 * its admin address, its exit code.
 *
 *     int main(int argc, char **argv)
 *     {
 *         return daemon_main(argc, argv, &kind);
 *     }
 *
 * The daemon itself is a library over ports (`make` … `end`); nothing of it is known here. Errors and
 * warnings of the start go to stderr in one line each; --help, --version and --health are answered here. Exit
 * codes: 0, OPTIONS_EXIT_WRONG for options that cannot be, 1 for everything else.
 */
#include "conf/options.h"
#include "ports/ports.h"

struct daemon_kind {
    struct options_program program; /* its `listen` counts where admin.listen is not set */
    bool writes;                    /* to Kafka: connected before the first record */
    /* Owned by the caller; options and ports outlive it. NULL: e is set. */
    void *(*make)(const struct options *o, const struct ports *ports, struct err *e);
    int64_t (*turn)(void *self, int64_t now_ms); /* as in loop.h */
    void (*drain)(void *self);
    http_handler *admin;
    void (*end)(void *self); /* the loop has ended: nothing is delivered any more */
};

int daemon_main(int argc, char **argv, const struct daemon_kind *k);

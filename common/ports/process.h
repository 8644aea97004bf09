#pragma once
/*
 * process - the seam to the process's own surroundings: environment, files, the in-hand note, a command, a
 * TCP probe.
 *
 * Everything is small, bounded and synchronous, but for the command and the probe, which complete by id from
 * the loop. Arguments and signals are main.c's.
 */
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct process_exit {
    struct err err; /* could not be started, timed out, or over its bound */
    int status;     /* exit code */
    struct str out; /* standard output; borrowed */
};
typedef void process_exited(void *self, uint64_t id, const struct process_exit *x); /* function types only */
typedef void process_probed(void *self, uint64_t id,
                            const struct err *err); /* ERR_NONE: something accepts there */

enum {
    PROCESS_NOTE_MAX = 4000 /* bytes of the in-hand note: within one page, so that a kill cannot tear it */
};

struct process_ops {
    const char *(*env)(void *port, const char *name); /* NULL when unset; stays valid */
    /* Appends the names of the variables that begin with `prefix`, in any order. */
    void (*env_names)(void *port, const char *prefix, struct strs *names);
    /* Reads a whole file into `out` (its max is the bound). ERR_NOT_FOUND when there is none. */
    bool (*read_file)(void *port, const char *path, struct buf *out, struct err *e);
    bool (*list_folder)(void *port, const char *path, struct strs *names,
                        struct err *e); /* sorted, without . and .. */
    /* Writes beside it and renames: a reader sees the old or the new, whole. Mode 0600. */
    bool (*write_file)(void *port, const char *path, struct str data, struct err *e);

    /*
     * The in-hand note: what this process has in its hands, kept so that its successor can tell what it died
     * of. open() takes the first note in the folder that nobody has locked (or makes one), gives its old
     * text, and keeps the lock while the process lives; write() replaces the text in place, cheaply (no
     * fsync: it must survive the process, not the machine).
     */
    bool (*note_open)(void *port, const char *folder, struct buf *old, struct err *e);
    bool (*note_write)(void *port, struct str text, struct err *e);

    uint64_t (*run)(void *port, const char *const *argv, int64_t timeout_ms, size_t out_max,
                    process_exited *done, void *self);
    uint64_t (*probe)(void *port, const char *host, int tcp_port, int64_t timeout_ms, process_probed *done,
                      void *self);
};

struct process {
    const struct process_ops *ops;
    void *port;
};

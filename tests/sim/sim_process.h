#pragma once
/*
 * sim_process - ports/process.h with everything in memory: files that all processes of a host share, the
 * in-hand notes with their locks, an environment.
 *
 * A note that was written survives the death of its process, its lock does not. Commands and probes are not
 * there (ERR_NOT_FOUND, from the loop): no simulated process has a `credential_process`.
 *
 * Owner: the fleet. `struct sim_disk` is shared, a client is one process's.
 */
#include "ports/process.h"
#include "sim/scheduler.h"

struct sim_disk;           /* opaque */
struct sim_process_client; /* opaque */

struct sim_disk *sim_disk_new(void);
void sim_disk_free(struct sim_disk *d);
void sim_disk_put(struct sim_disk *d, const char *path, struct str text); /* text.p NULL: is removed */
void sim_disk_set_full(struct sim_disk *d, bool full);                    /* nothing can be written */

/*
 * Told of each in-hand note. True: its process dies with it, soon: the note stays as it is.
 */
typedef bool sim_disk_noted(void *self, uint64_t owner, struct str note);
void sim_disk_listen(struct sim_disk *d, sim_disk_noted *noted, void *self);

/* env: NAME=value texts, NULL-terminated, kept. host: as HOSTNAME. */
struct sim_process_client *sim_process_client_new(struct sim_disk *d, struct scheduler *s, uint64_t owner,
                                                  const char *const *env, const char *host);
void sim_process_client_free(struct sim_process_client *c); /* its lock is gone, the note stays */
struct process sim_process_port(struct sim_process_client *c);

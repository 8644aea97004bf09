#pragma once
/*
 * worker_world - a whole worker in one process and in virtual time: the AWS simulator's core behind its HTTP
 * port, a Redis that answers the workers' scripts as the test says, a Kafka of arrays, a note in memory.
 *
 * Time moves only in world_run(), from one completion or turn to the next. Owner: the test; world_close() at
 * its end.
 */
#include "awssim/core.h"
#include "conf/options.h"
#include "model/event.h"
#include "worker/worker.h"

enum { WORLD_RECORDS_MAX = 512, WORLD_APPENDS_MAX = 8192, WORLD_LEASES_MAX = 512, WORLD_OPERATIONS_MAX = 32 };

struct world_append {
    char *topic, *key, *value, *why, *size; /* of the headers x-err, x-size */
};

struct world_lease {
    char *job, *token;
    int64_t attempt;
    bool released, killed;
    int64_t due_ms;
};

struct world {
    struct options options;
    struct ports ports;
    struct log log;
    const char *listened; /* lines of the log with this text are counted; NULL: none */
    size_t heard;
    struct awssim *aws;
    struct worker *worker;
    struct instant now;
    uint64_t chance, last_id;
    struct world_event *events; /* completions to come, in order */
    /* Kafka */
    char *records[WORLD_RECORDS_MAX];
    size_t record_count, read;
    int64_t stored;    /* the highest offset stored */
    size_t letter_max; /* bytes that the dead letters' topic takes; 0: all */
    bool paused, appends_fail, topics_missing, left;
    struct world_append appends[WORLD_APPENDS_MAX];
    size_t append_count;
    /* Redis */
    const char *claim_word; /* NULL: grants */
    const char *renew_word;
    bool redis_down;
    int64_t holds_ms;                    /* how long the reading of holds takes; 0: as everything */
    int64_t ttl_ms, hv, attempts_before; /* attempts_before: the first claim is attempt 1 + this */
    const char *hold;                    /* value of the field h:1; NULL: none */
    struct world_lease leases[WORLD_LEASES_MAX];
    size_t lease_count;
    int64_t renews, deaths, commands; /* commands: all that were sent */
    /* the in-hand note */
    char note[4096];
    bool disk_full; /* the note cannot be written */
    /* AWS: calls by operation, and what is done to the next ones */
    struct {
        char name[48];
        int n;
    } operations[WORLD_OPERATIONS_MAX];
    int64_t last_signed_ms; /* X-Amz-Date of the last start or stop call */
    size_t hang;            /* so many changing calls are never answered */
    int64_t freeze_ms;      /* the clock jumps by this at the next reading: a process that was stopped */
    int readings_to_freeze;
    int turns;
};

/* `scenario`: awssim's JSON. Options: the defaults a test needs, lease.ttl 15 s. The worker is not made
 * yet. */
void world_open(struct world *w, const char *scenario);
void world_start(struct world *w); /* makes the worker: options may be changed before */
void world_close(struct world *w);

/* Delivers a job of these members; text NULL: `job` printed. Returns its offset. */
struct job world_job(enum action action, const char *id, size_t n, const char *const *members);
int64_t world_deliver(struct world *w, struct job *job); /* releases it */
int64_t world_deliver_text(struct world *w, const char *record);

typedef bool world_met(struct world *w);
/* Until it holds; fails the test, saying `what`, when it does not within ms. */
void world_until(struct world *w, const char *what, world_met *met, int64_t ms);
void world_run(struct world *w, int64_t ms);
bool world_ended(struct world *w); /* the worker said TURN_DONE */
void world_drain(struct world *w);

int world_calls(const struct world *w, const char *operation);
size_t world_count(const struct world *w, const char *topic); /* appended records */
/* The JobTerminal of a job; false: none. Release it. */
bool world_terminal(const struct world *w, const char *job, struct event *out);
const struct world_lease *world_lease(const struct world *w, const char *job); /* the newest; NULL */
void world_admin(struct world *w, const char *path, int *status, struct buf *body);

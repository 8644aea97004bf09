#pragma once
/*
 * intake - how jobs come in: read from the jobs topic, parsed, claimed, and their offset stored.
 *
 * A record's offset is stored after the claim's answer, never after completion: redelivery belongs to leases
 * (docs/protocol.md 4.6). Every answer stores; WAIT, and a view that does not answer, at most INTAKE_WAIT_MS
 * after the record was read. Claims may overlap (INTAKE_AHEAD), offsets are stored in the order of reading.
 * What does not parse goes to the dead letters as it is, or as much of it as their topic takes; a poisoned
 * job gets its dead letter and a failed terminal. Nothing new is read at `worker.concurrency`, while a
 * terminal or the in-hand note cannot be written, or while draining; what was read before that is not looked
 * at without a note, and left unstored by a drain. Reading itself goes on, paused, so that the group keeps
 * its member.
 *
 * Owner: the worker's loop.
 */
#include "worker/inhand.h"
#include "worker/leases.h"
#include "worker/report.h"

enum {
    INTAKE_AHEAD = 32,                   /* records read and not stored yet */
    INTAKE_BYTES_MAX = 32 * 1024 * 1024, /* of those: nothing more is read above it */
    INTAKE_READS_MAX = 64,               /* of one turn */
    INTAKE_POLL_MS = 500,                /* the group is read at least so often */
    INTAKE_WAIT_MS = 5000,
    INTAKE_SOON_MS = 2,    /* until a record that has to wait is claimed again, for its step may open any */
    INTAKE_AGAIN_MS = 250, /* moment; twice as long each time, and this at most */
    INTAKE_LEARN_MS = 5,   /* until the answer is looked for that tells how long a partition's leases are */
};

struct intake; /* opaque */

struct intake_parts { /* borrowed, all */
    struct works *works;
    struct view *view;
    struct leases *leases;
    struct report *report;
    struct inhand *inhand;
    const struct options *options;
    const struct ports *ports;
    const char *worker;
};

struct intake *intake_new(const struct intake_parts *parts); /* joins the group */
void intake_free(struct intake *in);                         /* does not leave it: intake_leave */

void intake_drain(struct intake *in); /* reads and claims nothing more */
/* Records that a drain waits for. */
size_t intake_in_hand(const struct intake *in);
/* Commits what is stored and leaves the group, within timeout_ms. */
void intake_leave(struct intake *in, int64_t timeout_ms);

int64_t intake_turn(struct intake *in, int64_t now_ms);
bool intake_joined(const struct intake *in);

struct intake_counts {
    int64_t records, claimed, busy, fenced, paused, done, waited, poison, unparseable;
};
struct intake_counts intake_counts(const struct intake *in);

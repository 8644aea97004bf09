#pragma once
/*
 * pump - publishes due jobs. First delivery, retry, redelivery after a crash and recovery are this one path.
 *
 * A job whose last delivery still lies ahead of what the workers have read is left alone: a deep backlog must
 * not become a storm of duplicates. One that was read past, and not claimed, max_publish times in a row while
 * the view could grant leases, is given up: JobTerminal(failed, unclaimed).
 */
#include "producer/partition.h"

enum {
    PUMP_TAKE = 500, /* jobs of one take */
    /* of the first after a step was opened: its workers need not wait for the rest */
    PUMP_TAKE_FIRST = 20,
    /* a message ahead of the view has the brokers and the workers to itself, until it is acknowledged */
    PUMP_ALONE_MS = 5,
    PUMP_IN_FLIGHT = 2000,   /* deliveries without an answer */
    PUMP_AGAIN_MS = 10000,   /* tpub: an unclaimed job is due again */
    PUMP_KNOWN_MAX = 100000, /* jobs remembered: beyond it the counting of unclaimed deliveries begins anew */
    READ_TO_MS = 1000,       /* age of what is known of the workers' position */
};

int64_t pump_turn(struct partition *p); /* when to call again at the latest */
/* A plan is on its way into the view: a take goes right behind it. */
void pump_expect(struct partition *p);
/* A fold has opened this step just now: what the next take brings of it is delivered without asking for
 * earlier deliveries. */
void pump_opened(struct partition *p, const struct epoch *epoch, int64_t step);
/* A job of a step that the view is opening just now: its message goes out before the view's answer, once; the
 * take that brings the job then finds it delivered. A claim that comes before the view has opened the step
 * waits there. The rest of the step follows its acknowledgement, PUMP_ALONE_MS later at the latest: a
 * thousand messages in the same breath would hold up the first. */
void pump_early(struct partition *p, const struct epoch *epoch, int64_t step, const char *job,
                const char *text);
void pump_drop(struct partition *p);
/* Deliveries that wait for a completion that never comes: at the producer's end. */
void pump_forget_publications(struct context *c);
void pump_forget(struct partition *p, const char *job); /* it is terminal; NULL is fine */

/* What to do with a due job. Pure. */
enum pump_choice { PUMP_PUBLISH, PUMP_LEAVE, PUMP_GIVE_UP };
struct pump_known { /* of a job's last delivery by this producer */
    bool known;
    int64_t attempts;  /* claims at that time */
    int64_t unclaimed; /* deliveries read past without a claim, in a row */
    bool open_since;   /* the view could grant leases all the time since */
};
/* `read_to`: the workers' committed offset of the delivery's partition; -1: not known, or none. */
enum pump_choice pump_choose(const struct view_delivery *d, int64_t read_to, int64_t max_publish,
                             struct pump_known *k);

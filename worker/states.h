#pragma once
/*
 * states - what EC2 says of all members that wait: ONE DescribeInstances an account and region, whatever the
 * number of jobs.
 *
 * Up to STATES_BY_ID members of a workload are asked for by `instance-id` filter values, several workloads in
 * one query; more by the workload's own tag, a query a tag, all pages (and those that such a reply did not
 * list once more by id: a tag may have been taken off). A tag's pages list members that other workers wait
 * for, too: with many workers each has few members of a workload, and reads those alone. Cadence of a job,
 * from the moment it began to wait: `worker.poll` twice, then twice and three times that (5, 5, 10, then 15
 * s), divided by aws.time_scale; a job that looks for the first time is asked for at once. A poll that is due
 * takes all jobs of its place along. Members that wait for their status checks get DescribeInstanceStatus
 * besides.
 *
 * Each page is handed to the jobs when it has been read, and kept no longer: a job whose members have all
 * been told of goes on while the next page comes. That a member is absent is known only when the last page
 * has come: an answer that breaks off says nothing of whom its pages did not show.
 *
 * Owner: the worker's loop. Source: docs/aws.md 5.1.
 */
#include "conf/options.h"
#include "worker/work.h"

enum {
    STATES_BY_ID = 200,       /* EC2's bound of filter values */
    STATES_GAP_MS = 500,      /* at least between two polls of one place */
    STATES_QUERIES_MAX = 200, /* of one poll */
};

struct states; /* opaque */

struct states *states_new(struct works *ws, struct aws *aws, const struct options *o,
                          const struct ports *ports);
void states_free(struct states *st);

/* The work has been stepped: which of its members are to be polled for may have changed. */
void states_watch(struct states *st, struct work *w, int64_t now_ms);
/* Polls what is due. Returns when to call again, INT64_MAX: nobody waits. */
int64_t states_turn(struct states *st, int64_t now_ms);

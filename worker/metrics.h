#pragma once
/*
 * metrics - what a worker's parts count, put into its registry when it is asked (base/metrics); names and
 * meanings: conf/metrics_table.
 */
#include "base/metrics.h"
#include "ports/http.h"
#include "view/room.h"
#include "worker/intake.h"
#include "worker/jobs.h"

struct metrics_parts { /* borrowed; intake may be NULL */
    const struct works *works;
    const struct acts *acts;
    const struct guests *guests;
    const struct leases *leases;
    const struct report *report;
    const struct jobs *jobs;
    const struct intake *intake;
    const struct aws *aws;
    const struct room *room;
    struct metrics *metrics;
    bool ready;
};

void worker_metrics(const struct metrics_parts *p, struct http_answer *answer);

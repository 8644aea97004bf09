#pragma once
/*
 * metrics - what a worker counts, as Prometheus reads it (text format 0.0.4). One table; docs are made from
 * the same names.
 */
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
};

void worker_metrics(const struct metrics_parts *p, struct http_answer *answer);

#pragma once
/*
 * metrics - the monitor's /metrics, in Prometheus' text format: what its parts count, by conf/metrics_table.
 */
#include "base/metrics.h"
#include "core/history.h"
#include "monitor/follow.h"
#include "monitor/streams.h"

struct metrics_parts {
    const struct history *history;
    const struct follow *follow;
    const struct feed *feed;
    const struct streams *streams;
    struct metrics *metrics;
};

void monitor_metrics(const struct metrics_parts *p, struct http_answer *answer);

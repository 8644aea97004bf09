#pragma once
/*
 * metrics - the monitor's /metrics, in Prometheus' text format.
 */
#include "core/history.h"
#include "monitor/follow.h"
#include "monitor/streams.h"

struct metrics_parts {
    const struct history *history;
    const struct follow *follow;
    const struct feed *feed;
    const struct streams *streams;
};

void monitor_metrics(const struct metrics_parts *p, struct http_answer *answer);

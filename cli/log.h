#pragma once
/*
 * log - the event log as the verbs need it: append one record, follow a partition.
 */
#include "cli/cli.h"
#include "core/stretch.h"
#include "model/event.h"

struct cli_place {
    int partition;
    int64_t offset;
};

/* Appends to the workload's partition (or to `partition` when the event has no workload) and waits for the
 * acknowledgement. False with at->partition -1: nothing was sent. False with another: it is not known whether
 * it arrived. */
MUST_CHECK bool cli_append(struct cli *c, const struct event *ev, int partition, struct cli_place *at,
                           struct err *e);

/* First and next offset of a log partition. */
MUST_CHECK bool cli_watermarks(struct cli *c, int partition, int64_t *low, int64_t *high, struct err *e);

/* One record of the log: `ev` is NULL when it does not parse. True: that was all that was wanted. */
typedef bool cli_see(void *arg, const struct kafka_record *r, const struct event *ev);

/* What a log partition holds since a moment (ms since 1970): nothing from before it need be read. */
MUST_CHECK bool cli_since(struct cli *c, int partition, int64_t since_ms, struct stretch *out, struct err *e);

/* cli_follow for several partitions at once; `see` is handed each partition's records in order. */
MUST_CHECK bool cli_read(struct cli *c, const struct stretch *spans, size_t n, cli_see *see, void *arg,
                         int64_t deadline_ms, struct err *e);

/*
 * Reads the partition from `offset` on until `see` answers true, the offset `until` is reached (INT64_MAX:
 * never), or the deadline passes (false, code CLI_TIMEOUT).
 */
MUST_CHECK bool cli_follow(struct cli *c, int partition, int64_t offset, int64_t until, cli_see *see,
                           void *arg, int64_t deadline_ms, struct err *e);

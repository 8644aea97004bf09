#include "aws/counted.h"

#include "conf/metrics_table.h"

static const char *result_of(const struct outcome *o)
{
    if (o->err.kind == ERR_NONE)
        return "ok";
    return o->answered || o->err.kind == ERR_THROTTLED ? err_kind_name(o->err.kind) : "no-answer";
}

void counted_reply(struct metrics *m, const struct pace *p, const struct outcome *o, int64_t took_ms)
{
    if (!m)
        return;
    metrics_add(m, METRIC_AWS_REQUESTS_TOTAL, 1, METRIC_LABELS(p->service, p->api, result_of(o)));
    metrics_observe(m, METRIC_AWS_REQUEST_DURATION_SECONDS, took_ms, METRIC_LABELS(p->service, p->api));
    if (o->err.kind == ERR_THROTTLED)
        metrics_add(m, METRIC_AWS_THROTTLES_TOTAL, 1, METRIC_LABELS(p->account, p->region, p->api));
}

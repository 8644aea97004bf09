#include "base/crypto.h"
#include "model/event.h"

#include <stdio.h>

static void add(struct event_headers *h, const char *name, const char *value)
{
    BUG_IF(h->n == EVENT_HEADERS);
    h->names[h->n] = name;
    (void)snprintf(h->values[h->n++], EVENT_HEADER_MAX, "%s", value);
}

void event_headers_fill(struct event_headers *h, const struct event *ev, const char *source, const char *id)
{
    char text[EVENT_HEADER_MAX];
    char trace[CRYPTO_SHA256_HEX + 1];

    h->n = 0;
    add(h, "ce_specversion", "1.0");
    (void)snprintf(text, sizeof text, "ec2sched.%s.v%lld", ev->type_name, (long long)ev->v);
    add(h, "ce_type", text);
    add(h, "ce_source", source);
    add(h, "ce_id", id);
    add(h, "ce_time", ev->ts ? ev->ts : "");
    add(h, "content-type", "application/json");
    if (!ev->workload)
        return;
    (void)snprintf(text, sizeof text, "%s%s%s", ev->workload, ev->run ? "@" : "", ev->run ? ev->run : "");
    add(h, "ce_subject", text);
    if (!ev->run)
        return;
    crypto_sha256_hex(str_of(text), trace); /* every record of a run is one trace, with no coordination */
    (void)snprintf(text, sizeof text, "00-%.32s-%.16s-01", trace, id);
    add(h, "traceparent", text);
}

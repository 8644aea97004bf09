/*
 * probe - loaded into the product's processes by LD_PRELOAD, tells when a record was acknowledged, when one
 * was returned, and when an HTTP request was begun. The product does not know; what is measured is what is
 * installed.
 *
 * Writes to the file BENCH_PROBE with the process's number appended, a line each, CLOCK_MONOTONIC in
 * microseconds first:
 *   US ack  TOPIC TYPE RUN STEP      a delivery report said that the record is in the log
 *   US poll TOPIC TYPE RUN STEP      the record was returned to the program (TYPE of a job: -)
 *   US send TOPIC TYPE RUN STEP      the record was handed to the client
 *   US http                          a transfer was begun
 *   US claimed                       the worker says so in its log
 * Lines are kept until nothing has happened for QUIET_US, so that writing is never in the way.
 */
#include "base/err.h"
#include "base/str.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { QUIET_US = 30000, ROOM = 8 * 1024 * 1024, HEAD = 600 };

static FILE *out; /* one thread calls all of what is interposed: the loop's */
static int64_t last_us;

static int64_t now_us(void)
{
    struct timespec t;

    BUG_IF(clock_gettime(CLOCK_MONOTONIC, &t) != 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The library's own function, looked up once, into the pointer at `to` (C has no cast from an object's
 * pointer to a function's). */
static void next(const char *name, void **found, void *to)
{
    if (!*found)
        *found = dlsym(RTLD_NEXT, name);
    BUG_IF(!*found);
    memcpy(to, found, sizeof *found);
}

static FILE *file(void)
{
    const char *name = getenv("BENCH_PROBE");
    char path[512];

    if (out || !name)
        return out;
    (void)snprintf(path, sizeof path, "%s.%d", name, (int)getpid());
    out = fopen(path, "w");
    BUG_IF(!out || setvbuf(out, NULL, _IOFBF, ROOM) != 0);
    return out;
}

static void quiet(void)
{
    if (out && last_us && now_us() - last_us > QUIET_US) {
        (void)fflush(out);
        last_us = 0;
    }
}

/* The text after the first `name` of the record's head, to the next quote or comma. */
static struct str field(struct str value, struct str name)
{
    size_t end = 0;
    size_t n = value.n < HEAD ? value.n : HEAD;
    const char *at = memmem(value.p, n, name.p, name.n);

    if (!at)
        return STR("-");
    struct str rest = str_skip(str_n(value.p, n), (size_t)(at - value.p) + name.n);
    while (end < rest.n && rest.p[end] != '"' && rest.p[end] != ',' && rest.p[end] != '}')
        end++;
    return str_n(rest.p, end);
}

static void tell(const char *what, const char *topic, struct str value)
{
    if (!file())
        return;
    last_us = now_us();
    (void)fprintf(out, "%" PRId64 " %s %s " STR_FMT " " STR_FMT " " STR_FMT "\n", last_us, what, topic,
                  STR_ARG(field(value, STR("\"type\":\""))), STR_ARG(field(value, STR("\"run\":\""))),
                  STR_ARG(field(value, STR("\"step\":"))));
}

static void tell_message(const char *what, const rd_kafka_message_t *m)
{
    if (m && !m->err)
        tell(what, rd_kafka_topic_name(m->rkt), str_n(m->payload ? m->payload : "", m->payload ? m->len : 0));
}

rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms)
{
    static void *found;
    rd_kafka_message_t *(*real)(rd_kafka_t *, int) = NULL;
    rd_kafka_message_t *m = NULL;

    next("rd_kafka_consumer_poll", &found, &real);
    m = real(rk, timeout_ms);
    tell_message("poll", m);
    quiet();
    return m;
}

rd_kafka_message_t *rd_kafka_consume_queue(rd_kafka_queue_t *rkqu, int timeout_ms)
{
    static void *found;
    rd_kafka_message_t *(*real)(rd_kafka_queue_t *, int) = NULL;
    rd_kafka_message_t *m = NULL;

    next("rd_kafka_consume_queue", &found, &real);
    m = real(rkqu, timeout_ms);
    tell_message("poll", m);
    quiet();
    return m;
}

const rd_kafka_message_t *rd_kafka_event_message_next(rd_kafka_event_t *rkev)
{
    static void *found;
    const rd_kafka_message_t *(*real)(rd_kafka_event_t *) = NULL;
    const rd_kafka_message_t *m = NULL;

    next("rd_kafka_event_message_next", &found, &real);
    m = real(rkev);
    if (rd_kafka_event_type(rkev) == RD_KAFKA_EVENT_DR)
        tell_message("ack", m);
    return m;
}

rd_kafka_error_t *rd_kafka_produceva(rd_kafka_t *rk, const rd_kafka_vu_t *vus, size_t cnt)
{
    static void *found;
    rd_kafka_error_t *(*real)(rd_kafka_t *, const rd_kafka_vu_t *, size_t) = NULL;
    const char *topic = "-";
    struct str value = STR("");

    next("rd_kafka_produceva", &found, &real);
    for (size_t i = 0; i < cnt; i++) {
        if (vus[i].vtype == RD_KAFKA_VTYPE_TOPIC)
            topic = vus[i].u.cstr;
        else if (vus[i].vtype == RD_KAFKA_VTYPE_VALUE)
            value = str_n(vus[i].u.mem.ptr, vus[i].u.mem.size);
    }
    tell("send", topic, value);
    return real(rk, vus, cnt);
}

CURLMcode curl_multi_add_handle(CURLM *multi_handle, CURL *curl_handle)
{
    static void *found;
    CURLMcode (*real)(CURLM *, CURL *) = NULL;

    next("curl_multi_add_handle", &found, &real);
    if (file()) {
        last_us = now_us();
        (void)fprintf(out, "%" PRId64 " http\n", last_us);
    }
    return real(multi_handle, curl_handle);
}

ssize_t write(int fd, const void *buf, size_t n)
{
    static void *found;
    ssize_t (*real)(int, const void *, size_t) = NULL;
    static const char claimed[] = "event=job.claimed";

    next("write", &found, &real);
    if (fd == STDERR_FILENO && file() && memmem(buf, n, claimed, sizeof claimed - 1)) {
        last_us = now_us();
        (void)fprintf(out, "%" PRId64 " claimed\n", last_us);
    }
    return real(fd, buf, n);
}

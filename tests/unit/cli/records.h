#pragma once
/*
 * records - records of a log as JSON text, for tests of those who read it. One partition; offsets count up
 * from 0.
 */
#include "model/event.h"
#include "ports/kafka.h"
#include "support/cmocka_first.h"

#include <string.h>

struct log_of_test {
    int64_t next;
};

/* Hands one record over. `text`: its value; the key is its workload. */
static inline void log_say(struct log_of_test *l, const char *text,
                           void (*hear)(void *arg, const struct kafka_record *r, const struct event *ev),
                           void *arg)
{
    struct err e = {0};
    struct event ev;

    if (!event_parse(str_of(text), &ev, &e))
        fail_msg("%s: %s", text, e.msg);
    const struct kafka_record r = {.topic = "t",
                                   .offset = l->next,
                                   .ts_ms = 1000000 + l->next * 1000,
                                   .key = str_of(ev.workload),
                                   .value = str_of(text)};
    l->next++;
    hear(arg, &r, &ev);
    event_release(&ev);
}

#define SAY_OPTIONS                                                                                          \
    "\"options\":{\"region\":\"eu-west-1\",\"filter_key\":\"k\",\"filter_value\":\"v\",\"tier_key\":\"t\","  \
    "\"on_failure\":\"halt\",\"timeout_s\":1,\"accepted_ms\":1}"
#define SAY_SPEC                                                                                             \
    "\"spec\":{\"workload\":\"shop\",\"filter_key\":\"k\",\"filter_value\":\"v\",\"tier_key\":\"t\","        \
    "\"region\":\"eu-west-1\"}"
#define SAY_REQUESTED(run)                                                                                   \
    "{\"v\":1,\"type\":\"RunRequested\",\"workload\":\"shop\",\"run\":\"" run                                \
    "\",\"action\":\"stop\",\"origin\":{\"kind\":\"cli\",\"who\":\"me@here\",\"reason\":\"why\"},"           \
    "\"if_busy\":\"queue\"}"
#define SAY_ACCEPTED(run, request)                                                                           \
    "{\"v\":1,\"type\":\"RunAccepted\",\"workload\":\"shop\",\"run\":\"" run                                 \
    "\",\"action\":\"stop\",\"request\":\"" request                                                          \
    "\",\"steps\":[{\"tiers\":[\"web\"]},{\"tiers\":[\"db\"]}],\"on_failure\":\"halt\","                     \
    "\"deadline_s\":100,\"pause_s\":10,\"members\":3," SAY_SPEC "}"
#define SAY_DRAINED(old, next)                                                                               \
    "{\"v\":1,\"type\":\"Drained\",\"workload\":\"shop\",\"old_epoch\":\"" old "\",\"next_epoch\":\"" next   \
    "\"}"
#define SAY_PLANNED(run, epoch)                                                                              \
    "{\"v\":1,\"type\":\"TierPlanned\",\"workload\":\"shop\",\"run\":\"" run "\",\"epoch\":\"" epoch         \
    "\",\"action\":\"stop\",\"step\":0,\"plan\":\"n\",\"part\":0,\"parts\":1,\"tiers\":[{\"tier\":\"web\","  \
    "\"kind\":\"ec2\"," SAY_OPTIONS ",\"jobs\":[{\"job\":\"j\",\"members\":[\"i-1\",\"i-2\"]}],"             \
    "\"left_out\":[{\"id\":\"i-3\",\"outcome\":\"bypassed\",\"cause\":\"held\"}]}]}"
#define SAY_TERMINAL(run, epoch)                                                                             \
    "{\"v\":1,\"type\":\"JobTerminal\",\"workload\":\"shop\",\"run\":\"" run "\",\"epoch\":\"" epoch         \
    "\",\"step\":0,\"tier\":\"web\",\"job\":\"j\",\"attempt\":1,\"token\":\"t\",\"worker\":\"w\","           \
    "\"members\":[{\"id\":\"i-1\",\"outcome\":\"done\"},{\"id\":\"i-2\",\"outcome\":\"failed\","             \
    "\"cause\":\"timed-out\"}]}"
#define SAY_FINISHED(run, result)                                                                            \
    "{\"v\":1,\"type\":\"RunFinished\",\"workload\":\"shop\",\"run\":\"" run                                 \
    "\",\"action\":\"stop\",\"result\":\"" result                                                            \
    "\",\"counts\":{\"done\":1,\"unchanged\":0,\"bypassed\":1,\"failed\":1}}"

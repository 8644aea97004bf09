#pragma once
/*
 * topic_found - is a topic that Kafka told of what it must be?
 *
 * The one place where the port's answer meets model/topics: every daemon and the command line refuse the same
 * topics in the same words. A broker that does not tell settings is believed. Pure.
 */
#include "model/topics.h"
#include "ports/kafka.h"

enum { TOPIC_VALUE_MAX = 64 };

/*
 * told: the broker's error about this topic (kafka_topics.errs); NULL where there is none. False: e names the
 * topic, what differs and the remedy; ERR_NOT_FOUND when it is not there.
 */
MUST_CHECK bool topic_found_ok(const struct topic_wanted *w, const struct kafka_topic *found,
                               const struct err *told, struct err *e);

/* True: it has another number of partitions than the option says, and may: `text` says so to a person. */
enum { TOPIC_GROWN_MAX = 160 };
bool topic_found_grown(const struct topic_wanted *w, int partitions, char text[static TOPIC_GROWN_MAX]);

/* A setting's value as found; NULL when the broker did not tell it. */
const char *topic_found_value(const struct kafka_topic *found, const char *name,
                              char out[static TOPIC_VALUE_MAX]);

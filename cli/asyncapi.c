#include "cli/asyncapi.h"

#include "cli/examples.h"
#include "cli/schemas.h"
#include "model/topics.h"

#include <stdlib.h>

#define PREFIX "{prefix}"

enum { WHERE_MAX = 120, LOG_PARTITIONS = 12, JOBS_PARTITIONS = 64, REPLICAS = 3 };

/* Who writes a channel's records is the application of the document. */
static const struct channel {
    enum topic topic;
    const char *name, *key, *says;
    int message; /* a schema's number; 0: events; LETTER */
} channels[] = {
    {TOPIC_EVENTS, "events", "the workload; empty in records of a whole partition",
     "The log: all that is decided and reported. A workload's records stand in one partition, in order: "
     "FNV-1a "
     "(32 bits) of its name modulo the number of partitions.",
     0},
    {TOPIC_PROGRESS, "progress", "the run",
     "How a job's members are getting on, at most once a second. Nothing decides by it.", EVENT_JOB_PROGRESS},
    {TOPIC_JOBS, "jobs", "the job's id",
     "What workers are handed; a job may be delivered more than once. Without headers.", SCHEMAS_JOB},
    {TOPIC_SNAP, "snap", "the workload",
     "A cache of what the log amounts to, one a workload at rest. Without headers.", SCHEMAS_SNAPSHOT},
    {TOPIC_DLQ, "dlq", "the record's own", "Records that no worker could read or live through.", SCHEMAS},
};
enum { CHANNELS = sizeof channels / sizeof channels[0], LETTER = SCHEMAS };

static const char *message_name(int which)
{
    return which == LETTER ? "DeadLetter" : schemas_name(which);
}

static struct json *reference(const char *where, const char *name)
{
    BUF_CLEANUP struct buf text = BUF_INIT(WHERE_MAX);
    struct json *o = json_object();

    buf_addf(&text, "%s%s", where, name);
    BUG_IF(text.over);
    json_add_str(o, "$ref", buf_view(&text));
    return o;
}

static struct json *child(struct json *object, const char *name)
{
    struct json *o = json_object();

    json_add(object, name, o);
    return o;
}

static bool is_on(int message, const struct channel *c)
{
    if (c->message)
        return message == c->message;
    return message > 0 && message < EVENT_TYPES && message != EVENT_JOB_PROGRESS;
}

/* Settings that the Kafka binding knows; the others are the broker operator's business. */
static void add_setting(struct json *config, const struct topic_setting *s)
{
    if (str_is(str_of(s->name), "cleanup.policy")) {
        struct json *all = json_array();
        json_push_str(all, str_of(s->value));
        json_add(config, s->name, all);
    } else if (str_is(str_of(s->name), "retention.ms") || str_is(str_of(s->name), "max.message.bytes")) {
        json_add_int(config, s->name, strtoll(s->value, NULL, 10));
    }
}

static void add_topic(struct json *o, const struct channel *c)
{
    struct topic_wanted w;

    topic_want(c->topic, PREFIX, LOG_PARTITIONS, JOBS_PARTITIONS, REPLICAS, &w);
    json_add_str(o, "address", str_of(w.name));
    json_add_str(o, "description", str_of(c->says));
    struct json *prefix = child(child(o, "parameters"), "prefix");
    json_add_str(prefix, "description", STR("kafka.prefix of the deployment"));
    json_add_str(prefix, "default", STR("ec2sched"));
    struct json *kafka = child(child(o, "bindings"), "kafka");
    json_add_int(kafka, "partitions", w.partitions);
    json_add_int(kafka, "replicas", REPLICAS);
    struct json *config = child(kafka, "topicConfiguration");
    for (size_t i = 0; i < w.n; i++)
        add_setting(config, &w.settings[i]);
    json_add_str(kafka, "bindingVersion", STR("0.5.0"));
}

static struct json *all_channels(void)
{
    struct json *all = json_object();

    for (size_t i = 0; i < CHANNELS; i++) {
        struct json *o = child(all, channels[i].name);
        add_topic(o, &channels[i]);
        struct json *messages = child(o, "messages");
        for (int m = 1; m <= LETTER; m++)
            if (is_on(m, &channels[i]))
                json_add(messages, message_name(m), reference("#/components/messages/", message_name(m)));
    }
    return all;
}

static void add_operation(struct json *all, const char *verb, const struct channel *c, const char *says)
{
    BUF_CLEANUP struct buf name = BUF_INIT(WHERE_MAX);

    buf_addf(&name, "%s_%s", verb, c->name);
    struct json *o = child(all, buf_cstr(&name));
    json_add_str(o, "action", str_of(verb));
    json_add(o, "channel", reference("#/channels/", c->name));
    json_add_str(o, "summary", str_of(says));
}

static struct json *all_operations(void)
{
    struct json *all = json_object();

    for (size_t i = 0; i < CHANNELS; i++)
        add_operation(all, "send", &channels[i], "written by ec2sched: read it as you like");
    add_operation(all, "receive", &channels[0],
                  "read back by the producers: what is decided follows from it");
    return all;
}

static void add_example(struct json *o, int message)
{
    struct err e = {0};
    struct json *payload = json_parse(str_of(example_text(message)), EVENT_TEXT_MAX, &e);
    struct json *all = json_array();
    struct json *one = json_object();

    BUG_IF(!payload);
    json_add(one, "payload", payload);
    json_push(all, one);
    json_add(o, "examples", all);
}

static void add_message(struct json *all, int message, const struct channel *c)
{
    struct json *o = child(all, message_name(message));
    bool letter = message == LETTER;

    json_add_str(o, "name", str_of(message_name(message)));
    json_add_str(o, "summary",
                 str_of(letter ? "the record as it was, whole or its beginning" : example_sentence(message)));
    json_add_str(o, "contentType", letter ? STR("application/octet-stream") : STR("application/json"));
    if (letter)
        json_add(o, "headers", reference("#/components/schemas/", "LetterHeaders"));
    else if (message < EVENT_TYPES)
        json_add(o, "headers", reference("#/components/schemas/", "EventHeaders"));
    json_add(o, "payload",
             letter ? json_object() : reference("#/components/schemas/", schemas_name(message)));
    struct json *kafka = child(child(o, "bindings"), "kafka");
    struct json *key = child(kafka, "key");
    json_add_str(key, "type", STR("string"));
    json_add_str(key, "description", str_of(c->key));
    json_add_str(kafka, "bindingVersion", STR("0.5.0"));
    if (!letter)
        add_example(o, message);
}

static struct json *all_components(void)
{
    struct json *o = json_object();
    struct json *messages = child(o, "messages");

    for (size_t i = 0; i < CHANNELS; i++)
        for (int m = 1; m <= LETTER; m++)
            if (is_on(m, &channels[i]))
                add_message(messages, m, &channels[i]);
    json_add(o, "schemas", schemas_all("#/components/schemas/"));
    return o;
}

static void add_server(struct json *o)
{
    struct json *server = child(child(o, "servers"), "kafka");

    json_add_str(server, "host", STR("{brokers}"));
    json_add_str(server, "protocol", STR("kafka"));
    json_add_str(server, "description", STR("kafka.brokers of the deployment; Kafka 3.x or 4.x"));
    struct json *brokers = child(child(server, "variables"), "brokers");
    json_add_str(brokers, "default", STR("127.0.0.1:9092"));
}

struct json *asyncapi_document(void)
{
    struct json *o = json_object();

    json_add_str(o, "asyncapi", STR("3.0.0"));
    json_add_str(o, "id", STR("urn:ec2sched:topics:v1"));
    struct json *info = child(o, "info");
    json_add_str(info, "title", STR("ec2sched"));
    json_add_str(info, "version", STR("1.0.0"));
    json_add_str(
        info, "description",
        STR("Topics and records, for whoever writes a reader. Fields and types that a reader does not "
            "know are passed over; nothing is decided by a header. Printed by `ec2sched schema "
            "--asyncapi`, from the tables that write the records."));
    json_add_str(o, "defaultContentType", STR("application/json"));
    add_server(o);
    json_add(o, "channels", all_channels());
    json_add(o, "operations", all_operations());
    json_add(o, "components", all_components());
    return o;
}

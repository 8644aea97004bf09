#include "support/kafka_scene.h"

#include "support/cmocka_first.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 11 };

bool scene_is_simulated(const struct kafka_scene *s)
{
    return s->sim.scheduler != NULL;
}

static struct instant simulated_now(void *self)
{
    const struct kafka_scene *s = self;

    return machine_instant(&s->sim.machine, scheduler_now(s->sim.scheduler));
}

static void simulated_step(void *self, int64_t until_ms)
{
    struct kafka_scene *s = self;

    (void)scheduler_step(s->sim.scheduler, until_ms * 1000 - s->sim.machine.boot_us);
}

static void simulate(struct kafka_scene *s)
{
    s->sim.machine.boot_us = 1000 * 1000;
    s->sim.scheduler = scheduler_new(SEED);
    s->sim.cluster = sim_kafka_new(s->sim.scheduler, &s->sim.swarm, SEED);
    s->sim.owner = scheduler_owner(s->sim.scheduler);
    s->stage.time = (struct stage_time){simulated_now, simulated_step, s};
}

static void end_simulation(struct kafka_scene *s)
{
    scheduler_end(s->sim.scheduler, s->sim.owner);
    sim_kafka_client_free(s->sim.client);
    sim_kafka_free(s->sim.cluster);
    scheduler_free(s->sim.scheduler);
}

void scene_warm(struct kafka_scene *s)
{
    if (s->port)
        kafka_port_warm(s->port);
}

void scene_open_port(struct kafka_scene *s)
{
    struct err e = {0};

    if (scene_is_simulated(s)) {
        s->sim.client = sim_kafka_client_new(s->sim.cluster, s->sim.owner, &s->sim.machine);
        s->kafka = sim_kafka_port(s->sim.client);
        return;
    }
    s->port = kafka_port_new(s->stage.reactor, &s->options, stage_log(), &e);
    assert_non_null(s->port);
    s->kafka = kafka_port_of(s->port);
}

void scene_created(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = t->err.kind ? t->err : t->errs[0];
    (void)snprintf(s->error_code, sizeof s->error_code, "%s", s->err.code);
}

bool scene_answered(void *self)
{
    const struct kafka_scene *s = self;
    return s->answers >= s->questions;
}

static void create_topic(struct kafka_scene *s, int partitions)
{
    struct kafka_header config = {.name = STR("message.timestamp.type"), .value = STR("LogAppendTime")};
    struct kafka_topic t = {.name = s->topic, .partitions = partitions, .config = &config, .config_count = 1};

    if (s->mock) {
        assert_int_equal(rd_kafka_mock_topic_create(s->mock, s->topic, partitions, 1), 0);
        return;
    }
    s->questions++;
    (void)s->kafka.ops->create(s->kafka.port, &t, 1, scene_created, s);
    (void)stage_until(&s->stage, "the topic is made", scene_answered, s, SOON_MS);
    assert_int_equal(s->err.kind, ERR_NONE);
}

void scene_begin(struct kafka_scene *s, int partitions)
{
    scene_begin_on(s, partitions, 1);
}

void scene_begin_on(struct kafka_scene *s, int partitions, int brokers)
{
    static int count;
    const char *real = getenv("EC2SCHED_TEST_KAFKA");
    char why[512];

    *s = (struct kafka_scene){0};
    stage_open(&s->stage, NULL);
    if (real && strcmp(real, "sim") == 0) {
        simulate(s);
    } else if (real) {
        (void)snprintf(s->brokers, sizeof s->brokers, "%s", real);
    } else {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        (void)rd_kafka_conf_set(conf, "log_level", "0", why, sizeof why);
        (void)rd_kafka_conf_set(conf, "internal.termination.signal", "29", why,
                                sizeof why); /* ends without delay */
        s->mock_client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
        s->mock = rd_kafka_mock_cluster_new(s->mock_client, brokers);
        (void)snprintf(s->brokers, sizeof s->brokers, "%s", rd_kafka_mock_cluster_bootstraps(s->mock));
    }
    (void)snprintf(s->topic, sizeof s->topic, "t%d-%d", (int)getpid(), ++count);
    (void)snprintf(s->group, sizeof s->group, "g%d-%d", (int)getpid(), count);
    s->x[0] = (struct options_pair){.name = (char *)(uintptr_t) "fetch.wait.max.ms",
                                    .value = (char *)(uintptr_t) "5"};
    s->x[1] = (struct options_pair){.name = (char *)(uintptr_t) "session.timeout.ms",
                                    .value = (char *)(uintptr_t)(real ? "6000" : "4000")};
    s->options.kafka.brokers = s->brokers;
    s->options.kafka.x = s->x;
    s->x[2] = (struct options_pair){.name = (char *)(uintptr_t) "heartbeat.interval.ms",
                                    .value = (char *)(uintptr_t) "500"};
    s->options.kafka.x_count = 3;
    scene_open_port(s);
    if (partitions > 0)
        create_topic(s, partitions);
}

void scene_finish(struct kafka_scene *s)
{
    if (scene_is_simulated(s))
        end_simulation(s);
    else
        assert_true(kafka_port_close(s->port, 10000));
    stage_close(&s->stage);
    if (s->mock) {
        rd_kafka_mock_cluster_destroy(s->mock);
        rd_kafka_destroy(s->mock_client);
    }
}

/* ---- appending ---- */

static void appended(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct kafka_scene *s = self;

    assert_false(s->within);
    s->err = a->err;
    if (a->err.kind) {
        s->failed++;
        return;
    }
    s->acked_ids[s->acked++ % RECORDS_MAX] = id;
    s->last_offset = a->offset;
    s->last_partition = a->partition;
}

bool scene_all_appended(void *self)
{
    const struct kafka_scene *s = self;
    return s->acked + s->failed >= s->wanted;
}

uint64_t scene_append(struct kafka_scene *s, int partition, struct str key, struct str value)
{
    struct kafka_header h[] = {{STR("ce_type"), STR("x")}, {STR("empty"), STR("")}};
    struct kafka_append a = {.lane = KAFKA_LANE_EVENTS,
                             .topic = s->topic,
                             .partition = partition,
                             .key = key,
                             .value = value,
                             .headers = h,
                             .header_count = 2};

    s->wanted++;
    s->within = true;
    uint64_t id = s->kafka.ops->append(s->kafka.port, &a, appended, s);
    s->within = false;
    return id;
}

void scene_append_numbers(struct kafka_scene *s, int partition, int from, int n)
{
    char text[32];

    for (int i = from; i < from + n; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        (void)scene_append(s, partition, STR("k"), str_of(text));
    }
    (void)stage_until(&s->stage, "the acknowledgements", scene_all_appended, s, SOON_MS);
    assert_int_equal(s->failed, 0);
}

/* ---- reading ---- */

static bool is_assigned(const struct collected *c, int partition)
{
    struct kafka_group_state g;

    c->s->kafka.ops->group(c->s->kafka.port, c->reader, &g);
    for (size_t i = 0; i < g.n; i++)
        if (g.partitions[i] == partition)
            return true;
    return false;
}

void collected_read(struct collected *c, bool group)
{
    struct kafka_record r;

    while (c->s->kafka.ops->read(c->s->kafka.port, c->reader, &r, &c->err) == KAFKA_RECORD) {
        int64_t value = -1;
        (void)!str_to_i64(r.value, &value);
        assert_true(c->n < RECORDS_MAX);
        c->offsets[c->n] = r.offset;
        c->partitions[c->n] = r.partition;
        c->values[c->n++] = value;
        c->foreign = c->foreign || (group && !is_assigned(c, r.partition));
        if (c->store)
            c->s->kafka.ops->store(c->s->kafka.port, c->reader, r.partition, r.offset + 1);
    }
}

bool collected_all(void *self)
{
    struct collected *c = self;

    collected_read(c, false);
    return c->n >= c->want;
}

bool collected_all_of_group(void *self)
{
    struct collected *c = self;

    collected_read(c, true);
    return c->n >= c->want;
}

void scene_got_watermarks(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = w->err;
    s->asked_ms = w->asked_boot_ms;
    for (size_t i = 0; i < w->n && !w->err.kind; i++) {
        s->low[i] = w->low[i];
        s->high[i] = w->high[i];
    }
}

void scene_got_committed(void *self, uint64_t id, const struct kafka_committed *c)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = c->err;
    for (size_t i = 0; i < c->n && !c->err.kind; i++)
        s->offset[i] = c->offset[i];
}

bool scene_is_down(void *self)
{
    struct kafka_scene *s = self;
    struct kafka_state st;

    s->kafka.ops->state(s->kafka.port, &st);
    return !st.up && st.why[0];
}

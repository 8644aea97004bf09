#include "monitor/follow.h"

#include "base/log.h"
#include "base/mem.h"
#include "model/topics.h"

#include <stdio.h>
#include <string.h>

struct places { /* one question: where the partitions that are lost begin */
    int partitions[FOLLOW_PARTITIONS_MAX];
    size_t n;
    int64_t since[FOLLOW_PARTITIONS_MAX], low[FOLLOW_PARTITIONS_MAX], high[FOLLOW_PARTITIONS_MAX];
    int64_t since_ms;
    uint64_t since_id, marks_id; /* 0: answered */
    bool asked;
    struct err err;
};

struct follow {
    const struct options *options;
    const struct ports *ports;
    struct follow_sink sink;
    char events[TOPIC_NAME_MAX], progress[TOPIC_NAME_MAX];
    struct follow_partition *at;
    int n;                                    /* log partitions; 0: not known */
    int progress_n;                           /* of the progress topic */
    uint64_t topics_id, ends_id, progress_id; /* questions that are out */
    struct places places;
    int64_t topics_ms, places_ms, ends_ms, progress_ms; /* asked next at */
    int64_t told_ms;                 /* boot clock: of the last word of where the log ends */
    int64_t asked_wall_ms, as_of_ms; /* wall clock: of that question; of the last that was reached */
    int64_t say_ms;
    int from; /* the partition that is read first in the next turn */
    bool caught_up, progress_begun, ended;
    struct err why;
    struct follow_counts counts;
};

struct follow *follow_new(const struct options *o, const struct ports *ports, const struct follow_sink *sink)
{
    struct follow *f = xcalloc(1, sizeof *f);

    f->options = o;
    f->ports = ports;
    f->sink = *sink;
    topic_name(TOPIC_EVENTS, o->kafka.prefix, f->events);
    topic_name(TOPIC_PROGRESS, o->kafka.prefix, f->progress);
    return f;
}

void follow_free(struct follow *f)
{
    if (!f)
        return;
    xfree(f->at);
    xfree(f);
}

static const struct kafka *kafka_of(const struct follow *f)
{
    return &f->ports->kafka;
}

static int64_t now_of(const struct follow *f)
{
    return clock_now(&f->ports->clock).boot_ms;
}

/* Kept for who asks why, and logged now and then. */
static void complain(struct follow *f, const char *what, const struct err *e)
{
    int64_t now_ms = now_of(f);

    f->why = *e;
    (void)err_wrap(&f->why, "%s", what);
    if (now_ms < f->say_ms)
        return;
    f->say_ms = now_ms + FOLLOW_SAY_MS;
    log_warn(f->ports->log, "log.unread", fe(&f->why));
}

static void close_reader(const struct follow *f, kafka_reader *reader)
{
    if (*reader)
        kafka_of(f)->ops->close(kafka_of(f)->port, *reader, 0);
    *reader = 0;
}

void follow_end(struct follow *f)
{
    f->ended = true;
    for (int i = 0; i < f->n; i++) {
        close_reader(f, &f->at[i].reader);
        close_reader(f, &f->at[i].progress);
    }
}

/* ---- which partitions there are ---- */

static bool is_topic(const struct kafka_topics *t, size_t i, struct err *e)
{
    if (t->errs && t->errs[i].kind != ERR_NONE) {
        *e = t->errs[i];
        return false;
    }
    if (t->at[i].partitions < 1)
        return err_set(e, ERR_NOT_FOUND, "topic %s does not exist: create it with `ec2sched topics create`",
                       t->at[i].name);
    if (t->at[i].partitions > FOLLOW_PARTITIONS_MAX)
        return err_set(e, ERR_CONFIG, "topic %s has %d partitions: at most %d can be followed", t->at[i].name,
                       t->at[i].partitions, FOLLOW_PARTITIONS_MAX);
    return true;
}

static void on_topics(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct follow *f = self;
    struct err e = t->err;

    if (id != f->topics_id)
        return;
    f->topics_id = 0;
    f->topics_ms = now_of(f) + FOLLOW_AGAIN_MS;
    bool ok = e.kind == ERR_NONE && (t->n == 2 || err_set(&e, ERR_UNAVAILABLE, "told of %zu topics", t->n)) &&
              is_topic(t, 0, &e) && is_topic(t, 1, &e);
    if (!ok) {
        complain(f, "kafka", &e);
        return;
    }
    f->n = t->at[0].partitions;
    f->progress_n = t->at[1].partitions < f->n ? t->at[1].partitions : f->n;
    f->at = xcalloc((size_t)f->n, sizeof *f->at);
    for (int i = 0; i < f->n; i++)
        f->at[i] = (struct follow_partition){.stretch = {.partition = i}, .behind_ms = INT64_MAX};
}

static int64_t ask_topics(struct follow *f, int64_t now_ms)
{
    const char *names[] = {f->events, f->progress};

    if (f->topics_id)
        return INT64_MAX;
    if (now_ms < f->topics_ms)
        return f->topics_ms;
    f->topics_id = kafka_of(f)->ops->describe(kafka_of(f)->port, names, 2, on_topics, f);
    return INT64_MAX;
}

/* ---- where they begin ---- */

static void on_since(void *self, uint64_t id, const struct kafka_offsets *o)
{
    struct follow *f = self;
    struct places *p = &f->places;

    if (id != p->since_id)
        return;
    p->since_id = 0;
    if (o->err.kind != ERR_NONE)
        p->err = o->err;
    for (size_t i = 0; i < p->n && o->err.kind == ERR_NONE; i++)
        p->since[i] = o->offset[i];
}

static void on_marks(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct follow *f = self;
    struct places *p = &f->places;

    if (id != p->marks_id)
        return;
    p->marks_id = 0;
    if (w->err.kind != ERR_NONE)
        p->err = w->err;
    for (size_t i = 0; i < p->n && w->err.kind == ERR_NONE; i++) {
        p->low[i] = w->low[i];
        p->high[i] = w->high[i];
    }
}

static void ask_places(struct follow *f)
{
    struct places *p = &f->places;
    const struct kafka *k = kafka_of(f);

    p->n = 0;
    p->err = (struct err){0};
    for (int i = 0; i < f->n; i++) {
        if (f->at[i].state != FOLLOW_LOST)
            continue;
        f->at[i].state = FOLLOW_ASKED;
        p->partitions[p->n++] = i;
    }
    if (!p->n)
        return;
    int64_t since_ms = clock_now(&f->ports->clock).wall_ms - f->options->monitor.since_ms - FOLLOW_MARGIN_MS;
    p->since_ms = since_ms > 0 ? since_ms : 0;
    p->asked = true;
    p->since_id = k->ops->since(k->port, f->events, p->partitions, p->n, p->since_ms, on_since, f);
    p->marks_id = k->ops->watermarks(k->port, f->events, p->partitions, p->n, on_marks, f);
}

static void read_from(struct follow *f, struct follow_partition *x, enum follow_state state, int64_t offset)
{
    close_reader(f, &x->reader);
    x->state = state;
    x->next = offset;
    x->reader = kafka_of(f)->ops->assign(kafka_of(f)->port, f->events, x->stretch.partition, offset);
    if (state == FOLLOW_READ)
        f->sink.begin(f->sink.self, x->stretch.partition, offset);
}

static void take_places(struct follow *f, int64_t now_ms)
{
    struct places *p = &f->places;

    p->asked = false;
    if (p->err.kind != ERR_NONE) {
        complain(f, "where the log begins", &p->err);
        f->places_ms = now_ms + FOLLOW_AGAIN_MS;
    }
    for (size_t i = 0; i < p->n; i++) {
        struct follow_partition *x = &f->at[p->partitions[i]];
        x->state = FOLLOW_LOST;
        if (p->err.kind != ERR_NONE)
            continue;
        x->end = p->high[i];
        if (stretch_begin(&x->stretch, p->low[i], p->high[i], p->since[i]))
            read_from(f, x, FOLLOW_READ, x->stretch.from);
        else
            read_from(f, x, FOLLOW_LOOK, x->stretch.until - 1);
    }
}

static int64_t turn_places(struct follow *f, int64_t now_ms)
{
    if (f->places.asked && !f->places.since_id && !f->places.marks_id)
        take_places(f, now_ms);
    if (f->places.asked)
        return INT64_MAX;
    if (now_ms < f->places_ms)
        return f->places_ms;
    ask_places(f);
    return INT64_MAX;
}

/* ---- reading ---- */

static void lose(struct follow *f, struct follow_partition *x, const struct err *e, int64_t now_ms)
{
    log_warn(f->ports->log, "log.lost", fi("partition", x->stretch.partition), fi("offset", x->next), fe(e));
    close_reader(f, &x->reader);
    x->state = FOLLOW_LOST;
    f->places_ms = now_ms + FOLLOW_AGAIN_MS;
}

static void hear(struct follow *f, const struct kafka_record *r, bool progress)
{
    struct event ev;
    struct err e = {0};
    bool parsed = event_parse(r->value, &ev, &e);

    f->counts.unparsed += !parsed;
    f->counts.progress += progress;
    f->counts.records += !progress;
    f->sink.hear(f->sink.self, r, parsed ? &ev : NULL, progress);
    if (parsed)
        event_release(&ev);
}

static void take(struct follow *f, struct follow_partition *x, const struct kafka_record *r)
{
    if (x->state == FOLLOW_LOOK) {
        stretch_last(&x->stretch, r->ts_ms, f->places.since_ms);
        read_from(f, x, FOLLOW_READ, x->stretch.from);
        return;
    }
    x->next = r->offset + 1;
    x->record_ms = r->ts_ms;
    if (x->next >= x->end)
        x->behind_ms = INT64_MAX;
    hear(f, r, false);
}

/* Returns how many records it read of at most `max`. */
static int read_log(struct follow *f, struct follow_partition *x, int max, int64_t now_ms)
{
    const struct kafka *k = kafka_of(f);
    struct kafka_record r;
    struct err e = {0};
    int n = 0;
    enum kafka_read got = KAFKA_NOTHING;

    while (n < max && x->reader && (got = k->ops->read(k->port, x->reader, &r, &e)) == KAFKA_RECORD) {
        take(f, x, &r);
        n++;
    }
    if (got != KAFKA_FAILED)
        return n;
    if (e.kind == ERR_NOT_FOUND)
        lose(f, x, &e, now_ms);
    else
        complain(f, "the log", &e);
    return n;
}

/* What is missed of it is missed: it tells of the moment alone. */
static int read_progress(struct follow *f, struct follow_partition *x, int max)
{
    const struct kafka *k = kafka_of(f);
    struct kafka_record r;
    struct err e = {0};
    int n = 0;
    enum kafka_read got = KAFKA_NOTHING;

    while (n < max && x->progress && (got = k->ops->read(k->port, x->progress, &r, &e)) == KAFKA_RECORD) {
        hear(f, &r, true);
        n++;
    }
    if (got == KAFKA_FAILED && e.kind == ERR_NOT_FOUND) {
        close_reader(f, &x->progress);
        f->progress_begun = false;
        f->progress_ms = now_of(f) + FOLLOW_AGAIN_MS;
    }
    return n;
}

/* True: there may be more at once. Each turn begins with another partition: none starves. */
static bool read_all(struct follow *f, int64_t now_ms)
{
    int left = FOLLOW_TURN_MAX;

    for (int i = 0; i < f->n && left > 0; i++) {
        struct follow_partition *x = &f->at[(f->from + i) % f->n];
        left -= read_log(f, x, left, now_ms);
        left -= read_progress(f, x, left);
    }
    f->from = f->n ? (f->from + 1) % f->n : 0;
    return left <= 0;
}

/* ---- where it ends ---- */

static void note_end(struct follow_partition *x, int64_t high, int64_t now_ms)
{
    x->end = high > x->next ? high : x->next;
    if (x->next >= x->end)
        x->behind_ms = INT64_MAX;
    else if (x->behind_ms == INT64_MAX)
        x->behind_ms = now_ms;
}

static void on_ends(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct follow *f = self;

    if (id != f->ends_id)
        return;
    f->ends_id = 0;
    if (w->err.kind != ERR_NONE) {
        complain(f, "where the log ends", &w->err);
        return;
    }
    f->told_ms = now_of(f);
    f->why = (struct err){0};
    for (int i = 0; i < f->n && (size_t)i < w->n; i++)
        if (f->at[i].state == FOLLOW_READ)
            note_end(&f->at[i], w->high[i], f->told_ms);
}

static void on_progress(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct follow *f = self;

    if (id != f->progress_id)
        return;
    f->progress_id = 0;
    if (w->err.kind != ERR_NONE) {
        complain(f, "where the progress topic ends", &w->err);
        return;
    }
    f->progress_begun = true;
    for (int i = 0; i < f->progress_n && (size_t)i < w->n && !f->ended; i++)
        if (!f->at[i].progress)
            f->at[i].progress = kafka_of(f)->ops->assign(kafka_of(f)->port, f->progress, i, w->high[i]);
}

static uint64_t ask_marks(struct follow *f, const char *topic, int n, kafka_watermarks_done *done)
{
    int all[FOLLOW_PARTITIONS_MAX];

    for (int i = 0; i < n; i++)
        all[i] = i;
    return kafka_of(f)->ops->watermarks(kafka_of(f)->port, topic, all, (size_t)n, done, f);
}

static int64_t turn_ends(struct follow *f, int64_t now_ms)
{
    if (!f->ends_id && now_ms >= f->ends_ms) {
        f->ends_ms = now_ms + FOLLOW_END_MS;
        f->asked_wall_ms = clock_now(&f->ports->clock).wall_ms;
        f->ends_id = ask_marks(f, f->events, f->n, on_ends);
    }
    if (!f->progress_begun && !f->progress_id && now_ms >= f->progress_ms) {
        f->progress_ms = now_ms + FOLLOW_AGAIN_MS;
        f->progress_id = ask_marks(f, f->progress, f->progress_n, on_progress);
    }
    return f->ends_ms > now_ms ? f->ends_ms : now_ms + FOLLOW_END_MS;
}

/* ---- how it stands ---- */

static bool is_read(const struct follow_partition *x)
{
    return x->state == FOLLOW_READ && x->next >= x->stretch.until;
}

static void look_back(struct follow *f)
{
    bool read = true;
    bool reached = f->told_ms && !f->ends_id;

    for (int i = 0; i < f->n; i++) {
        read = read && is_read(&f->at[i]);
        reached = reached && f->at[i].next >= f->at[i].end;
    }
    if (read && reached)
        f->as_of_ms = f->asked_wall_ms;
    if (!read || !f->as_of_ms || f->caught_up)
        return;
    f->caught_up = true;
    log_info(f->ports->log, "log.read", fi("records", f->counts.records), fi("partitions", f->n));
}

int64_t follow_turn(struct follow *f, int64_t now_ms)
{
    if (f->ended)
        return INT64_MAX;
    if (!f->n)
        return ask_topics(f, now_ms);
    int64_t places_ms = turn_places(f, now_ms);
    bool more = read_all(f, now_ms);
    int64_t ends_ms = turn_ends(f, now_ms);
    look_back(f);
    return more ? now_ms : places_ms < ends_ms ? places_ms : ends_ms;
}

bool follow_caught_up(const struct follow *f)
{
    return f->caught_up;
}

static bool say(char why[static ERR_MSG_MAX], const char *fmt, int partition, int64_t n)
{
    (void)snprintf(why, ERR_MSG_MAX, "%s%d: %lld", fmt, partition, (long long)n);
    return false;
}

static bool partition_is_current(const struct follow_partition *x, int64_t now_ms,
                                 char why[static ERR_MSG_MAX])
{
    int i = x->stretch.partition;

    if (x->state != FOLLOW_READ)
        return say(why, "where to begin is not known yet of partition ", i, x->next);
    if (x->next < x->stretch.until)
        return say(why, "the log has not been read to its end yet: records left of partition ", i,
                   x->stretch.until - x->next);
    if (x->behind_ms != INT64_MAX && now_ms - x->behind_ms > FOLLOW_STALE_MS)
        return say(why, "reading does not keep up: records left of partition ", i, x->end - x->next);
    return true;
}

bool follow_is_current(const struct follow *f, int64_t now_ms, char why[static ERR_MSG_MAX])
{
    if (!f->n) {
        (void)snprintf(why, ERR_MSG_MAX, "%s",
                       f->why.kind ? f->why.msg : "Kafka has not told of the topics yet");
        return false;
    }
    for (int i = 0; i < f->n; i++)
        if (!partition_is_current(&f->at[i], now_ms, why))
            return false;
    if (f->told_ms && now_ms - f->told_ms <= FOLLOW_STALE_MS)
        return true;
    (void)snprintf(why, ERR_MSG_MAX, "Kafka does not say where the log ends%s%.400s", f->why.kind ? ": " : "",
                   f->why.kind ? f->why.msg : "");
    return false;
}

int64_t follow_as_of(const struct follow *f)
{
    return f->as_of_ms;
}

int follow_count(const struct follow *f)
{
    return f->n;
}

const struct follow_partition *follow_partition(const struct follow *f, int partition)
{
    return &f->at[partition];
}

struct follow_counts follow_counts(const struct follow *f)
{
    return f->counts;
}

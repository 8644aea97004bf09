#include "producer/trigger.h"

#include "base/hash.h"
#include "producer/firing.h"
#include "producer/journal.h"
#include "producer/places.h"
#include "producer/wanted.h"

#include <string.h>
#include <utlist.h>

enum {
    CHECKS_MAX = 32, /* readings of rows that are under way */
    AGAIN_MS = 1000,
    AGAIN_MAX_MS = 30 * 1000,
    REFRESH_RETRY_MS = 5000,
    TURN_MS = 500,
};

struct appending { /* one record, until its acknowledgement */
    struct appending *prev, *next;
    struct trigger *trigger;
    uint64_t firing, entry;
    struct tick tick;
    bool fires;
};

struct check { /* the rows of these firings are being read */
    struct check *prev, *next;
    struct trigger *trigger;
    uint64_t *firings;
    size_t n;
    int64_t began_ms; /* wall */
};

struct trigger {
    struct context *c;
    struct schedules *schedules;
    struct places *places;
    struct wanted *wanted;
    bool listing, failed, told;  /* failed: the last reading; it is not tried again before refresh_ms */
    int64_t refresh_ms, read_ms; /* wall: the next reading, the last one */
    /* boot: when the reading that goes on, and that of the present rows, began */
    int64_t asked_ms, rows_ms;
    struct firing *by_id, *by_workload;
    struct appending *appends;
    struct check *checks;
    size_t check_count;
    uint64_t last;
};

struct trigger *trigger_new(struct context *c, struct partition *partitions)
{
    struct trigger *t = xcalloc(1, sizeof *t);

    t->c = c;
    t->rows_ms = INT64_MIN;
    t->schedules = schedules_new(c);
    t->places = places_new(c, partitions, t->schedules);
    t->wanted = wanted_new(c, partitions, t->schedules);
    return t;
}

static void firing_end(struct trigger *t, struct firing *f)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what is in both tables has its links */
    HASH_DELETE(hh, t->by_id, f);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    HASH_DELETE(hh_workload, t->by_workload, f);
    t->c->ticks_in_hand--;
    firing_free(f);
}

static void check_free(struct check *k)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what is in the list has neighbours */
    DL_DELETE(k->trigger->checks, k);
    k->trigger->check_count--;
    k->trigger->c->ticks_in_flight--;
    xfree(k->firings);
    xfree(k);
}

static void appending_free(struct appending *a)
{
    DL_DELETE(a->trigger->appends, a);
    xfree(a);
}

void trigger_free(struct trigger *t)
{
    if (!t)
        return;
    while (t->by_id)
        firing_end(t, t->by_id);
    while (t->checks)
        check_free(t->checks);
    wanted_free(t->wanted);
    while (t->appends)
        appending_free(t->appends);
    places_free(t->places);
    schedules_free(t->schedules);
    xfree(t);
}

static struct firing *firing_find(struct trigger *t, uint64_t id)
{
    struct firing *f = NULL;

    HASH_FIND(hh, t->by_id, &id, sizeof id, f);
    return f;
}

/* ---- reading all schedules ---- */

static int64_t half_a_period_off(int64_t wall_ms, int64_t period_ms)
{
    int64_t at_ms = wall_ms - wall_ms % period_ms + period_ms / 2;

    return at_ms > wall_ms ? at_ms : at_ms + period_ms;
}

static void on_rows(void *self, const struct json *rows)
{
    struct trigger *t = self;

    schedules_load_rows(t->schedules, rows, context_wall_ms(t->c));
}

static void on_list(void *self, uint64_t id, const struct source_rows *rows)
{
    struct trigger *t = self;
    int64_t wall_ms = context_wall_ms(t->c);

    (void)id;
    t->listing = false;
    t->failed = rows->err.kind != ERR_NONE;
    if (rows->err.kind != ERR_NONE) {
        t->c->counters.schedule_failures++;
        t->refresh_ms = wall_ms + REFRESH_RETRY_MS;
        log_warn(t->c->ports->log, "schedules.unread", fe(&rows->err));
        return;
    }
    schedules_load_end(t->schedules);
    if (!t->told)
        log_info(t->c->ports->log, "schedules.read", fi("schedules", (int64_t)schedules_count(t->schedules)),
                 fi("invalid", (int64_t)schedules_invalid(t->schedules)));
    t->told = true;
    t->rows_ms = t->asked_ms;
    t->read_ms = wall_ms;
    t->refresh_ms = half_a_period_off(wall_ms, t->c->options->schedule.refresh_ms);
}

static void refresh(struct trigger *t, int64_t wall_ms)
{
    int64_t latest_ms = wall_ms + t->c->options->schedule.refresh_ms;

    if (t->refresh_ms > latest_ms)
        t->refresh_ms = latest_ms; /* the wall clock was put back */
    bool wanted = !t->failed && places_want_rows(t->places, t->rows_ms);
    if (t->listing || (wall_ms < t->refresh_ms && !wanted))
        return;
    t->listing = true;
    t->asked_ms = t->c->now_ms;
    schedules_load_begin(t->schedules);
    (void)source_schedules_by_page(t->c->source, on_rows, on_list, t);
}

/* ---- one record after the other ---- */

static void again(struct trigger *t, struct firing *f)
{
    int64_t ms = AGAIN_MS;

    for (int i = 0; i < f->tries && ms < AGAIN_MAX_MS; i++)
        ms *= 2;
    f->tries++;
    f->state = FIRING_WAIT;
    f->checked = 0;
    f->retry_ms = t->c->now_ms + (ms < AGAIN_MAX_MS ? ms : AGAIN_MAX_MS);
}

static void append_next(struct trigger *t, struct firing *f);

static void told(struct trigger *t, const struct appending *a, const struct entry *e)
{
    struct context *c = t->c;
    int64_t late_ms = context_wall_ms(c) - a->tick.at_ms;
    char key[SCHEDULE_KEY_MAX + 1];

    schedule_key(&e->s, key);
    if (!a->fires) {
        c->counters.ticks_missed++;
        log_warn(c->ports->log, "tick.missed", fs("workload", e->s.workload), fs("schedule", key),
                 fi("tick", a->tick.number));
        return;
    }
    c->counters.ticks_fired++;
    c->counters.ticks_late += late_ms > CATCHUP_ON_TIME_MS;
    log_info(c->ports->log, "tick.fired", fs("workload", e->s.workload), fs("schedule", key),
             fi("tick", a->tick.number), fi("after_ms", late_ms));
}

static void on_append(void *self, uint64_t id, const struct kafka_appended *r)
{
    struct appending *a = self;
    struct trigger *t = a->trigger;
    struct firing *f = firing_find(t, a->firing);
    struct entry *e = schedules_find(t->schedules, a->entry);

    (void)id;
    t->c->ticks_in_flight--;
    if (r->err.kind == ERR_NONE && e) {
        told(t, a, e);
        if (f)
            schedules_consider(t->schedules, e, a->tick.at_ms);
    }
    if (f && r->err.kind == ERR_NONE) {
        f->at++;
        append_next(t, f);
    } else if (f) {
        again(t, f); /* it may be in the log all the same: the fold drops a copy */
    }
    appending_free(a);
}

static void append_tick(struct trigger *t, struct firing *f, const struct entry *e)
{
    struct appending *a = xcalloc(1, sizeof *a);
    struct event ev;
    struct err err = {0};

    *a = (struct appending){.trigger = t,
                            .firing = f->id,
                            .entry = e->id,
                            .tick = f->ticks[f->at].tick,
                            .fires = f->ticks[f->at].fires};
    DL_APPEND(t->appends, a);
    t->c->ticks_in_flight++;
    firing_event(f, e, t->c->options, context_wall_ms(t->c), &ev);
    BUG_IF(!journal_event(t->c, f->partition, &ev, on_append, a, &err)); /* its texts are bounded */
    event_release(&ev);
}

/* All ticks are told: its entries wait for their next ones, or were added meanwhile and are looked at now. */
static void all_told(struct trigger *t, struct firing *f)
{
    if (f->n > f->checked) {
        f->state = FIRING_WAIT;
        f->checked = 0;
        f->retry_ms = 0;
        return;
    }
    for (size_t i = 0; i < f->n; i++) {
        struct entry *e = schedules_find(t->schedules, f->entries[i]);
        if (e)
            schedules_put(t->schedules, e);
    }
    firing_end(t, f);
}

static void append_next(struct trigger *t, struct firing *f)
{
    f->tries = 0;
    for (; f->at < f->tick_count; f->at++) {
        const struct entry *e = schedules_find(t->schedules, f->entries[f->ticks[f->at].schedule]);
        if (!e)
            continue; /* its row changed meanwhile */
        append_tick(t, f, e);
        return;
    }
    all_told(t, f);
}

/* ---- rows, read once more ---- */

struct found { /* a row by its name */
    char name[SCHEDULE_ROW_MAX];
    const struct json *row;
    UT_hash_handle hh;
};

static struct found *index_rows(const struct json *rows)
{
    struct found *all = NULL;

    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        struct found *one = xcalloc(1, sizeof *one);
        struct found *other = NULL;
        schedule_row_name(row, one->name);
        one->row = row;
        HASH_FIND_STR(all, one->name, other);
        if (other) {
            other->row = NULL; /* it stands twice: neither is to be believed */
            xfree(one);
        } else {
            HASH_ADD_STR(all, name, one);
        }
    }
    return all;
}

static void free_index(struct found *all)
{
    struct found *one = NULL;
    struct found *next = NULL;

    HASH_ITER(hh, all, one, next)
    {
        HASH_DELETE(hh, all, one);
        xfree(one);
    }
}

static const struct json *row_of(const struct found *all, const struct entry *e)
{
    BUF_CLEANUP struct buf name = BUF_INIT(SCHEDULE_ROW_MAX);
    struct found *one = NULL;

    buf_addf(&name, "ScheduleSpecification %s/%s", e->s.workload, e->s.name);
    HASH_FIND(hh, all, buf_cstr(&name), name.n, one);
    return one ? one->row : NULL;
}

static void checked(struct trigger *t, struct firing *f, const struct found *rows, int64_t began_ms)
{
    int64_t wall_ms = context_wall_ms(t->c);

    for (size_t i = 0; i < f->checked; i++) {
        struct entry *e = schedules_find(t->schedules, f->entries[i]);
        if (!e)
            continue;
        /* A row that was changed just now counts from the tick on that had it read, unless that is long
         * ago. */
        bool fresh = wall_ms - e->next.at_ms <= CATCHUP_ON_TIME_MS;
        (void)schedules_row(t->schedules, e, row_of(rows, e), fresh ? e->next.at_ms - 1 : wall_ms);
    }
    firing_judge(f, t->schedules, t->c->options, began_ms);
    f->state = FIRING_APPEND;
    append_next(t, f);
}

static void on_check(void *self, uint64_t id, const struct source_rows *rows)
{
    struct check *k = self;
    struct trigger *t = k->trigger;
    struct found *all = index_rows(rows->err.kind == ERR_NONE ? rows->schedules : NULL);

    (void)id;
    if (rows->err.kind != ERR_NONE) {
        t->c->counters.schedule_failures++;
        log_warn(t->c->ports->log, "schedule.unread", fi("workloads", (int64_t)k->n), fe(&rows->err));
    }
    for (size_t i = 0; i < k->n; i++) {
        struct firing *f = firing_find(t, k->firings[i]);
        if (!f || f->state != FIRING_CHECK)
            continue;
        if (rows->err.kind != ERR_NONE)
            again(t, f);
        else
            checked(t, f, all, k->began_ms);
    }
    free_index(all);
    check_free(k);
}

/* The keys of a firing's entries that are still there. */
static size_t add_keys(struct trigger *t, struct firing *f, struct source_key **keys, size_t n)
{
    *keys = xrealloc(*keys, (n + f->n + 1) * sizeof **keys);
    for (size_t i = 0; i < f->n; i++) {
        const struct entry *e = schedules_find(t->schedules, f->entries[i]);
        if (e)
            (*keys)[n++] = (struct source_key){e->s.workload, e->s.name};
    }
    return n;
}

static bool waits(const struct trigger *t, const struct firing *f)
{
    return f->state == FIRING_WAIT && t->c->now_ms >= f->retry_ms;
}

/* As many firings as fit into one reading, from `f` on. Where to go on; NULL: that was all. */
static struct firing *ask_rows(struct trigger *t, struct firing *f)
{
    size_t limit = source_is_folder(t->c->source) ? SOURCE_ROWS_MAX : SOURCE_CHECK_MAX;
    struct check *k = xcalloc(1, sizeof *k);
    struct source_key *keys = NULL;
    size_t n = 0;

    k->trigger = t;
    k->began_ms = context_wall_ms(t->c);
    DL_APPEND(t->checks, k);
    t->check_count++;
    t->c->ticks_in_flight++;
    for (; f && (n == 0 || n + f->n <= limit); f = f->hh.next) {
        if (!waits(t, f))
            continue;
        n = add_keys(t, f, &keys, n);
        f->state = FIRING_CHECK;
        f->checked = f->n;
        k->firings = xrealloc(k->firings, (k->n + 1) * sizeof *k->firings);
        k->firings[k->n++] = f->id;
    }
    if (k->n)
        (void)source_check(t->c->source, keys, n, on_check, k);
    else
        check_free(k);
    xfree(keys);
    return f;
}

/* ---- what is due ---- */

static void take_up(struct trigger *t, const struct entry *e)
{
    struct firing *f = NULL;

    HASH_FIND(hh_workload, t->by_workload, e->s.workload, strlen(e->s.workload), f);
    if (!f) {
        f = xcalloc(1, sizeof *f);
        *f = (struct firing){.id = ++t->last, .workload = xstrdup(e->s.workload), .partition = e->partition};
        HASH_ADD(hh, t->by_id, id, sizeof f->id, f);
        HASH_ADD_KEYPTR(hh_workload, t->by_workload, f->workload, strlen(f->workload), f);
        t->c->ticks_in_hand++;
    }
    firing_add(f, e->id);
}

static void on_left(void *self, int partition)
{
    struct trigger *t = self;
    struct firing *f = NULL;
    struct firing *next = NULL;

    HASH_ITER(hh, t->by_id, f, next)
    {
        if (f->partition == partition)
            firing_end(t, f);
    }
}

int64_t trigger_turn(struct trigger *t)
{
    const struct entry *e = NULL;
    int64_t wall_ms = context_wall_ms(t->c);
    int64_t next_ms = t->c->now_ms + TURN_MS;

    if (places_any_led(t->places))
        refresh(t, wall_ms);
    places_turn(t->places, t->rows_ms, on_left, t);
    while ((e = schedules_take(t->schedules, wall_ms))) {
        t->c->ticks_due_ms = t->c->now_ms;
        take_up(t, e);
    }
    for (struct firing *f = t->by_id; f && t->check_count < CHECKS_MAX;)
        f = ask_rows(t, f);
    if (t->c->ticks_in_flight == 0)
        schedules_flush(t->schedules);
    wanted_turn(t->wanted);
    int64_t due_ms = schedules_next(t->schedules);
    if (due_ms < wall_ms + TURN_MS)
        next_ms = t->c->now_ms + (due_ms > wall_ms ? due_ms - wall_ms : 0);
    return next_ms;
}

void trigger_tell(const struct trigger *t)
{
    wanted_tell(t->wanted);
}

void trigger_state(const struct trigger *t, struct trigger_state *out)
{
    *out = (struct trigger_state){.schedules = schedules_count(t->schedules),
                                  .invalid = schedules_invalid(t->schedules),
                                  .next_ms = schedules_next(t->schedules),
                                  .read_ms = t->read_ms,
                                  .firing = (int64_t)HASH_CNT(hh, t->by_id)};
}

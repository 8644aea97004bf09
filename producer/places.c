#include "producer/places.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { AGAIN_MS = 1000 };

static const char whole_mark[] = "|"; /* no schedule's: all of a leader's schedules were marked once */

enum place_state { PLACE_NONE, PLACE_ROWS, PLACE_ASKED, PLACE_TICKS, PLACE_KNOWN };

struct place {
    enum place_state state;
    uint64_t term; /* raised whenever what was asked is of no use any more */
    int64_t retry_ms;
    int64_t since_ms; /* led since then; boot clock */
    size_t waiting;   /* for the ticks of so many groups */
    bool whole;       /* the view has marks */
};

struct question { /* to the view, until its answer */
    struct question *prev, *next;
    struct places *places;
    int partition;
    uint64_t term;
    uint64_t *ids; /* of entries */
    int64_t *marks_ms;
    size_t n;
};

struct places {
    struct context *c;
    struct partition *partitions;
    struct schedules *schedules;
    struct place *at;
    struct question *questions;
};

struct places *places_new(struct context *c, struct partition *partitions, struct schedules *s)
{
    struct places *p = xcalloc(1, sizeof *p);

    *p = (struct places){.c = c, .partitions = partitions, .schedules = s};
    p->at = xcalloc((size_t)c->partitions, sizeof *p->at);
    return p;
}

static void question_free(struct question *q)
{
    DL_DELETE(q->places->questions, q);
    xfree(q->ids);
    xfree(q->marks_ms);
    xfree(q);
}

void places_free(struct places *p)
{
    if (!p)
        return;
    while (p->questions)
        question_free(p->questions);
    xfree(p->at);
    xfree(p);
}

static struct question *question(struct places *p, int partition)
{
    struct question *q = xcalloc(1, sizeof *q);

    *q = (struct question){.places = p, .partition = partition, .term = p->at[partition].term};
    DL_APPEND(p->questions, q);
    return q;
}

static struct place *asked_of(const struct question *q)
{
    struct place *at = &q->places->at[q->partition];

    return at->term == q->term ? at : NULL;
}

static void forget(struct places *p, int partition, int64_t retry_ms)
{
    struct place *at = &p->at[partition];

    *at = (struct place){.term = at->term + 1, .retry_ms = retry_ms};
    schedules_led(p->schedules, partition, false);
}

static void failed(struct places *p, int partition, const struct err *err)
{
    p->c->counters.view_failures++;
    log_warn(p->c->ports->log, "schedule.place.unread", fi("partition", partition), fe(err));
    forget(p, partition, p->c->now_ms + AGAIN_MS);
}

static void on_said(void *self, uint64_t id, const struct view_said *said)
{
    struct context *c = self;

    (void)id;
    c->counters.view_failures += said->err.kind != ERR_NONE; /* the next leader asks the fold instead */
}

/* ---- the last ticks that were folded ---- */

static void finish(struct places *p, int partition)
{
    struct place *at = &p->at[partition];
    const struct view_consider one = {str_of(whole_mark), 1};

    at->state = PLACE_KNOWN;
    if (!at->whole)
        (void)view_consider(p->c->view, partition, &one, 1, on_said, p->c);
}

static void settle(struct places *p, struct entry *e, int64_t mark_ms, int64_t tick, bool whole)
{
    int64_t folded_ms = SCHEDULES_UNKNOWN;

    if (!tick_due(e->s.zone, tick, &folded_ms))
        folded_ms = SCHEDULES_UNKNOWN;
    if (mark_ms != SCHEDULES_UNKNOWN && mark_ms >= folded_ms) {
        schedules_know(p->schedules, e, mark_ms);
        return;
    }
    if (folded_ms == SCHEDULES_UNKNOWN || (whole && mark_ms == SCHEDULES_UNKNOWN))
        folded_ms = context_wall_ms(p->c); /* nobody has seen it before: it begins now */
    schedules_consider(p->schedules, e, folded_ms);
}

static void on_ticks(void *self, uint64_t id, const struct view_ticks *t)
{
    struct question *q = self;
    struct places *p = q->places;
    struct place *at = asked_of(q);

    (void)id;
    if (at && t->err.kind != ERR_NONE) {
        failed(p, q->partition, &t->err);
    } else if (at) {
        for (size_t i = 0; i < q->n; i++) {
            struct entry *e = schedules_find(p->schedules, q->ids[i]);
            if (e && e->considered_ms == SCHEDULES_UNKNOWN)
                settle(p, e, q->marks_ms[i], t->at[i], at->whole);
        }
        if (--at->waiting == 0)
            finish(p, q->partition);
    }
    question_free(q);
}

static int64_t mark_of(const struct entry *e, const struct view_pair *sorted, size_t n)
{
    char mark[SCHEDULES_MARK_MAX];
    size_t low = 0;
    size_t high = n;
    int64_t ms = SCHEDULES_UNKNOWN;

    schedules_mark(e, mark);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(sorted[middle].name, str_of(mark));
        if (order == 0)
            return str_to_i64(sorted[middle].value, &ms) ? ms : SCHEDULES_UNKNOWN;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SCHEDULES_UNKNOWN;
}

/* One workload's schedules. */
static void ask_ticks(struct places *p, int partition, struct entry *const *e, size_t n,
                      const struct view_pair *sorted, size_t marks)
{
    struct question *q = question(p, partition);
    struct strs keys = {0};
    struct str *names = xcalloc(n, sizeof *names);

    q->ids = xcalloc(n, sizeof *q->ids);
    q->marks_ms = xcalloc(n, sizeof *q->marks_ms);
    for (q->n = 0; q->n < n; q->n++) {
        char key[SCHEDULE_KEY_MAX + 1];
        schedule_key(&e[q->n]->s, key);
        strs_add(&keys, str_of(key));
        names[q->n] = str_of(keys.at[q->n]);
        q->ids[q->n] = e[q->n]->id;
        q->marks_ms[q->n] = mark_of(e[q->n], sorted, marks);
    }
    p->at[partition].waiting++;
    (void)view_ticks(p->c->view, partition, e[0]->s.workload, names, n, on_ticks, q);
    xfree(names);
    strs_release(&keys);
}

/* ---- the marks ---- */

struct gathering {
    struct entry **at;
    size_t n;
};

static void gather(void *self, struct entry *e)
{
    struct gathering *g = self;

    g->at[g->n++] = e;
}

static int by_workload(const void *a, const void *b)
{
    const struct entry *const *x = a;
    const struct entry *const *y = b;
    int order = strcmp((*x)->s.workload, (*y)->s.workload);

    return order ? order : ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int by_pair_name(const void *a, const void *b)
{
    return str_cmp(((const struct view_pair *)a)->name, ((const struct view_pair *)b)->name);
}

static int by_str(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void drop_strangers(struct places *p, int partition, const struct gathering *g,
                           const struct view_pair *sorted, size_t marks)
{
    STRS_CLEANUP struct strs ours = {0};
    struct str *drop = xcalloc(marks + 1, sizeof *drop);
    size_t n = 0;

    strs_add(&ours, str_of(whole_mark));
    for (size_t i = 0; i < g->n; i++) {
        char mark[SCHEDULES_MARK_MAX];
        schedules_mark(g->at[i], mark);
        strs_add(&ours, str_of(mark));
    }
    strs_sort(&ours);
    struct str *known = xcalloc(ours.n, sizeof *known);
    for (size_t i = 0; i < ours.n; i++)
        known[i] = str_of(ours.at[i]);
    for (size_t i = 0; i < marks; i++)
        if (!bsearch(&sorted[i].name, known, ours.n, sizeof *known, by_str))
            drop[n++] = sorted[i].name;
    for (size_t i = 0; i < n; i += VIEW_CONSIDER_MAX)
        (void)view_unconsider(p->c->view, partition, drop + i,
                              n - i < VIEW_CONSIDER_MAX ? n - i : VIEW_CONSIDER_MAX, on_said, p->c);
    xfree(known);
    xfree(drop);
}

static void ask_all_ticks(struct places *p, int partition, const struct view_pair *sorted, size_t marks)
{
    struct gathering g = {.at = xcalloc(schedules_count(p->schedules) + 1, sizeof *g.at)};

    schedules_each(p->schedules, partition, gather, &g);
    if (g.n > 1)
        qsort(g.at, g.n, sizeof *g.at, by_workload);
    drop_strangers(p, partition, &g, sorted, marks);
    for (size_t i = 0; i < g.n;) {
        size_t n = 1;
        while (i + n < g.n && n < VIEW_CONSIDER_MAX &&
               strcmp(g.at[i + n]->s.workload, g.at[i]->s.workload) == 0)
            n++;
        ask_ticks(p, partition, g.at + i, n, sorted, marks);
        i += n;
    }
    if (g.n == 0)
        finish(p, partition);
    xfree(g.at);
}

static void on_considered(void *self, uint64_t id, const struct view_considered *v)
{
    struct question *q = self;
    struct places *p = q->places;
    struct place *at = asked_of(q);
    int partition = q->partition;

    (void)id;
    question_free(q);
    if (at && v->err.kind != ERR_NONE) {
        failed(p, partition, &v->err);
    } else if (at) {
        struct view_pair *sorted = xcalloc(v->at.n + 1, sizeof *sorted);
        for (size_t i = 0; i < v->at.n; i++)
            sorted[i] = v->at.at[i];
        if (v->at.n > 1)
            qsort(sorted, v->at.n, sizeof *sorted, by_pair_name);
        at->whole = view_pairs_get(&v->at, whole_mark).n > 0;
        at->state = PLACE_TICKS;
        schedules_led(p->schedules, partition, true);
        ask_all_ticks(p, partition, sorted, v->at.n);
        xfree(sorted);
    }
}

/* ---- who leads ---- */

bool places_any_led(const struct places *p)
{
    for (int i = 0; i < p->c->partitions; i++)
        if (partition_leads(&p->partitions[i]))
            return true;
    return false;
}

bool places_want_rows(const struct places *p, int64_t rows_ms)
{
    for (int i = 0; i < p->c->partitions; i++)
        if (p->at[i].state == PLACE_ROWS && rows_ms < p->at[i].since_ms)
            return true;
    return false;
}

static void follow(struct places *p, int i, int64_t rows_ms)
{
    struct place *at = &p->at[i];

    if (at->state == PLACE_NONE && p->c->now_ms >= at->retry_ms) {
        at->state = PLACE_ROWS;
        at->since_ms = p->c->now_ms;
    }
    if (at->state == PLACE_ROWS && rows_ms >= at->since_ms) {
        at->state = PLACE_ASKED;
        (void)view_considered(p->c->view, i, on_considered, question(p, i));
    }
}

void places_turn(struct places *p, int64_t rows_ms, void (*left)(void *self, int partition), void *self)
{
    for (int i = 0; i < p->c->partitions; i++) {
        bool leads = partition_leads(&p->partitions[i]);
        if (leads) {
            follow(p, i, rows_ms);
        } else if (p->at[i].state != PLACE_NONE) {
            forget(p, i, 0);
            left(self, i);
        }
    }
}

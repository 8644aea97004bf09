#include "sim/scheduler.h"

#include "awssim/chance.h"
#include "base/hash.h"

struct entry {
    int64_t at_us;
    uint64_t lot, ticket;
    struct completion c;
    bool over; /* cancelled, or its owner is gone: left in the heap, passed over */
    UT_hash_handle hh;
};

struct queue { /* of entries that became due while their owner was held */
    struct entry **at;
    size_t n, cap;
};

struct owner {
    bool held, gone;
    struct queue parked;
};

struct scheduler {
    int64_t now_us;
    struct chance chance;
    struct queue heap;
    struct entry *by_ticket;
    struct owner *owners; /* [0] is the world */
    uint64_t owner_count, last_ticket, fired;
    scheduler_watch *watch;
    void *watcher;
};

static void push(struct queue *q, struct entry *e)
{
    if (q->n == q->cap) {
        q->cap = q->cap ? 2 * q->cap : 64;
        q->at = xrealloc(q->at, q->cap * sizeof(struct entry *));
    }
    q->at[q->n++] = e;
}

static bool before(const struct entry *a, const struct entry *b)
{
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us;
    if (a->lot != b->lot)
        return a->lot < b->lot;
    return a->ticket < b->ticket;
}

static void swap(struct queue *q, size_t a, size_t b)
{
    struct entry *x = q->at[a];

    q->at[a] = q->at[b];
    q->at[b] = x;
}

static void heap_add(struct queue *q, struct entry *e)
{
    size_t i = q->n;

    push(q, e);
    while (i && before(q->at[i], q->at[(i - 1) / 2])) {
        swap(q, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static struct entry *heap_take(struct queue *q)
{
    struct entry *first = q->at[0];
    size_t i = 0;

    q->at[0] = q->at[--q->n];
    for (;;) {
        size_t least = i, left = 2 * i + 1;
        if (left < q->n && before(q->at[left], q->at[least]))
            least = left;
        if (left + 1 < q->n && before(q->at[left + 1], q->at[least]))
            least = left + 1;
        if (least == i)
            return first;
        swap(q, i, least);
        i = least;
    }
}

struct scheduler *scheduler_new(uint64_t seed)
{
    struct scheduler *s = xcalloc(1, sizeof *s);

    s->chance.state = seed;
    s->owners = xcalloc(1, sizeof *s->owners);
    s->owner_count = 1;
    return s;
}

void scheduler_watched(struct scheduler *s, scheduler_watch *watch, void *self)
{
    s->watch = watch;
    s->watcher = self;
}

int64_t scheduler_now(const struct scheduler *s)
{
    return s->now_us;
}

uint64_t scheduler_fired(const struct scheduler *s)
{
    return s->fired;
}

uint64_t scheduler_after(struct scheduler *s, int64_t us, const struct completion *c)
{
    struct entry *e = xcalloc(1, sizeof *e);

    BUG_IF(c->owner >= s->owner_count || us < 0);
    *e = (struct entry){
        .at_us = s->now_us + us, .lot = chance_next(&s->chance), .ticket = ++s->last_ticket, .c = *c};
    heap_add(&s->heap, e);
    HASH_ADD(hh, s->by_ticket, ticket, sizeof e->ticket, e);
    return e->ticket;
}

/* It stays where it is, as nothing. */
static void entry_drop(struct scheduler *s, struct entry *e)
{
    HASH_DEL(s->by_ticket, e);
    e->over = true;
    if (e->c.drop)
        e->c.drop(e->c.self);
}

void scheduler_cancel(struct scheduler *s, uint64_t ticket)
{
    struct entry *e = NULL;

    HASH_FIND(hh, s->by_ticket, &ticket, sizeof ticket, e);
    if (e)
        entry_drop(s, e);
}

uint64_t scheduler_owner(struct scheduler *s)
{
    s->owners = xrealloc(s->owners, (s->owner_count + 1) * sizeof *s->owners);
    s->owners[s->owner_count] = (struct owner){0};
    return s->owner_count++;
}

void scheduler_hold(struct scheduler *s, uint64_t owner, bool held)
{
    struct owner *o = &s->owners[owner];
    struct queue parked = o->parked;

    BUG_IF(owner == 0 || owner >= s->owner_count);
    o->held = held;
    if (held)
        return;
    o->parked = (struct queue){0};
    for (size_t i = 0; i < parked.n; i++) { /* at once, in the order in which they came */
        parked.at[i]->at_us = s->now_us;
        parked.at[i]->lot = i;
        heap_add(&s->heap, parked.at[i]);
    }
    xfree(parked.at);
}

static void drop_parked(struct scheduler *s, struct owner *o)
{
    for (size_t i = 0; i < o->parked.n; i++) {
        if (!o->parked.at[i]->over)
            entry_drop(s, o->parked.at[i]);
        xfree(o->parked.at[i]);
    }
    xfree(o->parked.at);
    o->parked = (struct queue){0};
}

void scheduler_end(struct scheduler *s, uint64_t owner)
{
    struct entry *e, *next;

    BUG_IF(owner == 0 || owner >= s->owner_count);
    s->owners[owner].gone = true;
    drop_parked(s, &s->owners[owner]);
    HASH_ITER(hh, s->by_ticket, e, next)
    if (e->c.owner == owner)
        entry_drop(s, e);
}

/* NULL: nothing is due until then. */
static struct entry *take_due(struct scheduler *s, int64_t until_us)
{
    while (s->heap.n) {
        if (!s->heap.at[0]->over && s->heap.at[0]->at_us > until_us)
            return NULL;
        struct entry *e = heap_take(&s->heap);
        struct owner *o = &s->owners[e->c.owner];
        if (e->over) {
            xfree(e);
            continue;
        }
        s->now_us = e->at_us > s->now_us ? e->at_us : s->now_us;
        if (!o->held)
            return e;
        push(&o->parked, e);
    }
    return NULL;
}

static void fire(struct scheduler *s, struct entry *e)
{
    if (s->watch)
        s->watch(s->watcher, e->c.owner, e->c.what);
    if (e->over) { /* its owner died of it */
        xfree(e);
        return;
    }
    if (s->owners[e->c.owner].held) {
        push(&s->owners[e->c.owner].parked, e);
        return;
    }
    HASH_DEL(s->by_ticket, e);
    if (s->owners[e->c.owner].gone) {
        if (e->c.drop)
            e->c.drop(e->c.self);
    } else {
        s->fired++;
        e->c.fire(e->c.self);
    }
    xfree(e);
}

bool scheduler_step(struct scheduler *s, int64_t until_us)
{
    struct entry *e = take_due(s, until_us);

    if (!e) {
        s->now_us = until_us > s->now_us ? until_us : s->now_us;
        return false;
    }
    fire(s, e);
    return true;
}

void scheduler_free(struct scheduler *s)
{
    struct entry *e, *next;

    if (!s)
        return;
    HASH_ITER(hh, s->by_ticket, e, next)
    entry_drop(s, e);
    for (uint64_t i = 0; i < s->owner_count; i++)
        drop_parked(s, &s->owners[i]);
    for (size_t i = 0; i < s->heap.n; i++)
        xfree(s->heap.at[i]);
    xfree(s->heap.at);
    xfree(s->owners);
    xfree(s);
}

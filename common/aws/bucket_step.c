#include "aws/bucket_step.h"

#include "base/mem.h"

#include <string.h>

enum { TOKEN = 1000000, WHOLE = 1000, MINUTE_MS = 60 * 1000, COSTS = 2 };

struct limit {                 /* in millionths of a token, so that sums are exact */
    int64_t capacity, per_ms;  /* per_ms: as known, at full rate; capacity 0: no limit */
    int64_t tokens, filled_ms; /* filled_ms may lie ahead: it begins to fill then */
};

struct limits {
    struct limit at[COSTS]; /* requests, resources */
    int64_t rate;           /* thousandths of the known rates */
    int64_t slack_ms;
};

struct waiter {
    char *who;
    int64_t need[COSTS];
    int64_t told_ms; /* when it was told to ask again */
};

struct bucket {
    struct limits limits;
    bool published, open;
    int64_t scale, cut_ms, gained_ms;
    bool cut;
    struct waiter *queue; /* first come first */
    size_t n, cap;
};

static int64_t scaled(const struct bucket *b, int64_t ms)
{
    return ms / b->scale;
}

struct bucket *bucket_new(const struct bucket_rates *r, int64_t time_scale, int64_t now_ms)
{
    struct bucket *b = xcalloc(1, sizeof *b);
    const int64_t capacity[COSTS] = {r->requests, r->resources};
    const int64_t per_s[COSTS] = {r->requests_s, r->resources_s};

    b->scale = time_scale > 1 ? time_scale : 1;
    b->published = !r->open;
    b->open = r->open;
    b->limits.rate = WHOLE;
    b->limits.slack_ms = scaled(b, BUCKET_SLACK_MS);
    if (b->limits.slack_ms < BUCKET_LEAST_SLACK_MS)
        b->limits.slack_ms = BUCKET_LEAST_SLACK_MS;
    for (int i = 0; i < COSTS; i++)
        b->limits.at[i] = (struct limit){.capacity = capacity[i] * TOKEN,
                                         .per_ms = per_s[i] * (TOKEN / 1000) * b->scale,
                                         .tokens = capacity[i] * TOKEN,
                                         .filled_ms = now_ms};
    return b;
}

static void leave(struct bucket *b, size_t i)
{
    xfree(b->queue[i].who);
    b->n--;
    memmove(&b->queue[i], &b->queue[i + 1], (b->n - i) * sizeof *b->queue);
}

void bucket_free(struct bucket *b)
{
    if (!b)
        return;
    while (b->n)
        leave(b, b->n - 1);
    xfree(b->queue);
    xfree(b);
}

/* ---- tokens ---- */

static int64_t per_ms(const struct limits *l, const struct limit *x)
{
    int64_t now = x->per_ms * l->rate / WHOLE;

    return now > 0 ? now : 1;
}

static void fill(struct limits *l, int64_t now_ms)
{
    for (int i = 0; i < COSTS; i++) {
        struct limit *x = &l->at[i];
        if (!x->capacity || now_ms <= x->filled_ms)
            continue;
        int64_t since_ms = now_ms - x->filled_ms;
        bool full = since_ms > (x->capacity - x->tokens) / per_ms(l, x);
        x->tokens = full ? x->capacity : x->tokens + since_ms * per_ms(l, x);
        x->filled_ms = now_ms;
    }
}

/* The moment, not before now_ms, at which all that is needed is there. */
static int64_t when(const struct limits *l, const int64_t *need, int64_t now_ms)
{
    int64_t at_ms = now_ms;

    for (int i = 0; i < COSTS; i++) {
        const struct limit *x = &l->at[i];
        int64_t lacks = need[i] - x->tokens;
        if (!x->capacity || lacks <= 0)
            continue;
        int64_t there_ms = x->filled_ms + (lacks + per_ms(l, x) - 1) / per_ms(l, x);
        at_ms = there_ms > at_ms ? there_ms : at_ms;
    }
    return at_ms;
}

static void spend(struct limits *l, const int64_t *need, int64_t now_ms)
{
    fill(l, now_ms);
    for (int i = 0; i < COSTS; i++) {
        struct limit *x = &l->at[i];
        if (!x->capacity || !need[i])
            continue;
        if (x->tokens == x->capacity)
            x->filled_ms = now_ms + l->slack_ms;
        x->tokens -= need[i];
    }
}

/* One after the other: nobody before those who came earlier. */
static int64_t turn_of(struct limits *l, const int64_t *need, int64_t after_ms)
{
    int64_t at_ms = when(l, need, after_ms);

    fill(l, at_ms);
    return at_ms;
}

/* ---- learning ---- */

static void gain(struct bucket *b, int64_t now_ms)
{
    enum { A_MINUTE = WHOLE * BUCKET_GAIN_PERCENT / 100 };
    int64_t more = (now_ms - b->gained_ms) * b->scale / (MINUTE_MS / A_MINUTE);

    if (b->limits.rate >= WHOLE) {
        if (!b->published && !b->open && now_ms - b->cut_ms >= scaled(b, BUCKET_OPEN_MS))
            b->open = true;
        return;
    }
    if (more <= 0)
        return;
    b->gained_ms = now_ms;
    b->limits.rate = b->limits.rate + more < WHOLE ? b->limits.rate + more : WHOLE;
}

void bucket_throttled(struct bucket *b, int64_t now_ms)
{
    fill(&b->limits, now_ms);
    gain(b, now_ms);
    for (int i = 0; i < COSTS; i++) {
        b->limits.at[i].tokens = 0;
        b->limits.at[i].filled_ms = now_ms;
    }
    if (b->cut && now_ms - b->cut_ms < scaled(b, BUCKET_CUT_MS))
        return;
    int64_t rate = b->open ? WHOLE : b->limits.rate * BUCKET_CUT_PERCENT / 100;
    int64_t least = (int64_t)WHOLE * BUCKET_LEAST_PERCENT / 100;
    b->limits.rate = rate > least ? rate : least;
    b->open = false;
    b->cut = true;
    b->cut_ms = b->gained_ms = now_ms;
}

/* ---- the queue ---- */

static void forget_absent(struct bucket *b, int64_t now_ms)
{
    for (size_t i = b->n; i-- > 0;)
        if (now_ms > b->queue[i].told_ms + BUCKET_ABSENT_MS)
            leave(b, i);
}

static size_t place_of(const struct bucket *b, const char *who)
{
    size_t i = 0;

    while (i < b->n && strcmp(b->queue[i].who, who) != 0)
        i++;
    return i;
}

/* When its turn comes behind the first `before` of the queue. */
static int64_t turn(const struct bucket *b, const int64_t *need, size_t before, int64_t now_ms)
{
    struct limits l = b->limits;
    int64_t at_ms = now_ms;

    for (size_t i = 0; i < before; i++) {
        at_ms = turn_of(&l, b->queue[i].need, at_ms);
        spend(&l, b->queue[i].need, at_ms);
    }
    return turn_of(&l, need, at_ms);
}

/* Going now, before its turn, makes nobody later than it was told. */
static bool may_overtake(const struct bucket *b, const int64_t *need, size_t mine, int64_t now_ms)
{
    struct limits l = b->limits;
    int64_t at_ms = now_ms;

    if (when(&l, need, now_ms) > now_ms)
        return false;
    spend(&l, need, now_ms);
    for (size_t i = 0; i < b->n; i++) {
        const struct waiter *w = &b->queue[i];
        if (i == mine)
            continue;
        at_ms = turn_of(&l, w->need, at_ms);
        spend(&l, w->need, at_ms);
        if (at_ms > w->told_ms && at_ms > now_ms)
            return false;
    }
    return true;
}

static void enqueue(struct bucket *b, const char *who, const int64_t *need)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 16;
        b->queue = xrealloc(b->queue, b->cap * sizeof *b->queue);
    }
    b->queue[b->n++] = (struct waiter){.who = xstrdup(who), .need = {need[0], need[1]}};
}

static void cost(const struct bucket *b, size_t resources, int64_t *need)
{
    const int64_t count[COSTS] = {1, (int64_t)resources};

    for (int i = 0; i < COSTS; i++) {
        const struct limit *x = &b->limits.at[i];
        need[i] = count[i] < x->capacity / TOKEN ? count[i] * TOKEN : x->capacity;
    }
}

int64_t bucket_ask(struct bucket *b, const char *who, size_t resources, int64_t now_ms)
{
    int64_t need[COSTS];

    fill(&b->limits, now_ms);
    gain(b, now_ms);
    forget_absent(b, now_ms);
    cost(b, resources, need);
    size_t mine = place_of(b, who);
    bool waits = mine < b->n;
    int64_t at_ms = b->open ? now_ms : turn(b, need, mine, now_ms);
    if (at_ms <= now_ms || may_overtake(b, need, mine, now_ms)) {
        if (waits)
            leave(b, mine);
        if (!b->open)
            spend(&b->limits, need, now_ms);
        return 0;
    }
    if (!waits && b->n < BUCKET_WAITERS_MAX)
        enqueue(b, who, need);
    if (mine < b->n) {
        memcpy(b->queue[mine].need, need, sizeof need);
        b->queue[mine].told_ms = at_ms;
    }
    return at_ms - now_ms;
}

size_t bucket_waiting(const struct bucket *b)
{
    return b->n;
}

int bucket_percent(const struct bucket *b)
{
    return (int)(b->limits.rate * 100 / WHOLE);
}

bool bucket_is_open(const struct bucket *b)
{
    return b->open;
}

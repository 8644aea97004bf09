#include "sim/machine.h"
#include "sim/redis_command.h"
#include "sim/redis_resp.h"
#include "sim/sim_redis_parts.h"

#include <string.h>
#include <utlist.h>

enum {
    WAY_MIN_US = 50,
    WAY_MAX_US = 400,
    SLOW_MAX_US = 3 * SIM_REDIS_TIMEOUT_MS * 1000,
    SAVE_EVERY_US = 250 * 1000,
    BEHIND_MAX_US = 8 * 1000 * 1000,
    DOWN_MAX_MS = 5000,
    LOADING_MAX_MS = 5000,
    TROUBLE_MAX_MS = 30000,
    ALONE_MAX_MS = 60000, /* an old primary that lives on */
    DEMOTED_MS = 5000,    /* and answers as a replica, before its clients leave it */
    RUN_ID_DIGITS = REDIS_ID_MAX - 1,
};

/* ---- servers ---- */

static int64_t node_now_ms(void *self)
{
    const struct sim_redis_node *n = self;

    return machine_true_wall_ms(scheduler_now(n->r->s)) + n->ahead_ms;
}

/* Another process: no scripts, another run_id; its data stays. */
static void begin_life(struct sim_redis_node *n)
{
    char run_id[REDIS_ID_MAX];

    chance_hex(&n->r->chance, RUN_ID_DIGITS, run_id);
    redis_server_restart(n->redis, run_id);
    redis_server_trouble(n->redis, 0);
    n->lifetime++;
    n->down = false;
}

static void node_init(struct sim_redis *r, struct sim_redis_node *n)
{
    n->r = r;
    n->ahead_ms = chance_between(&r->chance, -SIM_REDIS_SKEW_MS, SIM_REDIS_SKEW_MS);
    n->redis = redis_server_new(&(struct redis_server_host){.now_ms = node_now_ms, .self = n}, "");
    begin_life(n);
}

struct sim_redis *sim_redis_new(struct scheduler *s, struct swarm *swarm, uint64_t seed)
{
    struct sim_redis *r = xcalloc(1, sizeof *r);
    struct mem_account *before = mem_account_set(&r->memory);

    r->s = s;
    r->swarm = swarm;
    r->chance.state = seed;
    for (int i = 0; i < SIM_REDIS_NODES; i++)
        node_init(r, &r->nodes[i]);
    r->primary = &r->nodes[0];
    r->nodes[1].down = true;
    (void)mem_account_set(before);
    return r;
}

static void forget_saves(struct sim_redis *r)
{
    while (r->save_count)
        redis_data_release(&r->saves[--r->save_count].data);
}

void sim_redis_free(struct sim_redis *r)
{
    struct sim_redis_link *l = NULL;

    if (!r)
        return;
    DL_FOREACH(r->links, l) /* what is still on its way holds it longer */
    l->r = NULL;
    forget_saves(r);
    for (int i = 0; i < SIM_REDIS_NODES; i++)
        redis_server_free(r->nodes[i].redis);
    xfree(r);
}

/* ---- links ---- */

int64_t sim_redis_way_us(struct sim_redis *r)
{
    return chance_between(&r->chance, WAY_MIN_US, WAY_MAX_US);
}

struct sim_redis_link *sim_redis_connect(struct sim_redis *r, struct sim_redis_client *c, uint64_t owner)
{
    if (r->primary->down)
        return NULL;
    struct sim_redis_link *l = xcalloc(1, sizeof *l);
    l->refs = 1;
    l->r = r;
    l->client = c;
    l->node = r->primary;
    l->owner = owner;
    DL_APPEND(r->links, l);
    return l;
}

void sim_redis_link_release(struct sim_redis_link *l)
{
    if (!l || --l->refs > 0)
        return;
    if (l->r)
        DL_DELETE(l->r->links, l);
    xfree(l);
}

void sim_redis_forget(struct sim_redis *r, const struct sim_redis_client *c)
{
    struct sim_redis_link *l = NULL;

    DL_FOREACH(r->links, l)
    if (l->client == c)
        l->client = NULL;
}

static void lost(void *self)
{
    struct sim_redis_link *l = self;

    if (l->client)
        sim_redis_lost(l->client, l);
    sim_redis_link_release(l);
}

static void drop_link(void *self)
{
    sim_redis_link_release(self);
}

/* The server closes it: nothing under way runs, and its client hears of it. */
static void cut(struct sim_redis_link *l)
{
    if (l->dead)
        return;
    l->dead = true;
    if (!l->client || l->over)
        return;
    l->refs++;
    (void)scheduler_after(l->r->s, sim_redis_way_us(l->r),
                          &(struct completion){l->owner, "redis.lost", lost, drop_link, l});
}

static void cut_all(struct sim_redis_node *n)
{
    struct sim_redis_link *l = NULL;

    DL_FOREACH(n->r->links, l)
    if (l->node == n)
        cut(l);
}

/* ---- what may befall a server; each for as long as is drawn ---- */

struct later { /* something that a server does by itself */
    struct sim_redis_node *node;
    uint64_t lifetime;
    unsigned trouble;
    void (*act)(struct sim_redis_node *n, unsigned trouble);
};

static void act_later(void *self)
{
    struct later *x = self;
    struct mem_account *before = mem_account_set(&x->node->r->memory);

    if (x->lifetime == x->node->lifetime)
        x->act(x->node, x->trouble);
    (void)mem_account_set(before);
    xfree(x);
}

static void later(struct sim_redis_node *n, int64_t ms, const char *what,
                  void (*act)(struct sim_redis_node *, unsigned), unsigned trouble)
{
    struct later *x = xcalloc(1, sizeof *x);

    *x = (struct later){.node = n, .lifetime = n->lifetime, .trouble = trouble, .act = act};
    (void)scheduler_after(n->r->s, ms * 1000, &(struct completion){0, what, act_later, xfree, x});
}

static int64_t draw_ms(struct sim_redis *r, int64_t most)
{
    return chance_between(&r->chance, 1, most);
}

static void heal(struct sim_redis_node *n, unsigned trouble)
{
    redis_server_trouble(n->redis, redis_server_troubled(n->redis) & ~trouble);
}

static void suffer(struct sim_redis_node *n, unsigned trouble, int64_t most_ms)
{
    redis_server_trouble(n->redis, redis_server_troubled(n->redis) | trouble);
    later(n, draw_ms(n->r, most_ms), "redis.heals", heal, trouble);
}

static void come_up(struct sim_redis_node *n, unsigned trouble)
{
    n->down = false;
    if (trouble)
        suffer(n, trouble, LOADING_MAX_MS);
}

/* A primary's data as it was some seconds ago. */
static void load_earlier(struct sim_redis *r, struct sim_redis_node *to)
{
    size_t oldest = 0;

    while (oldest < r->save_count && scheduler_now(r->s) - r->saves[oldest].at_us > BEHIND_MAX_US)
        oldest++;
    if (oldest < r->save_count) {
        int64_t i = chance_between(&r->chance, (int64_t)oldest, (int64_t)r->save_count - 1);
        redis_server_load(to->redis, &r->saves[i].data);
    } else if (to != r->primary) {
        struct redis_data now;
        redis_server_save(r->primary->redis, &now);
        redis_server_load(to->redis, &now);
        redis_data_release(&now);
    }
    forget_saves(r);
}

static void flush(struct sim_redis *r)
{
    redis_server_wipe(r->primary->redis);
}

static void reboot(struct sim_redis *r, unsigned trouble)
{
    struct sim_redis_node *n = r->primary;

    cut_all(n);
    begin_life(n);
    n->down = true;
    forget_saves(r);
    later(n, draw_ms(r, DOWN_MAX_MS), "redis.up", come_up, trouble);
}

static void restart(struct sim_redis *r)
{
    flush(r);
    reboot(r, 0);
}

static void roll_back(struct sim_redis *r)
{
    load_earlier(r, r->primary);
    reboot(r, REDIS_IS_LOADING);
}

static struct sim_redis_node *other(struct sim_redis *r)
{
    return r->primary == &r->nodes[0] ? &r->nodes[1] : &r->nodes[0];
}

static struct sim_redis_node *fail_over(struct sim_redis *r)
{
    struct sim_redis_node *old = r->primary;
    struct sim_redis_node *next = other(r);

    cut_all(next);
    load_earlier(r, next);
    begin_life(next);
    r->primary = next;
    old->lifetime++; /* its own plans are void: it has another role */
    return old;
}

static void leave(struct sim_redis_node *n, unsigned trouble)
{
    (void)trouble;
    cut_all(n);
    n->down = true;
}

static void lose_primary(struct sim_redis *r)
{
    leave(fail_over(r), 0);
}

/* As a replica of the new one, or, one time in four, as the primary again: stale, under its old run_id. */
static void come_back(struct sim_redis_node *n, unsigned trouble)
{
    struct sim_redis *r = n->r;
    struct redis_data data;

    (void)trouble;
    n->down = false;
    if (chance_between(&r->chance, 1, 4) == 1) {
        leave(r->primary, 0);
        r->primary->lifetime++;
        r->primary = n;
        forget_saves(r);
        return;
    }
    redis_server_save(r->primary->redis, &data);
    redis_server_load(n->redis, &data);
    redis_data_release(&data);
    redis_server_trouble(n->redis, REDIS_READONLY);
    later(n, DEMOTED_MS, "redis.leaves", leave, 0);
}

/* Some of its clients do not notice. */
static void split(struct sim_redis *r)
{
    struct sim_redis_node *old = fail_over(r);
    struct sim_redis_link *l = NULL;

    DL_FOREACH(r->links, l)
    if (l->node == old && chance_between(&r->chance, 0, 1) == 0)
        cut(l);
    redis_server_trouble(old->redis, 0);
    later(old, draw_ms(r, ALONE_MAX_MS), "redis.returns", come_back, 0);
}

static void forget_scripts(struct sim_redis *r)
{
    redis_server_forget_scripts(r->primary->redis);
}

static void fill_up(struct sim_redis *r)
{
    suffer(r->primary, REDIS_OOM, TROUBLE_MAX_MS);
}

static void refuse_writes(struct sim_redis *r)
{
    suffer(r->primary, REDIS_READONLY, TROUBLE_MAX_MS);
}

static void load_again(struct sim_redis *r)
{
    suffer(r->primary, REDIS_IS_LOADING, LOADING_MAX_MS);
}

/* Any key becomes a text, a text becomes a hash. */
static void write_foreign(struct sim_redis *r)
{
    const struct redis_table *t = &(*redis_server_keys(r->primary->redis, 0))->table;
    size_t at = t->n ? (size_t)chance_between(&r->chance, 0, (int64_t)t->n - 1) : 0;

    while (at < t->n && !t->slots[at].name)
        at++;
    if (at >= t->n)
        return;
    struct redis_blob *name = redis_blob_share(t->slots[at].name);
    bool text = t->slots[at].held.object->kind == REDIS_STRING;
    const struct str unlinks[] = {STR("UNLINK"), redis_blob_view(name)};
    const struct str sets[] = {STR("SET"), redis_blob_view(name), STR("foreign")};
    const struct str hsets[] = {STR("HSET"), redis_blob_view(name), STR("foreign"), STR("1")};
    BUF_CLEANUP struct buf unheard = BUF_INIT(REDIS_RESP_MAX);
    redis_server_execute(r->primary->redis, 0, unlinks, 2, &unheard);
    redis_server_execute(r->primary->redis, 0, text ? hsets : sets, text ? 4 : 3, &unheard);
    redis_blob_release(name);
}

/* The version of the fold's rules stands in the head of each view (docs/view.md). */
static void make_older(struct sim_redis *r)
{
    const struct redis_table *t = &(*redis_server_keys(r->primary->redis, 0))->table;
    BUF_CLEANUP struct buf unheard = BUF_INIT(REDIS_RESP_MAX);
    struct redis_blob *heads[SIM_REDIS_HEADS];
    size_t n = 0;

    for (size_t i = 0; i < t->n && n < SIM_REDIS_HEADS; i++)
        if (t->slots[i].name && str_ends(redis_blob_view(t->slots[i].name), STR("}:v")))
            heads[n++] = redis_blob_share(t->slots[i].name);
    for (size_t i = 0; i < n; i++) {
        const struct str sets[] = {STR("HSET"), redis_blob_view(heads[i]), STR("fv"), STR("0")};
        redis_server_execute(r->primary->redis, 0, sets, 4, &unheard);
        redis_blob_release(heads[i]);
    }
}

static const struct {
    enum fault fault;
    void (*strike)(struct sim_redis *r);
} strikes[] = {
    {FAULT_REDIS_FLUSH, flush},
    {FAULT_REDIS_RESTART, restart},
    {FAULT_REDIS_ROLLBACK, roll_back},
    {FAULT_REDIS_FAILOVER, lose_primary},
    {FAULT_REDIS_SPLIT, split},
    {FAULT_REDIS_LOADING, load_again},
    {FAULT_REDIS_OOM, fill_up},
    {FAULT_REDIS_READONLY, refuse_writes},
    {FAULT_REDIS_NOSCRIPT, forget_scripts},
    {FAULT_REDIS_WRONGTYPE, write_foreign},
    {FAULT_REDIS_OLDER, make_older},
};

void sim_redis_strike(struct sim_redis *r, enum fault f)
{
    struct mem_account *before = mem_account_set(&r->memory);
    bool known = false;

    for (size_t i = 0; i < sizeof strikes / sizeof *strikes; i++) {
        if (strikes[i].fault != f)
            continue;
        strikes[i].strike(r);
        known = true;
    }
    BUG_IF(!known);
    (void)mem_account_set(before);
}

static bool struck(struct sim_redis *r, enum fault f)
{
    return r->swarm && swarm_strike(r->swarm, f);
}

static void befall(struct sim_redis *r)
{
    for (size_t i = 0; i < sizeof strikes / sizeof *strikes; i++)
        if (struck(r, strikes[i].fault))
            strikes[i].strike(r);
}

/* ---- a command on its way, and its reply ---- */

struct travel {
    struct sim_redis_link *link;
    uint64_t id;
    int place;
    struct redis_blob *wire; /* there */
    struct buf reply;        /* back */
};

static void travel_free(void *self)
{
    struct travel *t = self;

    sim_redis_link_release(t->link);
    redis_blob_release(t->wire);
    buf_release(&t->reply);
    xfree(t);
}

static void come_home(void *self)
{
    struct travel *t = self;

    if (t->link->client)
        sim_redis_heard(t->link->client, t->link, t->id, buf_view(&t->reply));
    travel_free(t);
}

/* Not before what was put on this way earlier. */
static int64_t in_order(struct sim_redis *r, int64_t *last_us, int64_t way_us)
{
    int64_t now = scheduler_now(r->s);

    *last_us = now + way_us > *last_us ? now + way_us : *last_us + 1;
    return *last_us - now;
}

static void save_now_and_then(struct sim_redis *r)
{
    uint64_t written = redis_server_written(r->primary->redis);
    int64_t now = scheduler_now(r->s);

    if (!r->swarm || written == r->saved_at ||
        (r->save_count && now - r->saves[r->save_count - 1].at_us < SAVE_EVERY_US))
        return;
    if (r->save_count == SIM_REDIS_SAVES) {
        redis_data_release(&r->saves[0].data);
        memmove(r->saves, r->saves + 1, --r->save_count * sizeof *r->saves);
    }
    r->saves[r->save_count].at_us = now;
    redis_server_save(r->primary->redis, &r->saves[r->save_count++].data);
    r->saved_at = written;
}

static void run(struct travel *t)
{
    struct str wire = redis_blob_view(t->wire);
    struct str *words = NULL;
    size_t n = 0;

    BUG_IF(!redis_resp_command(&wire, &words, &n));
    t->reply = (struct buf)BUF_INIT(REDIS_RESP_MAX);
    redis_server_execute(t->link->node->redis, 0, words, n, &t->reply);
    xfree(words);
}

static bool struck_at(const struct travel *t, enum fault f)
{
    int before = swarm_at(t->link->r->swarm, t->place);
    bool hit = struck(t->link->r, f);

    (void)swarm_at(t->link->r->swarm, before);
    return hit;
}

/* True: it ran, and its reply is to be told. */
static bool arrives(struct travel *t)
{
    struct sim_redis *r = t->link->r;

    befall(r);
    if (t->link->dead || t->link->node->down)
        return false;
    if (struck_at(t, FAULT_REDIS_LOST_BEFORE)) {
        cut(t->link);
        return false;
    }
    save_now_and_then(r);
    run(t);
    if (struck_at(t, FAULT_REDIS_LOST_AFTER))
        cut(t->link);
    return !t->link->dead && !t->link->over && t->link->client;
}

static void arrive(void *self)
{
    struct travel *t = self;
    struct sim_redis_link *l = t->link;
    struct mem_account *before = mem_account_set(&l->r->memory);

    if (arrives(t)) {
        int64_t us = in_order(l->r, &l->last_back_us, sim_redis_way_us(l->r));
        (void)scheduler_after(l->r->s, us,
                              &(struct completion){l->owner, "redis.reply", come_home, travel_free, t});
    } else {
        travel_free(t);
    }
    (void)mem_account_set(before);
}

void sim_redis_post(struct sim_redis_link *l, uint64_t id, struct redis_blob *wire, int place)
{
    struct travel *t = xcalloc(1, sizeof *t);
    int64_t way = sim_redis_way_us(l->r);

    t->link = l;
    l->refs++;
    t->id = id;
    t->place = place;
    if (struck_at(t, FAULT_REDIS_SLOW))
        way += chance_between(&l->r->chance, 1, SLOW_MAX_US);
    t->wire = redis_blob_share(wire);
    (void)scheduler_after(l->r->s, in_order(l->r, &l->last_there_us, way),
                          &(struct completion){0, "redis.arrives", arrive, travel_free, t});
}

void sim_redis_ask(struct sim_redis *r, const struct str *words, size_t n, struct buf *out)
{
    struct mem_account *before = mem_account_set(&r->memory);

    redis_server_execute(r->primary->redis, 0, words, n, out);
    (void)mem_account_set(before);
}

#include "producer/seed.h"

#include "base/mem.h"

#include <string.h>

enum {
    SEED_PIPELINE = 64,      /* snapshots on their way into the view */
    SEED_MS = 5 * 60 * 1000, /* a building that takes longer begins again */
};

enum seed_step { SEED_BEGIN, SEED_DROP, SEED_MARKS, SEED_LOAD, SEED_END };

struct seeding {
    enum seed_step step;
    char nonce[CONTEXT_ID_MAX];
    uint64_t asked;       /* the view's answer that is awaited; 0: none */
    uint64_t marks_asked; /* Kafka's: ids of two ports may be equal */
    kafka_reader reader;
    int64_t next, high; /* of the snapshot topic */
    int64_t first;      /* L */
    int64_t generation; /* the highest that a snapshot names; VIEW_NOT_KNOWN: none */
    size_t loading;     /* on their way into the view */
    bool cleared;       /* what was there is gone: snapshots may be loaded */
    uint64_t serial;    /* tells answers of this building from those of an earlier one */
    int64_t until_ms;
};

static void close_reader(struct partition *p)
{
    const struct kafka *k = &p->c->ports->kafka;

    if (p->seeding->reader)
        k->ops->close(k->port, p->seeding->reader, 0);
    p->seeding->reader = 0;
}

void seed_stop(struct partition *p)
{
    if (!p->seeding)
        return;
    close_reader(p);
    xfree(p->seeding);
    p->seeding = NULL;
}

/* The answer of the open question: false when it is a stale one, or no good; then trouble is noted. */
static bool answered(struct partition *p, uint64_t id, const struct err *err)
{
    if (!p->seeding || p->seeding->asked != id)
        return false;
    p->seeding->asked = 0;
    if (err->kind == ERR_NONE)
        return true;
    log_warn(p->c->ports->log, "seed.failed", fi("partition", p->number), fe(err));
    partition_trouble(p, TROUBLE_LOCATE);
    return false;
}

static bool agreed(struct partition *p, uint64_t id, const struct view_said *s)
{
    if (!answered(p, id, &s->err))
        return false;
    if (s->yes)
        return true;
    partition_trouble(p, TROUBLE_LOCATE); /* there is a view by now, or another leader builds it */
    return false;
}

static void scan(struct partition *p, const char *cursor);

/* ---- the end ---- */

static void on_end(void *self, uint64_t id, const struct view_said *s)
{
    struct partition *p = self;

    if (!agreed(p, id, s))
        return;
    p->force = false;
    p->must_open = true;
    p->c->counters.rebuilds++;
    log_info(p->c->ports->log, "view.built", fi("partition", p->number), fi("start", p->seeding->first));
    partition_trouble(p, TROUBLE_LOCATE); /* it is there now: found like any other view */
}

static void end(struct partition *p)
{
    struct seeding *s = p->seeding;
    struct view_seed_end e = {
        .first = s->first,
        .high = p->beat.high,
        .ttl_ms = p->c->options->lease.ttl_ms,
        .taws_ms = p->c->options->fence.window_ms,
        .generation = s->generation,
    };

    close_reader(p);
    s->step = SEED_END;
    s->asked = view_seed_end(p->c->view, p->number, s->nonce, &e, on_end, p);
}

/* ---- snapshots ---- */

struct loading { /* one snapshot, or keys to be dropped, on its way */
    struct partition *p;
    uint64_t serial;
};

static void on_loaded(void *self, uint64_t id, const struct view_said *s)
{
    struct loading *l = self;
    struct partition *p = l->p;
    bool ours = p->seeding && p->seeding->serial == l->serial;

    (void)id;
    xfree(l);
    if (!ours)
        return;
    p->seeding->loading--;
    if (s->err.kind != ERR_NONE) {
        log_warn(p->c->ports->log, "seed.failed", fi("partition", p->number), fe(&s->err));
        partition_trouble(p, TROUBLE_LOCATE);
        /* a no: an older snapshot than the one that is loaded, or another leader builds, which the end will
     * tell */
    }
}

static void load(struct partition *p, const struct kafka_record *r)
{
    struct seeding *s = p->seeding;
    struct view_snapshot snap = {0};
    struct err e = {0};
    char *workload = NULL;

    if (r->value.n == 0 || !ids_workload_ok(r->key))
        return; /* a tombstone, or nobody's */
    if (!view_snapshot_parse(r->value, &snap, &e)) {
        partition_halt(p, "SNAPSHOT_UNREADABLE",
                       e.msg); /* without it the workload's history before L is unknown */
        return;
    }
    if (snap.fv > VIEW_FV) {
        partition_halt(p, "UPGRADE_NEEDED", "an idle snapshot was written by newer rules of folding");
    } else {
        struct loading *l = xcalloc(1, sizeof *l);
        *l = (struct loading){.p = p, .serial = s->serial};
        if (snap.log > s->generation)
            s->generation = snap.log;
        s->loading++;
        workload = str_dup(r->key);
        (void)view_seed_workload(p->c->view, p->number, s->nonce, workload, snap.asof, str_of(snap.json),
                                 on_loaded, l);
        xfree(workload);
    }
    view_snapshot_release(&snap);
}

static void read_snapshots(struct partition *p)
{
    const struct kafka *k = &p->c->ports->kafka;
    struct seeding *s = p->seeding;
    struct err e = {0};

    s->cleared = s->cleared || s->loading == 0;
    if (!s->cleared)
        return;
    while (s->next < s->high && s->loading < SEED_PIPELINE && p->state == PARTITION_SEED) {
        struct kafka_record r = {0};
        if (k->ops->read(k->port, s->reader, &r, &e) != KAFKA_RECORD)
            return;
        if (r.offset < s->high)
            load(p, &r);
        if (p->seeding != s)
            return; /* it has halted the partition */
        s->next = r.offset + 1;
    }
    if (p->state == PARTITION_SEED && s->next >= s->high && s->loading == 0)
        end(p);
}

static void on_snap_marks(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct partition *p = self;
    const struct kafka *k = &p->c->ports->kafka;

    if (!p->seeding || p->seeding->marks_asked != id)
        return;
    p->seeding->marks_asked = 0;
    if (w->err.kind != ERR_NONE || w->n != 1 || w->high[0] < 0) {
        partition_trouble(p, TROUBLE_LOCATE);
        return;
    }
    p->seeding->next = w->low[0];
    p->seeding->high = w->high[0];
    p->seeding->step = SEED_LOAD;
    if (p->seeding->next < p->seeding->high)
        p->seeding->reader = k->ops->assign(k->port, p->c->snap, p->number, p->seeding->next);
}

/* ---- what is there is dropped ---- */

static void drop(struct partition *p, const struct str *keys, size_t n)
{
    struct loading *l = xcalloc(1, sizeof *l);

    *l = (struct loading){.p = p, .serial = p->seeding->serial};
    p->seeding->loading++;
    (void)view_seed_drop(p->c->view, p->number, p->seeding->nonce, keys, n, on_loaded, l);
}

static void on_keys(void *self, uint64_t id, const struct view_keys *keys)
{
    struct partition *p = self;
    const struct kafka *k = &p->c->ports->kafka;
    BUF_CLEANUP struct buf cursor = BUF_INIT(64);
    size_t n = keys->n;

    if (!answered(p, id, &keys->err))
        return;
    for (size_t i = 0; i < n; i += VIEW_DROP_MAX)
        drop(p, keys->at + i, n - i < VIEW_DROP_MAX ? n - i : VIEW_DROP_MAX);
    buf_add(&cursor, keys->cursor);
    if (!str_is(keys->cursor, "0")) {
        scan(p, buf_cstr(&cursor));
        return;
    }
    p->seeding->step = SEED_MARKS;
    p->seeding->marks_asked = k->ops->watermarks(k->port, p->c->snap, &p->number, 1, on_snap_marks, p);
}

static void scan(struct partition *p, const char *cursor)
{
    p->seeding->step = SEED_DROP;
    p->seeding->asked = view_seed_scan(p->c->view, p->number, cursor, on_keys, p);
}

static void on_beheaded(void *self, uint64_t id, const struct view_said *s)
{
    (void)self; /* whatever it says: the building is begun anew */
    (void)id;
    (void)s;
}

static void on_begun(void *self, uint64_t id, const struct view_said *s)
{
    struct partition *p = self;

    if (p->seeding && id == p->seeding->asked && s->err.kind == ERR_INVALID) {
        log_error(p->c->ports->log, "view.unreadable", fi("partition", p->number), fe(&s->err),
                  fs("remedy", "its head is removed; find who else writes under this redis.prefix"));
        (void)view_behead(p->c->view, p->number, on_beheaded, p);
    }
    if (agreed(p, id, s))
        scan(p, "0");
}

void seed_start(struct partition *p)
{
    struct seeding *s = NULL;
    int64_t first = p->locate.start >= 0 ? p->locate.start : 0; /* or the log's very first record */

    seed_stop(p);
    if (first < p->beat.low || first > p->beat.high) {
        partition_halt(p, "LOG_TRUNCATED", "the log no longer holds what a lost view has to be built from");
        return;
    }
    s = xcalloc(1, sizeof *s);
    context_nonce(p->c, s->nonce);
    s->first = first;
    s->generation = VIEW_NOT_KNOWN;
    rng_bytes(&p->c->ports->rng, &s->serial, sizeof s->serial);
    s->until_ms = p->c->now_ms + SEED_MS;
    p->seeding = s;
    log_info(p->c->ports->log, "view.build", fi("partition", p->number), fi("start", first),
             fb("force", p->force));
    s->asked = view_seed_begin(p->c->view, p->number, s->nonce, p->force, on_begun, p);
}

void seed_turn(struct partition *p)
{
    if (!p->seeding)
        return;
    if (p->seeding->step == SEED_LOAD)
        read_snapshots(p);
    if (p->seeding && p->c->now_ms >= p->seeding->until_ms)
        partition_trouble(p, TROUBLE_LOCATE);
}

#include "producer/tail.h"

#include "base/mem.h"
#include "producer/leader.h"
#include "producer/notices.h"
#include "producer/owed.h"
#include "producer/pump.h"
#include "producer/replay.h"
#include "producer/tally.h"
#include "view/record.h"

#include <string.h>

/*
 * Records of one turn, and their bytes, but for the last: all are heard before the first is folded, since the
 * last of many reports is what the next step waits for; the view folds them while the next turn's are heard.
 */
enum { TAIL_READS = 32, TAIL_BYTES = 64 * 1024 };

struct heard { /* a record, read and parsed */
    struct view_position at;
    char *key, *text; /* owned; what is borrowed from the reader does not last */
    size_t bytes;
    bool parsed;
    struct event ev;
};

static void sent_release(struct fold_sent *s)
{
    xfree(s->workload);
    xfree(s->run);
    xfree(s->epoch);
    xfree(s->job);
    tally_free(s->tally);
    *s = (struct fold_sent){0};
}

static void forget(struct tail *t)
{
    for (size_t i = 0; i < t->n; i++)
        sent_release(&t->ring[(t->first + i) % PARTITION_PIPELINE]);
    t->first = t->n = 0;
}

void tail_stop(struct partition *p)
{
    const struct kafka *k = &p->c->ports->kafka;

    if (p->tail.reader)
        k->ops->close(k->port, p->tail.reader, 0);
    p->tail.reader = 0;
    forget(&p->tail);
}

void tail_start(struct partition *p, int64_t offset)
{
    const struct kafka *k = &p->c->ports->kafka;

    tail_stop(p);
    p->tail.pos = p->tail.sent_to = offset - 1;
    p->tail.reader = k->ops->assign(k->port, p->c->events, p->number, offset);
}

/* ---- what the view said ---- */

/* Something is owed, or due: asked for, unless what was asked last went out behind this record's fold. */
static void look_for_owed(struct partition *p, const struct fold_sent *s)
{
    if (p->owed.seen < s->offset)
        p->owed.due_ms = 0;
}

static void look_for_due(struct partition *p, const struct fold_sent *s)
{
    if (p->pump.seen < s->offset)
        p->pump.due_ms = 0;
}

static void opened(struct partition *p, const struct fold_sent *s, int64_t step)
{
    struct epoch ep;

    look_for_due(p, s);
    if (partition_leads(p) && s->type == EVENT_TIER_PLANNED && s->epoch && epoch_parse(str_of(s->epoch), &ep))
        pump_opened(p, &ep, step);
}

static void act(struct partition *p, const struct fold_sent *s, const struct view_folded *f)
{
    switch (f->answer) {
    case VIEW_FOLD_OPEN:
        opened(p, s, f->n);
        break;
    case VIEW_FOLD_ADMIT:
    case VIEW_FOLD_DRAIN:
    case VIEW_FOLD_PLAN:
    case VIEW_FOLD_DONE:
        look_for_owed(p, s);
        break;
    default:
        break;
    }
    if (s->type == EVENT_JOB_TERMINAL) {
        look_for_owed(p, s); /* a drain may wait for its lease */
        pump_forget(p, s->job);
    }
    if (f->answer == VIEW_FOLD_IGN)
        p->c->counters.ignored++;
    if (partition_leads(p))
        notices_folded(p, s, f);
}

static void fold_failed(struct partition *p, const struct fold_sent *s, const struct err *err)
{
    p->c->counters.view_failures++;
    log_warn(p->c->ports->log, "fold.failed", fi("partition", p->number), fi("offset", s->offset), fe(err));
    if (err->kind != ERR_INVALID) {
        partition_trouble(p, TROUBLE_LOCATE);
        return;
    }
    if (p->tail.bad_offset == s->offset) {
        partition_halt(p, "FOLD_FAILED", err->msg);
        return;
    }
    p->tail.bad_offset = s->offset;
    partition_trouble(p, TROUBLE_REBUILD);
}

static void not_folded(struct partition *p, const struct fold_sent *s, const struct view_folded *f)
{
    log_info(p->c->ports->log, "fold.refused", fi("partition", p->number), fi("offset", s->offset),
             fs("answer", view_fold_names[f->answer]), fi("n", f->n));
    if (f->answer == VIEW_FOLD_UPGRADE)
        partition_halt(p, "UPGRADE_NEEDED", "a record that may not be skipped is not known to this build");
    else if (f->answer == VIEW_FOLD_GAP)
        p->must_open = true; /* the script has emptied `inc` */
    partition_trouble(p, TROUBLE_LOCATE);
}

static bool is_folded(const struct view_folded *f)
{
    return f->err.kind == ERR_NONE && (f->answer <= VIEW_FOLD_DUP);
}

static void on_fold(void *self, uint64_t id, const struct view_folded *f)
{
    struct partition *p = self;
    struct tail *t = &p->tail;
    struct fold_sent *s = &t->ring[t->first];

    if (t->n == 0 || s->id != id || p->trouble != TROUBLE_NONE || p->state == PARTITION_HALT) {
        /* Out of turn: an answer from before a restart, or one that a script's reloading overtook. */
        bool ours = false;
        for (size_t i = 0; i < t->n; i++)
            ours = ours || t->ring[(t->first + i) % PARTITION_PIPELINE].id == id;
        if (ours && p->state != PARTITION_HALT)
            partition_trouble(p, TROUBLE_LOCATE);
        return;
    }
    if (is_folded(f)) {
        p->c->counters.folds++;
        t->pos = s->offset;
        tally_folded(p, s, f);
        act(p, s, f);
    } else if (f->err.kind != ERR_NONE) {
        fold_failed(p, s, &f->err);
    } else {
        not_folded(p, s, f);
    }
    if (p->state == PARTITION_HALT)
        return; /* the ring has been emptied */
    sent_release(s);
    t->first = (t->first + 1) % PARTITION_PIPELINE;
    t->n--;
}

/* ---- reading ---- */

static int64_t step_of(const struct event *ev)
{
    if (ev->type == EVENT_JOB_TERMINAL)
        return ev->terminal.step;
    return ev->type == EVENT_TIER_PLANNED ? ev->planned.step : VIEW_NOT_KNOWN;
}

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

/* A run's step may stay shut for it. */
static bool may_shut(enum event_type type)
{
    return type == EVENT_PAUSE || type == EVENT_CANCEL || type == EVENT_RUN_ACCEPTED ||
           type == EVENT_DRAINED || type == EVENT_PLAN_FAILED;
}

/* What the record will make of its run, when the view has folded it. */
static void look_ahead(struct partition *p, const struct event *ev, int64_t offset)
{
    struct epoch ep;
    bool ours = ev->epoch && ev->workload && epoch_parse(str_of(ev->epoch), &ep) && ep.partition == p->number;

    if (ours && ev->type == EVENT_TIER_PLANNED)
        foresight_planned(&p->foresight, &ep, &ev->planned);
    else if (ours && ev->type == EVENT_JOB_TERMINAL && foresight_ended(&p->foresight, &ep, ev->terminal.step))
        owed_foresee(p, ev, offset);
    else if (ev->workload && may_shut(ev->type))
        owed_disturb(p, ev->workload);
}

static void hear(struct partition *p, const struct kafka_record *r, struct heard *h)
{
    struct err e = {0};

    *h = (struct heard){.key = str_dup(r->key), .text = str_dup(r->value), .bytes = r->value.n};
    h->at = (struct view_position){
        .partition = p->number,
        .partitions = p->c->partitions,
        .generation = p->generation,
        .offset = r->offset,
        .ts_ms = r->ts_ms,
        .key = str_n(h->key, r->key.n),
    };
    h->parsed = event_parse(r->value, &h->ev, &e);
    if (h->parsed) {
        look_ahead(p, &h->ev, r->offset);
        return;
    }
    p->c->counters.unparsed++;
    log_warn(p->c->ports->log, "record.unparsed", fi("partition", p->number), fi("offset", r->offset),
             fe(&e));
}

static void heard_release(struct heard *h)
{
    if (h->parsed)
        event_release(&h->ev);
    xfree(h->key);
    xfree(h->text);
}

static void send_record(struct partition *p, const struct heard *h)
{
    struct tail *t = &p->tail;
    struct fold_sent *s = &t->ring[(t->first + t->n) % PARTITION_PIPELINE];
    const struct event *ev = h->parsed ? &h->ev : NULL;

    *s = (struct fold_sent){.offset = h->at.offset, .type = ev ? ev->type : EVENT_OTHER};
    if (ev) {
        s->workload = copy(ev->workload);
        s->run = copy(ev->run);
        s->epoch = copy(ev->epoch);
        s->job = ev->type == EVENT_JOB_TERMINAL ? copy(ev->terminal.job) : NULL;
        s->step = step_of(ev);
        s->tally = tally_of(p, ev, h->at.offset);
        if (record_is_folded(&h->at, ev))
            replay_saw(p, ev->workload, h->at.offset);
    }
    s->id = view_fold(p->c->view, &h->at, ev, str_n(h->text, h->bytes), on_fold, p);
    t->n++;
    t->sent_to = h->at.offset;
    /* it may be a step's last, or the plan's: asked for in the same breath */
    if (s->type == EVENT_JOB_TERMINAL)
        p->owed.due_ms = 0;
    else if (s->type == EVENT_TIER_PLANNED)
        pump_expect(p);
}

/* The next record that is not in the view's hands yet. False: there is none now, or (hole) not the one that
 * must follow `last`. */
static bool read_next(struct partition *p, int64_t last, struct kafka_record *r, bool *hole)
{
    const struct kafka *k = &p->c->ports->kafka;
    struct err e = {0};

    for (;;) {
        enum kafka_read got = k->ops->read(k->port, p->tail.reader, r, &e);
        if (got == KAFKA_FAILED)
            log_warn(p->c->ports->log, "log.read", fi("partition", p->number), fe(&e));
        if (got != KAFKA_RECORD)
            return false;
        if (r->offset <= last)
            continue; /* the view would say DUP */
        *hole = r->offset != last + 1;
        return !*hole;
    }
}

void tail_turn(struct partition *p)
{
    struct tail *t = &p->tail;
    struct heard heard[TAIL_READS];
    int n = 0;
    size_t bytes = 0;
    bool hole = false;

    while (n < TAIL_READS && bytes < TAIL_BYTES && t->reader && t->n + (size_t)n < PARTITION_PIPELINE &&
           !leader_waits(p)) {
        struct kafka_record r = {0};
        if (!read_next(p, n ? heard[n - 1].at.offset : t->sent_to, &r, &hole))
            break;
        hear(p, &r, &heard[n]);
        bytes += heard[n++].bytes;
    }
    for (int i = 0; i < n; i++) {
        send_record(p, &heard[i]);
        heard_release(&heard[i]);
    }
    if (hole)
        partition_halt(p, "LOG_TRUNCATED", "the log has a hole behind what is folded");
}

#include "worker/intake.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/topics.h"

#include <string.h>

enum entry_state {
    ENTRY_UNNOTED, /* not looked at: the in-hand note cannot be written */
    ENTRY_WAITS,   /* for its next claim */
    ENTRY_CLAIMING,
    ENTRY_LETTER,
    ENTRY_ANSWERED
};

struct entry { /* a record that is read and not stored yet */
    uint64_t id, call;
    enum entry_state state;
    int partition;
    int64_t offset, ts_ms;
    struct str text; /* owned */
    struct job job;
    struct epoch epoch;
    char token[IDS_TOKEN_MAX];
    int64_t since_ms, again_ms, sent_ms;
    int64_t pause_ms; /* until it is claimed again, the last time */
};

struct intake {
    struct intake_parts p;
    size_t bytes; /* of all texts in the ring */
    char topic[TOPIC_NAME_MAX];
    kafka_reader reader;
    struct entry ring[INTAKE_AHEAD];
    size_t first, n;
    uint64_t last_id;
    bool draining, paused;
    bool more; /* the last turn left records unread */
    struct intake_counts counts;
};

static const struct kafka *kafka(const struct intake *in)
{
    return &in->p.ports->kafka;
}

struct intake *intake_new(const struct intake_parts *parts)
{
    struct intake *in = xcalloc(1, sizeof *in);
    char group[TOPIC_NAME_MAX];

    in->p = *parts;
    topic_name(TOPIC_JOBS, parts->options->kafka.prefix, in->topic);
    topic_group_workers(parts->options->kafka.prefix, group);
    in->reader = kafka(in)->ops->subscribe(kafka(in)->port, in->topic, group);
    return in;
}

static struct entry *at(struct intake *in, size_t i)
{
    return &in->ring[(in->first + i) % INTAKE_AHEAD];
}

static void release(struct entry *x)
{
    xfree((char *)x->text.p);
    job_release(&x->job);
    *x = (struct entry){0};
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->n; i++)
        release(at(in, i));
    xfree(in);
}

void intake_drain(struct intake *in)
{
    in->draining = true;
}

/* Behind a record that nobody has looked at nothing can be stored: what is answered there is read again. */
size_t intake_in_hand(const struct intake *in)
{
    size_t n = 0;
    bool stays = false;

    for (size_t i = 0; i < in->n; i++) {
        enum entry_state state = in->ring[(in->first + i) % INTAKE_AHEAD].state;
        stays = stays || state == ENTRY_UNNOTED;
        n += state != ENTRY_UNNOTED && !(stays && state == ENTRY_ANSWERED);
    }
    return n;
}

struct intake_counts intake_counts(const struct intake *in)
{
    return in->counts;
}

void intake_leave(struct intake *in, int64_t timeout_ms)
{
    if (in->reader)
        kafka(in)->ops->close(kafka(in)->port, in->reader, timeout_ms);
    in->reader = 0;
}

bool intake_joined(const struct intake *in)
{
    struct kafka_group_state g = {0};

    if (in->reader)
        kafka(in)->ops->group(kafka(in)->port, in->reader, &g);
    return g.joined;
}

static struct entry *find(struct intake *in, uint64_t call, uint64_t id)
{
    for (size_t i = 0; i < in->n; i++)
        if ((call && at(in, i)->call == call) || (id && at(in, i)->id == id))
            return at(in, i);
    return NULL;
}

static struct report_letter letter_of(const struct intake *in, const struct entry *x, const char *why)
{
    return (struct report_letter){
        .topic = in->topic,
        .partition = x->partition,
        .offset = x->offset,
        .ts_ms = x->ts_ms,
        .key = str_of(x->job.job),
        .value = x->text,
        .why = why,
    };
}

/* ---- claims ---- */

static void take(struct intake *in, struct entry *x, const struct view_claimed *c, int64_t now_ms)
{
    int64_t deadline_ms = x->sent_ms + leases_local_ms(in->p.leases, (int)x->epoch.partition, now_ms);

    x->job.options.observe = x->job.options.observe || in->p.options->observe;
    struct work *w = works_add(in->p.works, &x->job, &x->epoch, x->token, c->attempt, deadline_ms, now_ms);
    leases_begin(in->p.leases, w, c->hv, now_ms);
    if (in->draining)
        job_step_drain(w->step);
    inhand_acquit(in->p.inhand, x->partition, x->offset);
    log_info(in->p.ports->log, "job.claimed", fs("action", action_names[w->job.action]),
             fs("job", w->job.job), fs("tier", w->job.tier), fs("run", w->job.run), fi("attempt", w->attempt),
             fi("members", (int64_t)w->job.members.n));
}

static void poison(struct intake *in, const struct entry *x, const struct view_claimed *c)
{
    struct report_letter l =
        letter_of(in, x, "poison: its workers die, or its leases expire, again and again");

    l.attempts = c->expiries;
    report_poison(in->p.report, &l, &x->job, &x->epoch, x->token);
}

/* An answer that ends the record's stay here. */
static void answered(struct intake *in, struct entry *x, const struct view_claimed *c, int64_t now_ms)
{
    in->counts.claimed += c->answer == VIEW_CLAIM_OK;
    in->counts.busy += c->answer == VIEW_CLAIM_BUSY;
    in->counts.fenced += c->answer == VIEW_CLAIM_FENCED;
    in->counts.paused += c->answer == VIEW_CLAIM_PAUSED;
    in->counts.done += c->answer == VIEW_CLAIM_DONE;
    in->counts.poison += c->answer == VIEW_CLAIM_POISON;
    if (c->answer == VIEW_CLAIM_OK)
        take(in, x, c, now_ms);
    else if (c->answer == VIEW_CLAIM_POISON)
        poison(in, x, c);
    x->state = ENTRY_ANSWERED;
}

static void wait_or_drop(struct intake *in, struct entry *x, int64_t now_ms)
{
    x->state = ENTRY_WAITS;
    x->pause_ms = x->pause_ms == 0 ? INTAKE_SOON_MS : 2 * x->pause_ms;
    if (x->pause_ms > INTAKE_AGAIN_MS)
        x->pause_ms = INTAKE_AGAIN_MS;
    x->again_ms = now_ms + x->pause_ms;
    if (now_ms - x->since_ms < INTAKE_WAIT_MS && !in->draining)
        return;
    in->counts.waited++; /* the view delivers it again */
    x->state = ENTRY_ANSWERED;
}

static void on_claimed(void *self, uint64_t id, const struct view_claimed *c)
{
    struct intake *in = self;
    struct entry *x = find(in, id, 0);
    int64_t now_ms = clock_now(&in->p.ports->clock).boot_ms;

    if (!x)
        return;
    x->call = 0;
    if (c->err.kind == ERR_NONE && c->answer != VIEW_CLAIM_WAIT) {
        answered(in, x, c, now_ms);
        return;
    }
    if (c->err.kind != ERR_NONE && !err_is_retriable(&c->err))
        log_error(in->p.ports->log, "intake.claim_failed", fs("job", x->job.job), fe(&c->err));
    wait_or_drop(in, x, now_ms);
}

static void claim(struct intake *in, struct entry *x, int64_t now_ms)
{
    struct view_job job = {x->epoch, str_of(x->job.workload), x->job.step, str_of(x->job.job),
                           str_of(x->token)};

    if (leases_local_ms(in->p.leases, (int)x->epoch.partition, now_ms) == 0) {
        wait_or_drop(in, x, now_ms);
        x->again_ms = now_ms + INTAKE_LEARN_MS; /* asked just now: the first record of a partition */
        return;
    }
    x->state = ENTRY_CLAIMING;
    x->sent_ms = clock_now(&in->p.ports->clock).boot_ms;
    x->call = view_claim(in->p.view, &job, in->p.worker, in->p.options->worker.max_expiries, on_claimed, in);
}

/* ---- records ---- */

static void on_letter(void *self, uint64_t tag, bool written)
{
    struct intake *in = self;
    struct entry *x = find(in, 0, tag);

    if (!x)
        return;
    if (!written)
        log_error(in->p.ports->log, "intake.letter_lost", fi("partition", x->partition),
                  fi("offset", x->offset));
    inhand_acquit(in->p.inhand, x->partition, x->offset);
    x->state = ENTRY_ANSWERED;
}

static void bury(struct intake *in, struct entry *x, const char *why)
{
    struct report_letter l = letter_of(in, x, why);

    in->counts.unparseable++;
    x->state = ENTRY_LETTER;
    report_dead_letter(in->p.report, &l, on_letter, in, x->id);
}

static bool parse(struct entry *x, struct err *e)
{
    if (!job_parse(x->text, &x->job, e))
        return false;
    if (!epoch_parse(str_of(x->job.epoch), &x->epoch) || x->epoch.partition >= LEASES_PARTITIONS_MAX)
        return err_set(e, ERR_INVALID, "field 'epoch': no such partition");
    return true;
}

static void look_at(struct intake *in, struct entry *x, int64_t now_ms)
{
    unsigned char bytes[(IDS_TOKEN_MAX - 1) / 2];
    struct err e = {0};

    x->since_ms = now_ms;
    if (inhand_deaths(in->p.inhand, x->partition, x->offset) >= INHAND_DEATHS_MAX) {
        bury(in, x, "workers died with this record in hand");
        return;
    }
    if (!inhand_record(in->p.inhand, x->partition, x->offset)) {
        x->again_ms = now_ms + INTAKE_AGAIN_MS;
        return;
    }
    if (parse(x, &e)) {
        rng_bytes(&in->p.ports->rng, bytes, sizeof bytes);
        crypto_hex(bytes, sizeof bytes, x->token);
        claim(in, x, now_ms);
    } else {
        bury(in, x, e.msg);
    }
    inhand_clear(in->p.inhand);
}

static void receive(struct intake *in, const struct kafka_record *record, int64_t now_ms)
{
    struct entry *x = at(in, in->n++);

    in->counts.records++;
    *x = (struct entry){.id = ++in->last_id,
                        .partition = record->partition,
                        .offset = record->offset,
                        .ts_ms = record->ts_ms};
    x->text =
        (struct str){xstrndup(record->value.n ? record->value.p : "", record->value.n), record->value.n};
    in->bytes += x->text.n;
    look_at(in, x, now_ms);
}

static void store(struct intake *in)
{
    while (in->n && at(in, 0)->state == ENTRY_ANSWERED) {
        struct entry *x = at(in, 0);
        in->bytes -= x->text.n;
        if (in->reader)
            kafka(in)->ops->store(kafka(in)->port, in->reader, x->partition, x->offset + 1);
        release(x);
        in->first = (in->first + 1) % INTAKE_AHEAD;
        in->n--;
    }
}

static bool is_full(const struct intake *in)
{
    return in->draining || report_stuck(in->p.report) || inhand_stuck(in->p.inhand) ||
           works_count(in->p.works) + in->n >= (size_t)in->p.options->worker.concurrency;
}

static void read_some(struct intake *in, int64_t now_ms)
{
    struct kafka_record record;
    struct err e = {0};

    in->more = false;
    for (int i = 0; i < INTAKE_READS_MAX; i++) {
        bool full = is_full(in);
        if (full != in->paused)
            kafka(in)->ops->pause(kafka(in)->port, in->reader, full);
        in->paused = full;
        if (in->n == INTAKE_AHEAD || in->bytes >= INTAKE_BYTES_MAX)
            return;
        enum kafka_read got = kafka(in)->ops->read(kafka(in)->port, in->reader, &record, &e);
        if (got == KAFKA_FAILED)
            log_warn(in->p.ports->log, "intake.read_failed", fe(&e));
        if (got != KAFKA_RECORD)
            return;
        receive(in, &record, now_ms);
    }
    in->more = true;
}

static void go_on(struct intake *in, struct entry *x, int64_t now_ms)
{
    if (x->state == ENTRY_WAITS && in->draining)
        wait_or_drop(in, x, now_ms);
    else if (x->state == ENTRY_WAITS && x->again_ms <= now_ms)
        claim(in, x, now_ms);
    else if (x->state == ENTRY_UNNOTED && x->again_ms <= now_ms && !in->draining)
        look_at(in, x, now_ms);
}

int64_t intake_turn(struct intake *in, int64_t now_ms)
{
    int64_t next = now_ms + INTAKE_POLL_MS;

    for (size_t i = 0; i < in->n; i++) {
        struct entry *x = at(in, i);
        go_on(in, x, now_ms);
        if ((x->state == ENTRY_WAITS || x->state == ENTRY_UNNOTED) && x->again_ms > now_ms &&
            x->again_ms < next)
            next = x->again_ms;
    }
    store(in);
    if (in->reader)
        read_some(in, now_ms);
    store(in);
    return in->more && in->n < INTAKE_AHEAD && in->bytes < INTAKE_BYTES_MAX ? now_ms : next;
}

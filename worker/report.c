#include "worker/report.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/event.h"
#include "model/topics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct post { /* a record that is to be acknowledged */
    uint64_t id, append;
    uint64_t work; /* a terminal's; 0: nobody's lease */
    bool terminal;
    bool letter, cut; /* cut: its value is the beginning of what it was */
    int partition;
    char topic[TOPIC_NAME_MAX];
    char *key;
    struct str value; /* owned */
    struct event_headers headers;
    int tries;
    int64_t next_ms, give_up_ms;
    struct post *then; /* appended when this one is acknowledged */
    report_done *done;
    void *self;
    uint64_t tag;
    UT_hash_handle hh;
};

struct report {
    struct works *works;
    const struct options *options;
    const struct ports *ports;
    char worker[200], source[256];
    struct post *table; /* by id */
    uint64_t last_id;
    size_t stuck;
    struct report_counts counts;
};

struct report *report_new(struct works *ws, const struct options *o, const struct ports *ports,
                          const char *worker)
{
    struct report *r = xcalloc(1, sizeof *r);

    r->works = ws;
    r->options = o;
    r->ports = ports;
    (void)snprintf(r->worker, sizeof r->worker, "%s", worker);
    (void)snprintf(r->source, sizeof r->source, "/ec2sched/worker/%s", worker);
    return r;
}

static void post_free(struct post *p)
{
    if (!p)
        return;
    post_free(p->then);
    xfree(p->key);
    xfree((char *)p->value.p);
    xfree(p);
}

void report_free(struct report *r)
{
    if (!r)
        return;
    while (r->table) {
        struct post *p = r->table;
        HASH_DEL(r->table, p);
        post_free(p);
    }
    xfree(r);
}

bool report_stuck(const struct report *r)
{
    return r->stuck > 0;
}

size_t report_in_hand(const struct report *r)
{
    return HASH_COUNT(r->table);
}

struct report_counts report_counts(const struct report *r)
{
    return r->counts;
}

static void new_id(const struct report *r, char hex[33])
{
    unsigned char bytes[16];

    rng_bytes(&r->ports->rng, bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, hex);
}

static struct post *post_new(const struct report *r, enum topic topic, int partition, struct str key,
                             struct str value)
{
    struct post *p = xcalloc(1, sizeof *p);

    topic_name(topic, r->options->kafka.prefix, p->topic);
    p->partition = partition;
    p->key = str_dup(key);
    p->value = (struct str){xstrndup(value.n ? value.p : "", value.n), value.n};
    return p;
}

static void on_appended(void *self, uint64_t id, const struct kafka_appended *a);

static uint64_t append(struct report *r, enum kafka_lane lane, const struct post *p, kafka_append_done *done)
{
    struct kafka_header headers[EVENT_HEADERS];

    for (size_t i = 0; i < p->headers.n; i++)
        headers[i] = (struct kafka_header){str_of(p->headers.names[i]), str_of(p->headers.values[i])};
    struct kafka_append a = {
        .lane = lane,
        .topic = p->topic,
        .partition = p->partition,
        .key = str_of(p->key),
        .value = p->value,
        .headers = headers,
        .header_count = p->headers.n,
        .letter = p->letter,
    };
    return r->ports->kafka.ops->append(r->ports->kafka.port, &a, done, r);
}

static void send(struct report *r, struct post *p)
{
    p->next_ms = INT64_MAX;
    p->append = append(r, KAFKA_LANE_EVENTS, p, on_appended);
}

static void submit(struct report *r, struct post *p)
{
    p->id = ++r->last_id;
    HASH_ADD(hh, r->table, id, sizeof p->id, p);
    send(r, p);
}

static void finish(struct report *r, struct post *p, bool written)
{
    struct work *w = p->work ? works_find(r->works, p->work) : NULL;
    struct post *then = p->then;

    HASH_DEL(r->table, p);
    r->stuck -= p->terminal && p->tries > 0;
    r->counts.terminals += p->terminal && written;
    r->counts.letters += !p->terminal && written;
    r->counts.dropped += !written;
    p->then = NULL;
    if (w) {
        w->fate = WORK_OVER;
        works_wake(r->works, w);
    }
    if (p->done)
        p->done(p->self, p->tag, written);
    post_free(p);
    if (then && written)
        submit(r, then);
    else
        post_free(then);
}

static void header(struct event_headers *h, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void header(struct event_headers *h, const char *name, const char *fmt, ...)
{
    va_list values;
    size_t i = 0;

    while (i < h->n && strcmp(h->names[i], name) != 0)
        i++;
    BUG_IF(i == EVENT_HEADERS);
    h->names[i] = name;
    va_start(values, fmt);
    (void)vsnprintf(h->values[i], sizeof h->values[i], fmt, values);
    va_end(values);
    h->n += i == h->n;
}

/*
 * The dead letters' topic does not take it as it is: what it takes of it, with the size and the digest of the
 * whole, which stays where it came from (x-topic, x-part, x-off). Each time at most half: a topic that takes
 * next to nothing is found out after few tries.
 */
static void cut_letter(struct report *r, struct post *p, const struct err *e)
{
    char digest[CRYPTO_SHA256_HEX + 1];

    if (p->value.n == 0) { /* its headers alone are too much: that will not change */
        p->give_up_ms = 0;
        return;
    }
    if (!p->cut) {
        crypto_sha256_hex(p->value, digest);
        header(&p->headers, "x-size", "%zu", p->value.n);
        header(&p->headers, "x-sha256", "%s", digest);
    }
    p->cut = true;
    p->value.n = p->value.n > REPORT_LETTER_CUT_MAX ? REPORT_LETTER_CUT_MAX : p->value.n / 2;
    header(&p->headers, "x-cut", "%zu", p->value.n);
    p->next_ms = clock_now(&r->ports->clock).boot_ms;
    log_warn(r->ports->log, "report.letter_cut", fs("topic", p->topic), fs("key", p->key),
             fi("bytes", (int64_t)p->value.n), fe(e));
}

static void on_appended(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct report *r = self;
    struct post *p = r->table;

    while (p && p->append != id)
        p = p->hh.next;
    if (!p)
        return;
    p->append = 0;
    if (a->err.kind == ERR_NONE) {
        finish(r, p, true);
        return;
    }
    r->counts.failures++;
    if (p->letter && strcmp(a->err.code, KAFKA_TOO_LARGE) == 0) {
        cut_letter(r, p, &a->err);
        return;
    }
    r->stuck += p->terminal && p->tries == 0;
    p->tries++;
    p->next_ms = clock_now(&r->ports->clock).boot_ms + REPORT_AGAIN_MS;
    log_warn(r->ports->log, "report.append_failed", fs("topic", p->topic), fs("key", p->key),
             fi("tries", p->tries), fe(&a->err));
}

/* Whether it may still be said. */
static bool may_say(const struct report *r, const struct post *p, int64_t now_ms)
{
    const struct work *w = p->work ? works_find(r->works, p->work) : NULL;

    if (w && w->living && now_ms < w->deadline_ms)
        return true;
    if (p->work && (!w || !job_step_clean(w->step)))
        return false;
    return now_ms < p->give_up_ms;
}

int64_t report_turn(struct report *r, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    struct post *after;

    for (struct post *p = r->table; p; p = after) {
        after = p->hh.next;
        if (p->append)
            continue;
        if (!may_say(r, p, now_ms)) {
            log_warn(r->ports->log, "report.dropped", fs("topic", p->topic), fs("key", p->key),
                     fi("tries", p->tries));
            finish(r, p, false);
        } else if (p->next_ms <= now_ms) {
            send(r, p);
        } else if (p->next_ms < next) {
            next = p->next_ms;
        }
    }
    return next;
}

/* ---- terminals ---- */

static void terminal_begin(const struct report *r, struct event *ev, const struct job *job, int64_t attempt,
                           const char *token)
{
    event_init(ev, EVENT_JOB_TERMINAL, clock_now(&r->ports->clock).wall_ms, job->workload, job->run);
    ev->epoch = xstrdup(job->epoch);
    ev->action = xstrdup(action_names[job->action]);
    ev->terminal.step = job->step;
    ev->terminal.tier = xstrdup(job->tier);
    ev->terminal.job = xstrdup(job->job);
    ev->terminal.attempt = attempt;
    ev->terminal.token = xstrdup(token);
    ev->terminal.worker = xstrdup(r->worker);
}

static void drop_details(struct event *ev)
{
    for (size_t i = 0; i < ev->terminal.members.n; i++) {
        xfree(ev->terminal.members.at[i].detail);
        ev->terminal.members.at[i].detail = NULL;
    }
}

static struct post *terminal_post(const struct report *r, struct event *ev, const struct epoch *ep,
                                  int64_t give_up_ms)
{
    BUF_CLEANUP struct buf text = BUF_INIT(EVENT_TEXT_MAX);
    char id[33];
    struct err e = {0};

    event_print(ev, &text);
    if (text.over) { /* a thousand long complaints: the outcomes matter more than AWS's words */
        drop_details(ev);
        buf_clear(&text);
        event_print(ev, &text);
    }
    bool fits = buf_ok(&text, "JobTerminal", &e);
    BUG_IF(!fits);
    struct post *p = post_new(r, TOPIC_EVENTS, (int)ep->partition, str_of(ev->workload), buf_view(&text));
    new_id(r, id);
    event_headers_fill(&p->headers, ev, r->source, id);
    p->terminal = true;
    p->give_up_ms = give_up_ms;
    return p;
}

static void tell(const struct report *r, const struct work *w, const struct counts *c)
{
    log_info(r->ports->log, "job.terminal", fs("action", action_names[w->job.action]), fs("job", w->job.job),
             fs("tier", w->job.tier), fs("run", w->job.run), fi("attempt", w->attempt), fi("done", c->done),
             fi("unchanged", c->unchanged), fi("bypassed", c->bypassed), fi("failed", c->failed),
             fi("doubt", c->doubt), fb("unanswered", job_step_unanswered(w->step)));
}

void report_terminal(struct report *r, struct work *w)
{
    int64_t now_ms = clock_now(&r->ports->clock).boot_ms;
    struct event ev;

    terminal_begin(r, &ev, &w->job, w->attempt, w->token);
    ev.terminal.unanswered = job_step_unanswered(w->step);
    job_step_outcomes(w->step, &ev.terminal.members);
    struct counts c = counts_of(&ev.terminal.members);
    tell(r, w, &c);
    struct post *p = terminal_post(r, &ev, &w->epoch, now_ms + REPORT_LATE_MS);
    p->work = w->id;
    w->fate = WORK_REPORTING;
    submit(r, p);
    event_release(&ev);
}

/* ---- dead letters ---- */

static struct post *letter_post(const struct report *r, const struct report_letter *l)
{
    struct post *p = post_new(r, TOPIC_DLQ, KAFKA_PARTITION_BY_KEY, l->key, l->value);
    struct instant now = clock_now(&r->ports->clock);

    header(&p->headers, "x-topic", "%s", l->topic);
    header(&p->headers, "x-part", "%d", l->partition);
    header(&p->headers, "x-off", "%" PRId64, l->offset);
    header(&p->headers, "x-err", "%s", l->why);
    header(&p->headers, "x-atts", "%" PRId64, l->attempts);
    header(&p->headers, "x-first-ts", "%" PRId64, l->ts_ms);
    header(&p->headers, "x-last-ts", "%" PRId64, now.wall_ms);
    header(&p->headers, "x-host", "%s", r->worker);
    p->letter = true;
    p->give_up_ms = now.boot_ms + REPORT_LETTER_MS;
    log_error(r->ports->log, "report.dead_letter", fs("topic", l->topic), fi("partition", l->partition),
              fi("offset", l->offset), fs("why", l->why));
    return p;
}

void report_dead_letter(struct report *r, const struct report_letter *l, report_done *done, void *self,
                        uint64_t tag)
{
    struct post *p = letter_post(r, l);

    p->done = done;
    p->self = self;
    p->tag = tag;
    submit(r, p);
}

void report_poison(struct report *r, const struct report_letter *l, const struct job *job,
                   const struct epoch *ep, const char *token)
{
    struct post *letter = letter_post(r, l);
    struct event ev;

    terminal_begin(r, &ev, job, l->attempts, token);
    ev.terminal.members.n = job->members.n;
    ev.terminal.members.at = xcalloc(job->members.n, sizeof *ev.terminal.members.at);
    for (size_t i = 0; i < job->members.n; i++)
        ev.terminal.members.at[i] = (struct member_outcome){
            .id = xstrdup(job->members.at[i]), .outcome = OUTCOME_FAILED, .cause = CAUSE_POISON};
    letter->then = terminal_post(r, &ev, ep, clock_now(&r->ports->clock).boot_ms + REPORT_POISON_MS);
    event_release(&ev);
    submit(r, letter);
}

/* ---- progress ---- */

static void on_told(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct report *r = self;

    (void)id;
    r->counts.progress += a->err.kind == ERR_NONE;
}

static const char *state_word(const struct member_life *m, bool throttled)
{
    if (m->phase == MEMBER_OVER)
        return outcome_names[m->outcome];
    if (throttled && m->phase == MEMBER_READY)
        return "throttled";
    return m->seen ? sight_names[m->state] : "waiting";
}

static void tell_progress(struct report *r, const struct work *w, int64_t now_ms)
{
    BUF_CLEANUP struct buf text = BUF_INIT(EVENT_TEXT_MAX);
    bool throttled = job_step_throttled(w->step, now_ms);
    struct event ev;
    char id[33];
    struct err e = {0};

    event_init(&ev, EVENT_JOB_PROGRESS, clock_now(&r->ports->clock).wall_ms, w->job.workload, w->job.run);
    ev.epoch = xstrdup(w->job.epoch);
    ev.action = xstrdup(action_names[w->job.action]);
    ev.progress.job = xstrdup(w->job.job);
    ev.progress.tier = xstrdup(w->job.tier);
    ev.progress.step = w->job.step;
    ev.progress.members.n = w->job.members.n;
    ev.progress.members.at = xcalloc(w->job.members.n, sizeof *ev.progress.members.at);
    for (size_t i = 0; i < w->job.members.n; i++)
        ev.progress.members.at[i] = (struct event_progress_member){
            xstrdup(w->job.members.at[i]), xstrdup(state_word(job_step_member(w->step, i), throttled))};
    event_print(&ev, &text);
    if (buf_ok(&text, "JobProgress", &e)) {
        struct post *p =
            post_new(r, TOPIC_PROGRESS, KAFKA_PARTITION_BY_KEY, str_of(w->job.run), buf_view(&text));
        new_id(r, id);
        event_headers_fill(&p->headers, &ev, r->source, id);
        (void)append(r, KAFKA_LANE_JOBS, p, on_told);
        post_free(p);
    }
    event_release(&ev);
}

int64_t report_progress(struct report *r, struct work *w, int64_t now_ms)
{
    if (job_step_changes(w->step) == w->told)
        return INT64_MAX;
    if (w->told && now_ms < w->told_ms + REPORT_PROGRESS_MS)
        return w->told_ms + REPORT_PROGRESS_MS;
    w->told = job_step_changes(w->step);
    w->told_ms = now_ms;
    tell_progress(r, w, now_ms);
    return INT64_MAX;
}

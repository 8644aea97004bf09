#include "worker/guests.h"

#include "aws/ssm.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum stage { STAGE_NODES, STAGE_SEND, STAGE_LIST };

struct question {
    uint64_t id, work;
    uint64_t call; /* that is out; 0: none */
    enum stage stage;
    size_t members[JOB_GUESTS_MAX]; /* those that have not answered */
    size_t n;
    char nonce[OVERRIDE_NONCE_MAX];
    char *command; /* owned; its id */
    bool no_bucket;
    bool throttled;           /* told, until a call of it is answered */
    int tries, polls;         /* tries: calls of this stage in a row that failed for nobody's reason */
    int64_t failing_ms;       /* since when; 0: the last one did not */
    enum err_kind failing_as; /* throttled or not */
    int64_t sent_ms, accepted_ms;
    UT_hash_handle hh;
};

struct guests {
    struct works *works;
    struct aws *aws;
    const struct options *options;
    const struct ports *ports;
    struct question *table;
    struct timers *timers; /* key: question */
    uint64_t last_id;
    struct guests_counts counts;
};

struct guests *guests_new(struct works *ws, struct aws *aws, const struct options *o,
                          const struct ports *ports)
{
    struct guests *g = xcalloc(1, sizeof *g);

    g->works = ws;
    g->aws = aws;
    g->options = o;
    g->ports = ports;
    g->timers = timers_new();
    return g;
}

static void forget(struct guests *g, struct question *q)
{
    HASH_DEL(g->table, q);
    timers_clear(g->timers, q->id);
    if (q->call)
        aws_cancel(g->aws, q->call);
    xfree(q->command);
    xfree(q);
}

void guests_free(struct guests *g)
{
    if (!g)
        return;
    while (g->table)
        forget(g, g->table);
    timers_free(g->timers);
    xfree(g);
}

size_t guests_in_hand(const struct guests *g)
{
    return HASH_COUNT(g->table);
}

struct guests_counts guests_counts(const struct guests *g)
{
    return g->counts;
}

static struct question *add(struct guests *g, uint64_t work, const size_t *members, size_t n, int64_t now_ms)
{
    struct question *q = xcalloc(1, sizeof *q);

    BUG_IF(n == 0 || n > JOB_GUESTS_MAX);
    q->id = ++g->last_id;
    q->work = work;
    memcpy(q->members, members, n * sizeof *members);
    q->n = n;
    HASH_ADD(hh, g->table, id, sizeof q->id, q);
    timers_set(g->timers, q->id, now_ms);
    return q;
}

void guests_ask(struct guests *g, struct work *w, const size_t *members, size_t n)
{
    (void)add(g, w->id, members, n, clock_now(&g->ports->clock).boot_ms);
}

static const char *id_of(const struct work *w, const struct question *q, size_t i)
{
    return w->job.members.at[q->members[i]];
}

/* The i-th has answered, or never will: it leaves the question. */
static void answer(struct guests *g, struct work *w, struct question *q, size_t i,
                   const struct member_answer *a, int64_t now_ms)
{
    size_t member = q->members[i];

    g->counts.absent += a->answer == OVERRIDE_ABSENT;
    g->counts.present += a->answer == OVERRIDE_PRESENT;
    g->counts.unknown += a->answer == OVERRIDE_UNKNOWN;
    q->n--;
    for (; i < q->n; i++)
        q->members[i] = q->members[i + 1];
    job_step_answered(w->step, member, a, now_ms);
    works_wake(g->works, w);
}

static void unknown(struct guests *g, struct work *w, struct question *q, size_t i, bool offline,
                    const char *why, int64_t now_ms)
{
    struct member_answer a = {.answer = OVERRIDE_UNKNOWN, .offline = offline, .why = why};

    answer(g, w, q, i, &a, now_ms);
}

static void give_up(struct guests *g, struct work *w, struct question *q, const char *why, int64_t now_ms)
{
    while (q->n)
        unknown(g, w, q, 0, false, why, now_ms);
}

static int64_t scaled(const struct guests *g, int64_t ms)
{
    int64_t scale = g->options->aws.time_scale > 1 ? g->options->aws.time_scale : 1;

    return ms / scale > 0 ? ms / scale : 1;
}

/* ---- who is there ---- */

static void drop_named(struct guests *g, struct work *w, struct question *q, const struct strs *named,
                       int64_t now_ms)
{
    for (size_t i = q->n; i-- > 0;)
        if (strs_has(named, str_of(id_of(w, q, i))))
            unknown(g, w, q, i, true, "Systems Manager does not know it as a managed node that runs", now_ms);
}

static void succeeded(struct question *q)
{
    q->throttled = false;
    q->tries = 0;
    q->failing_ms = 0;
}

/* One more failure in a row. True: that was enough of them. */
static bool over_long(struct question *q, enum err_kind kind, int64_t now_ms)
{
    if (!q->failing_ms || q->failing_as != kind) {
        q->failing_ms = now_ms;
        q->failing_as = kind;
    }
    q->tries++;
    return q->tries >= GUESTS_TRIES_MIN &&
           now_ms - q->failing_ms >= (kind == ERR_THROTTLED ? GUESTS_THROTTLED_MS : GUESTS_OUTAGE_MS);
}

/* That it waits for tokens, AWS's or our own pacer's, is told once, until a call of it is answered. */
static void tell_throttle(const struct guests *g, const struct work *w, struct question *q,
                          const struct aws_result *r)
{
    static const char *const calls[] = {[STAGE_NODES] = "DescribeInstanceInformation",
                                        [STAGE_SEND] = "SendCommand",
                                        [STAGE_LIST] = "ListCommandInvocations"};

    if (r->err.kind != ERR_THROTTLED || q->throttled)
        return;
    q->throttled = true;
    log_info(g->ports->log, "guests.throttled", fs("action", action_names[w->job.action]),
             fs("job", w->job.job), fs("tier", w->job.tier), fs("call", calls[q->stage]),
             fi("instances", (int64_t)q->n), fb("by_aws", r->sent), fs("code", r->err.code),
             fi("retry_after_ms", r->retry_after_ms));
}

/* A call failed. True: it is to be made again (the timer is set). */
static bool again(struct guests *g, const struct work *w, struct question *q, const struct aws_result *r,
                  int64_t now_ms)
{
    bool paced = !r->sent && r->err.kind == ERR_THROTTLED;
    int64_t wait_ms = r->retry_after_ms > 0 ? r->retry_after_ms : scaled(g, GUESTS_AGAIN_MS);

    tell_throttle(g, w, q, r);
    if (!err_is_retriable(&r->err) || (!paced && over_long(q, r->err.kind, now_ms)))
        return false;
    if (!paced)
        wait_ms = backoff_ms(q->tries, rng_below(&g->ports->rng, BACKOFF_CHANCES), r->retry_after_ms);
    timers_set(g->timers, q->id, now_ms + wait_ms);
    return true;
}

static void split(struct guests *g, struct question *q, int64_t now_ms)
{
    size_t half = q->n / 2;

    (void)add(g, q->work, q->members + half, q->n - half, now_ms);
    q->n = half;
    q->stage = STAGE_NODES;
    timers_set(g->timers, q->id, now_ms);
}

/* "InvalidInstanceId": one bad id fails the call whole. */
static void evict(struct guests *g, struct work *w, struct question *q, const struct aws_result *r,
                  int64_t now_ms)
{
    size_t before = q->n;

    drop_named(g, w, q, &r->named, now_ms);
    if (q->n == before && q->n > 1)
        split(g, q, now_ms);
    else if (q->n == before)
        unknown(g, w, q, 0, true, r->err.msg, now_ms);
    else if (q->n)
        timers_set(g->timers, q->id, now_ms);
}

static bool is_invalid_instance(const struct aws_result *r)
{
    return strcmp(r->err.code, "InvalidInstanceId") == 0;
}

static const char *platform_of(const struct work *w)
{
    return w->job.options.override_os == GUEST_WINDOWS ? "Windows" : "Linux";
}

static void on_nodes(struct guests *g, struct work *w, struct question *q, struct aws_result *r,
                     int64_t now_ms)
{
    struct ssm_nodes nodes = {0};
    char why[160];

    if (r->err.kind != ERR_NONE) {
        if (is_invalid_instance(r))
            evict(g, w, q, r, now_ms);
        else if (!again(g, w, q, r, now_ms))
            give_up(g, w, q, r->err.msg, now_ms);
        return;
    }
    ssm_nodes_take(r, &nodes);
    for (size_t i = q->n; i-- > 0;) {
        const struct ssm_node *node = ssm_nodes_find(&nodes, id_of(w, q, i));
        if (!node) {
            unknown(g, w, q, i, true, "Systems Manager does not manage it, or its agent has not come up",
                    now_ms);
        } else if (strcmp(node->ping, "Online") != 0) {
            (void)snprintf(why, sizeof why, "its agent is not online: %.40s", node->ping);
            unknown(g, w, q, i, true, why, now_ms);
        } else if (strcmp(node->platform, platform_of(w)) != 0) {
            (void)snprintf(why, sizeof why, "its agent says %.40s, its tier says %s", node->platform,
                           platform_of(w));
            unknown(g, w, q, i, false, why, now_ms);
        }
    }
    ssm_nodes_release(&nodes);
    q->stage = STAGE_SEND;
    succeeded(q);
    timers_set(g->timers, q->id, now_ms);
}

/* ---- the question ---- */

static void on_sent(struct guests *g, struct work *w, struct question *q, struct aws_result *r,
                    int64_t now_ms)
{
    struct ssm_sent sent = {0};

    if (r->err.kind == ERR_NONE) {
        ssm_sent_take(r, &sent);
        q->command = sent.command_id;
        sent.command_id = NULL;
        ssm_sent_release(&sent);
        q->stage = STAGE_LIST;
        succeeded(q);
        q->accepted_ms = now_ms;
        g->counts.commands++;
        timers_set(g->timers, q->id, now_ms + scaled(g, 1000));
    } else if (is_invalid_instance(r)) {
        evict(g, w, q, r, now_ms);
    } else if (strcmp(r->err.code, "InvalidOutputFolder") == 0 && !q->no_bucket) {
        log_warn(g->ports->log, "guests.bucket_refused", fs("job", w->job.job), fs("tier", w->job.tier),
                 fs("bucket", w->job.options.output_bucket), fe(&r->err));
        q->no_bucket = true;
        timers_set(g->timers, q->id, now_ms);
    } else if (!again(g, w, q, r, now_ms)) {
        give_up(g, w, q, r->err.msg, now_ms);
    }
}

/* ---- the answers ---- */

static bool is_word(const char *details, const char *word)
{
    for (; *details; details++) {
        if (*details == ' ')
            continue;
        if ((*details | 0x20) != (*word | 0x20))
            return false;
        word++;
    }
    return *word == '\0';
}

/* It may still answer. */
static bool is_pending(const struct ssm_invocation *v)
{
    return is_word(v->status, "Pending") || is_word(v->status, "InProgress") ||
           is_word(v->status, "Delayed") || is_word(v->status, "Cancelling");
}

static struct member_answer judge(const struct question *q, const struct ssm_invocation *v, char *why,
                                  size_t max)
{
    struct member_answer a = {.answer = OVERRIDE_UNKNOWN, .asked_ms = q->sent_ms};

    if (is_word(v->status, "Success")) {
        a.answer = override_read(str_of(v->output), q->nonce, &a.why);
        return a;
    }
    (void)snprintf(why, max, "the command ended as %.40s", v->details[0] ? v->details : v->status);
    a.why = why;
    return a;
}

static void on_listed(struct guests *g, struct work *w, struct question *q, struct aws_result *r,
                      int64_t now_ms)
{
    static const int64_t waits[] = {1000, 2000, 3000, 5000};
    struct ssm_invocations l = {0};
    char why[160];

    if (r->err.kind != ERR_NONE && !err_is_retriable(&r->err) && r->err.kind != ERR_NOT_FOUND) {
        give_up(g, w, q, r->err.msg, now_ms);
        return;
    }
    if (r->err.kind == ERR_NONE)
        ssm_invocations_take(r, &l);
    for (size_t i = q->n; i-- > 0;) {
        const struct ssm_invocation *v = ssm_invocations_find(&l, id_of(w, q, i));
        if (!v || is_pending(v))
            continue;
        struct member_answer a = judge(q, v, why, sizeof why);
        answer(g, w, q, i, &a, now_ms);
    }
    ssm_invocations_release(&l);
    if (now_ms - q->accepted_ms >= OVERRIDE_WAIT_MS)
        give_up(g, w, q, "no answer in time", now_ms);
    timers_set(g->timers, q->id, now_ms + scaled(g, waits[q->polls < 3 ? q->polls : 3]));
    q->polls++;
}

static void done(void *self, uint64_t id, struct aws_result *r)
{
    struct guests *g = self;
    struct question *q = g->table;
    int64_t now_ms = clock_now(&g->ports->clock).boot_ms;

    while (q && q->call != id)
        q = q->hh.next;
    if (!q)
        return;
    struct work *w = works_find(g->works, q->work);
    q->call = 0;
    if (w && q->stage == STAGE_NODES)
        on_nodes(g, w, q, r, now_ms);
    else if (w && q->stage == STAGE_SEND)
        on_sent(g, w, q, r, now_ms);
    else if (w)
        on_listed(g, w, q, r, now_ms);
    if (!w || q->n == 0)
        forget(g, q);
}

/* ---- calls ---- */

static void ids_of(const struct work *w, const struct question *q, struct strs *ids)
{
    for (size_t i = 0; i < q->n; i++)
        strs_add(ids, str_of(id_of(w, q, i)));
}

static void ask_nodes(struct guests *g, struct work *w, struct question *q)
{
    STRS_CLEANUP struct strs ids = {0};
    struct aws_where where = work_where(w);

    ids_of(w, q, &ids);
    q->call = ssm_describe_nodes(g->aws, &where, &ids, done, g);
}

static void new_nonce(struct guests *g, struct question *q)
{
    unsigned char bytes[OVERRIDE_NONCE_BYTES];

    rng_bytes(&g->ports->rng, bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, q->nonce);
}

static void send_command(struct guests *g, struct work *w, struct question *q)
{
    STRS_CLEANUP struct strs ids = {0};
    STRS_CLEANUP struct strs commands = {0};
    BUF_CLEANUP struct buf text = BUF_INIT(OVERRIDE_TEXT_MAX);
    const struct job_options *o = &w->job.options;
    struct aws_where where = work_where(w);
    struct instant checked = clock_now(&g->ports->clock);
    char comment[SSM_COMMENT_MAX + 1];
    struct err e = {0};

    if (!override_path_ok(str_of(o->override_file), (enum guest_os)o->override_os, &e)) {
        give_up(g, w, q, e.msg,
                checked.boot_ms); /* admission refuses such a row; a job made by hand is not to be trusted */
        return;
    }
    if (!job_step_may_change(w->step, checked.boot_ms)) {
        while (q->n) /* no word about the member: it is asked again if the job goes on */
            job_step_unasked(w->step, q->members[--q->n], checked.boot_ms);
        works_wake(g->works, w);
        return;
    }
    new_nonce(g, q);
    override_question(str_of(o->override_file), (enum guest_os)o->override_os, q->nonce, &text);
    (void)snprintf(comment, sizeof comment, "ec2sched override %s", q->nonce);
    strs_add(&commands, buf_view(&text));
    ids_of(w, q, &ids);
    struct ssm_command c = {
        .ids = &ids,
        .document = override_document((enum guest_os)o->override_os),
        .commands = &commands,
        .comment = comment,
        .timeout_s = OVERRIDE_START_S,
        .execution_s = OVERRIDE_RUN_S,
        .bucket = q->no_bucket ? NULL : o->output_bucket,
        .prefix = q->no_bucket ? NULL : o->output_prefix,
    };
    q->sent_ms = checked.boot_ms;
    q->call = ssm_send_command(g->aws, &where, &c, &checked, done, g);
}

int64_t guests_turn(struct guests *g, int64_t now_ms)
{
    uint64_t id;

    while (timers_take(g->timers, now_ms, &id)) {
        struct question *q = NULL;
        HASH_FIND(hh, g->table, &id, sizeof id, q);
        struct work *w = q ? works_find(g->works, q->work) : NULL;
        if (w && q->n && q->stage == STAGE_NODES) {
            ask_nodes(g, w, q);
        } else if (w && q->n && q->stage == STAGE_SEND) {
            send_command(g, w, q);
        } else if (w && q->n) {
            struct aws_where where = work_where(w);
            q->call = ssm_list_invocations(g->aws, &where, q->command, done, g);
        }
        if (q && !q->call && (!w || q->n == 0))
            forget(g, q);
    }
    return timers_next(g->timers);
}

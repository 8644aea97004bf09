#include "awssim/guest.h"
#include "awssim/setting.h"
#include "awssim/ssm.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/timers.h"

#include <string.h>

struct by_id {
    struct command command;
    UT_hash_handle hh;
};

struct commands {
    struct by_id **at; /* seq s stands at s % COMMANDS_MAX */
    uint64_t next_seq;
    struct by_id *by_id;
    struct timers *timers; /* seq * 64 + the invocation's place */
    struct strs missing_buckets, documents;
    int64_t visible_after_ms, time_scale;
};

enum { PLACES = 64, PRINTED_MAX = 4 * GUEST_OUT_MAX };

struct commands *commands_new(const struct json *settings, int64_t time_scale, struct err *e)
{
    static const char *const known[] = {"visible_after_ms", "missing_buckets", "documents", NULL};
    struct commands *s = xcalloc(1, sizeof *s);

    s->at = xcalloc(COMMANDS_MAX, sizeof *s->at);
    s->timers = timers_new();
    s->time_scale = time_scale;
    s->visible_after_ms = 500;
    strs_add(&s->documents, STR("AWS-RunShellScript"));
    strs_add(&s->documents, STR("AWS-RunPowerShellScript"));
    if (settings && (!setting_known(settings, "ssm", known, e) ||
                     !setting_int(settings, "visible_after_ms", &s->visible_after_ms, e) ||
                     !setting_strs(settings, "missing_buckets", &s->missing_buckets, e) ||
                     !setting_strs(settings, "documents", &s->documents, e))) {
        commands_free(s);
        return NULL;
    }
    s->visible_after_ms /= time_scale;
    return s;
}

static void forget(struct commands *s, struct by_id *h)
{
    struct command *c = &h->command;

    for (size_t i = 0; i < c->n; i++) {
        timers_clear(s->timers, c->seq * PLACES + i);
        xfree(c->at[i].out);
        xfree(c->at[i].err);
    }
    xfree(c->at);
    xfree(c->document);
    xfree(c->comment);
    xfree(c->script);
    xfree(c->account);
    xfree(c->region);
    HASH_DEL(s->by_id, h);
    xfree(h);
}

void commands_free(struct commands *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (s->at[i])
            forget(s, s->at[i]);
    xfree(s->at);
    timers_free(s->timers);
    strs_release(&s->missing_buckets);
    strs_release(&s->documents);
    xfree(s);
}

bool commands_knows_bucket(const struct awssim *sim, struct str bucket)
{
    return !strs_has(&sim->commands->missing_buckets, bucket);
}

bool commands_knows_document(const struct awssim *sim, struct str name)
{
    return strs_has(&sim->commands->documents, name);
}

int64_t commands_scale(const struct awssim *sim)
{
    return sim->commands->time_scale;
}

bool ssm_is_managed(const struct instance *i, int64_t now_ms)
{
    return i->agent && i->agent->state != AGENT_NONE && i->state == INSTANCE_RUNNING &&
           now_ms - i->running_since_ms >= i->agent->boot_ms;
}

/* When it will end, and whether the agent has anything to do with it. */
static void begin(struct invocation *v, const struct command *c)
{
    const struct agent *a = v->instance->agent;

    v->response_code = -1;
    v->delayed = a->behaviour == AGENT_DELAYED;
    v->delivers = a->state == AGENT_ONLINE && !v->delayed;
    v->ends_ms = c->requested.boot_ms + (v->delivers ? a->latency_ms : c->timeout_ms);
    v->begins_ms = v->delivers ? c->requested.boot_ms + a->latency_ms / 2 : INT64_MAX;
}

const struct command *commands_add(struct awssim *sim, struct command *taken)
{
    struct commands *s = sim->commands;
    struct by_id *h = xcalloc(1, sizeof *h);
    struct by_id **at = &s->at[s->next_seq % COMMANDS_MAX];
    struct command *c = &h->command;

    *c = *taken;
    *taken = (struct command){0};
    c->seq = s->next_seq++;
    chance_uuid(&sim->chance, c->id);
    c->visible_ms = c->requested.boot_ms + s->visible_after_ms;
    if (*at)
        forget(s, *at);
    *at = h;
    HASH_ADD_STR(s->by_id, command.id, h);
    for (size_t i = 0; i < c->n; i++) {
        begin(&c->at[i], c);
        timers_set(s->timers, c->seq * PLACES + i, c->at[i].ends_ms);
    }
    return c;
}

const struct command *commands_find(const struct awssim *sim, struct str id)
{
    struct by_id *h;

    HASH_FIND(hh, sim->commands->by_id, id.p, id.n, h);
    return h ? &h->command : NULL;
}

const struct command *commands_newest(const struct awssim *sim, size_t back)
{
    const struct commands *s = sim->commands;
    const struct by_id *h;

    if (back >= s->next_seq || back >= COMMANDS_MAX)
        return NULL;
    h = s->at[(s->next_seq - 1 - back) % COMMANDS_MAX];
    return h ? &h->command : NULL;
}

static void end(struct invocation *v, const char *status, const char *details, int code)
{
    v->ended = true;
    v->status = status;
    v->details = details;
    v->response_code = code;
}

static bool wrong_platform(const struct command *c, const struct agent *a)
{
    return (strcmp(c->document, "AWS-RunShellScript") == 0 && a->os == AGENT_WINDOWS) ||
           (strcmp(c->document, "AWS-RunPowerShellScript") == 0 && a->os == AGENT_LINUX);
}

static void print(struct invocation *v, const struct agent *a, const struct guest_result *r)
{
    struct buf out = BUF_INIT(PRINTED_MAX);

    buf_adds(&out, a->stdout_before ? a->stdout_before : "");
    buf_adds(&out, a->stdout_text ? a->stdout_text : buf_cstr(&r->out));
    buf_adds(&out, a->stdout_after ? a->stdout_after : "");
    v->out = buf_take(&out);
    v->err = xstrdup(a->stderr_text ? a->stderr_text : buf_cstr(&r->err));
}

/* The agent runs the script: now, on what is there now. */
static void answer(struct awssim *sim, const struct command *c, struct invocation *v, struct instant now)
{
    const struct agent *a = v->instance->agent;
    struct guest_result r = {0};
    int code;

    guest_run(a, str_of(c->script), &r);
    print(v, a, &r);
    code = r.exit_code ? r.exit_code : (int)a->exit_code;
    if (a->behaviour == AGENT_FAILS && !code)
        code = 1;
    end(v, code ? "Failed" : "Success", code ? "Failed" : "Success", code);
    if (a->behaviour == AGENT_SILENT)
        v->out[0] = '\0';
    ledger_add(sim->ledger, &(struct awssim_event){
                                .kind = AWSSIM_GUEST,
                                .at = now,
                                .service = "ssm",
                                .operation = "",
                                .region = c->region,
                                .account = c->account,
                                .request_id = "",
                                .run = "",
                                .job = "",
                                .attempt = "",
                                .code = "",
                                .fault = "",
                                .id = v->instance->id,
                                .from = "",
                                .to = r.found,
                                .cause = c->id,
                            });
    guest_result_release(&r);
}

static void finish(struct awssim *sim, const struct command *c, struct invocation *v, struct instant now)
{
    const struct agent *a = v->instance->agent;

    switch ((enum agent_behaviour)a->behaviour) {
    case AGENT_UNDELIVERABLE:
        end(v, "TimedOut", "Undeliverable", -1);
        break;
    case AGENT_TIMES_OUT:
        end(v, "TimedOut", "ExecutionTimedOut", 137);
        break;
    case AGENT_TERMINATED:
        end(v, "Cancelled", "Terminated", -1);
        break;
    case AGENT_WRONG_PLATFORM:
        end(v, "Failed", "InvalidPlatform", -1);
        break;
    case AGENT_DENIED:
        end(v, "Failed", "AccessDenied", -1);
        break;
    case AGENT_ANSWERS:
    case AGENT_FAILS:
    case AGENT_DELAYED:
    case AGENT_SILENT:
        if (wrong_platform(c, a))
            end(v, "Failed", "InvalidPlatform", -1);
        else
            answer(sim, c, v, now);
        break;
    }
}

int64_t commands_next(const struct commands *s)
{
    return timers_next(s->timers);
}

void commands_advance(struct awssim *sim, struct instant now)
{
    struct commands *s = sim->commands;
    uint64_t key;

    while (timers_take(s->timers, now.boot_ms, &key)) {
        struct command *c = &s->at[key / PLACES % COMMANDS_MAX]->command;
        struct invocation *v = &c->at[key % PLACES];
        int64_t deadline_ms = c->requested.boot_ms + c->timeout_ms;
        bool reached = v->delivers && ssm_is_managed(v->instance, now.boot_ms) &&
                       v->instance->agent->state == AGENT_ONLINE;
        if (reached) {
            finish(sim, c, v, now);
        } else if (now.boot_ms < deadline_ms) { /* its machine went away before it was run */
            v->delivers = false;
            v->begins_ms = INT64_MAX;
            v->ends_ms = deadline_ms;
            timers_set(s->timers, key, deadline_ms);
        } else {
            end(v, "TimedOut", "DeliveryTimedOut", -1);
        }
    }
}

const char *invocation_status(const struct invocation *v, int64_t now_ms)
{
    if (v->ended)
        return v->status;
    return v->delayed ? "Delayed" : now_ms >= v->begins_ms ? "InProgress" : "Pending";
}

const char *invocation_details(const struct invocation *v, int64_t now_ms)
{
    return v->ended ? v->details : invocation_status(v, now_ms);
}

#include "aws/identity.h"

#include "aws/call.h"
#include "aws/machine.h"
#include "aws/sts.h"
#include "base/crypto.h"
#include "base/hash.h"
#include "base/mem.h"

#include "base/hash.h"
#include <stdio.h>
#include <string.h>

enum phase { REST, FETCHING, BACKING_OFF };

struct identity {
    struct identities *table;
    char *key, *role, *external; /* role NULL: home */
    char account[16];
    size_t holds;
    uint64_t used; /* the table's counter when it was last held */
    struct credentials have;
    int64_t refresh_wall_ms; /* fetch new ones from then on */
    enum phase phase;
    int tries;
    int64_t due_ms;  /* BACKING_OFF: the next try */
    int64_t cool_ms; /* the last cool-down's length; 0: the last fetch went well */
    int64_t cool_until_ms;
    int64_t forced_ms; /* the last refresh by force; 0: none */
    struct err err;    /* why the last fetch failed */
    char region[32];   /* where to assume */
    uint64_t call;     /* AssumeRole under way */
    bool arrived;
    struct err call_err;
    struct credentials fetched;
    UT_hash_handle hh;
};

struct identities {
    struct aws *aws;
    const struct ports *ports;
    struct credentials_plan plan;
    struct machine *machine; /* home's, if it comes from there */
    struct identity *by_key;
    struct identity *home;
    uint64_t counter;
    size_t count;
};

static struct identity *identity_new(struct identities *t, const char *key, const char *role,
                                     const char *external)
{
    struct identity *i = xcalloc(1, sizeof *i);

    i->table = t;
    i->key = xstrdup(key);
    i->role = role && role[0] ? xstrdup(role) : NULL;
    i->external = external && external[0] ? xstrdup(external) : NULL;
    HASH_ADD_KEYPTR(hh, t->by_key, i->key, strlen(i->key), i);
    t->count++;
    return i;
}

static void identity_free(struct identity *i)
{
    if (i->call)
        aws_cancel(i->table->aws, i->call);
    HASH_DEL(i->table->by_key, i);
    i->table->count--;
    credentials_release(&i->have);
    credentials_release(&i->fetched);
    xfree(i->key);
    xfree(i->role);
    xfree(i->external);
    xfree(i);
}

struct identities *identities_new(struct aws *a, const struct ports *ports, struct err *e)
{
    struct identities *t = xcalloc(1, sizeof *t);

    t->aws = a;
    t->ports = ports;
    if (!credentials_choose(&ports->process, &t->plan, e)) {
        xfree(t);
        return NULL;
    }
    if (t->plan.source == CREDENTIALS_CONTAINER || t->plan.source == CREDENTIALS_INSTANCE)
        t->machine = machine_new(ports, &t->plan);
    t->home = identity_new(t, "", NULL, NULL);
    t->home->holds = 1;
    return t;
}

void identities_free(struct identities *t)
{
    struct identity *i, *next;

    if (!t)
        return;
    HASH_ITER(hh, t->by_key, i, next)
    identity_free(i);
    machine_free(t->machine);
    credentials_plan_release(&t->plan);
    xfree(t);
}

/* arn:PARTITION:iam::ACCOUNT:role/NAME */
static bool account_of(const char *arn, char out[16])
{
    struct str rest = str_of(arn);
    struct str part = STR("");

    for (int field = 0; field < 5; field++) {
        if (!str_cut(rest, ':', &part, &rest))
            return false;
        if ((field == 0 && !str_is(part, "arn")) || (field == 2 && !str_is(part, "iam")))
            return false;
    }
    if (part.n != 12 || !str_starts(rest, STR("role/")) || str_has_control(rest))
        return false;
    (void)snprintf(out, 16, STR_FMT, STR_ARG(part));
    return strspn(out, "0123456789") == 12;
}

static bool evict(struct identities *t, struct err *e)
{
    struct identity *i, *next, *oldest = NULL;

    if (t->count <= AWS_IDENTITIES_MAX)
        return true;
    HASH_ITER(hh, t->by_key, i, next)
    if (!i->holds && (!oldest || i->used < oldest->used))
        oldest = i;
    if (!oldest)
        return err_set(e, ERR_THROTTLED, "more than %d roles in use at once", AWS_IDENTITIES_MAX);
    identity_free(oldest);
    return true;
}

struct identity *identities_hold(struct identities *t, const char *role_arn, const char *external_id,
                                 struct err *e)
{
    BUF_CLEANUP struct buf key = BUF_INIT(IDENTITY_KEY_MAX);
    struct identity *i = NULL;
    char account[16];

    if (role_arn && role_arn[0]) {
        if (!account_of(role_arn, account)) {
            (void)err_set(e, ERR_CONFIG, "'%.200s' is not the ARN of a role", role_arn);
            return NULL;
        }
        buf_addf(&key, "%s\n%s", role_arn, external_id ? external_id : "");
        if (!buf_ok(&key, "role and external id", e))
            return NULL;
    }
    HASH_FIND(hh, t->by_key, buf_cstr(&key), key.n, i);
    if (!i) {
        if (!evict(t, e))
            return NULL;
        i = identity_new(t, buf_cstr(&key), role_arn, external_id);
        memcpy(i->account, account, sizeof account);
    }
    i->holds++;
    i->used = ++t->counter;
    return i;
}

void identity_drop(struct identity *i)
{
    if (i)
        i->holds--;
}

const struct credentials *identity_credentials(const struct identity *i)
{
    return &i->have;
}

const char *identity_account(const struct identity *i)
{
    if (i->account[0])
        return i->account;
    return i->have.account ? i->have.account : "home";
}

static void on_assumed(void *self, uint64_t id, struct aws_result *r)
{
    struct identity *i = self;
    struct sts_assumed assumed;

    if (id != i->call)
        return;
    i->call = 0;
    i->arrived = true;
    i->call_err = r->err;
    if (r->err.kind != ERR_NONE)
        return;
    sts_assumed_take(r, &assumed);
    credentials_release(&i->fetched);
    i->fetched = assumed.credentials;
    assumed.credentials = (struct credentials){0};
    sts_assumed_release(&assumed);
}

static void assume(struct identity *i)
{
    struct identities *t = i->table;
    const char *home = aws_region(t->aws);
    const struct aws_where where = {.region = home[0] ? home : i->region};
    struct sts_assume q = {i->role, i->external, "ec2sched", NULL};
    BUF_CLEANUP struct buf token = BUF_INIT(CREDENTIALS_TOKEN_MAX);

    if (!i->role) {
        const struct process *p = &t->ports->process;
        if (!p->ops->read_file(p->port, t->plan.token_file, &token, &i->call_err)) {
            (void)err_wrap(&i->call_err, "AWS_WEB_IDENTITY_TOKEN_FILE");
            i->arrived = true;
            return;
        }
        struct str trimmed = str_trim(buf_view(&token));
        size_t lead = (size_t)(trimmed.p - token.p);
        if (token.p)
            token.p[lead + trimmed.n] = '\0';
        q = (struct sts_assume){t->plan.role_arn, NULL, t->plan.session, buf_cstr(&token) + lead};
    }
    i->call = sts_assume_role(t->aws, &where, &q, on_assumed, i);
    if (token.p)
        crypto_wipe(token.p, token.cap);
}

static void begin(struct identity *i)
{
    i->phase = FETCHING;
    i->tries++;
    i->arrived = false;
    i->call_err = (struct err){0};
    if (i->role || i->table->plan.source == CREDENTIALS_WEB_IDENTITY)
        assume(i);
    else
        machine_begin(i->table->machine);
}

static bool usable(const struct identity *i, int64_t wall_ms)
{
    return credentials_ok(&i->have) &&
           (i->have.expires_ms == INT64_MAX || i->have.expires_ms - wall_ms > IDENTITY_LEAST_LIFE_MS);
}

static bool is_fixed(const struct identity *i)
{
    return !i->role && i->table->plan.source == CREDENTIALS_STATIC;
}

static void copy_fixed(struct identity *i)
{
    const struct credentials *c = &i->table->plan.fixed;

    if (i->have.id)
        return;
    i->have = (struct credentials){xstrdup(c->id), xstrdup(c->secret), c->token ? xstrdup(c->token) : NULL,
                                   c->account ? xstrdup(c->account) : NULL, c->expires_ms};
}

enum identity_state identity_need(struct identity *i, const char *region, int64_t now_ms, int64_t wall_ms,
                                  struct err *e)
{
    bool good;

    if (is_fixed(i)) {
        copy_fixed(i);
        if (usable(i, wall_ms))
            return IDENTITY_READY;
        (void)err_set(e, ERR_DENIED, "the credentials of the environment have run out");
        return IDENTITY_FAILED;
    }
    good = usable(i, wall_ms);
    (void)snprintf(i->region, sizeof i->region, "%s", region);
    if (i->phase == REST && (!good || wall_ms >= i->refresh_wall_ms) && now_ms >= i->cool_until_ms) {
        i->tries = 0;
        begin(i);
    }
    if (good)
        return IDENTITY_READY;
    if (i->phase != REST)
        return IDENTITY_PENDING;
    *e = i->err;
    return IDENTITY_FAILED;
}

bool identity_expired(struct identity *i, int64_t now_ms)
{
    if (is_fixed(i) || (i->forced_ms && now_ms - i->forced_ms < IDENTITY_FORCED_MIN_MS))
        return false;
    i->forced_ms = now_ms;
    credentials_release(&i->have);
    i->cool_until_ms = 0;
    return true;
}

static void fetched(struct identity *i, struct credentials *c, int64_t wall_ms)
{
    enum { LEAST_MS = 5 * 60 * 1000, LONGER_MS = 15 * 60 * 1000, THOUSAND = 1000 };

    if (!i->role && i->table->plan.source == CREDENTIALS_INSTANCE && c->expires_ms - wall_ms < LEAST_MS)
        c->expires_ms = wall_ms + LONGER_MS;
    credentials_release(&i->have);
    i->have = *c;
    *c = (struct credentials){0};
    i->refresh_wall_ms =
        credentials_refresh_at(wall_ms, i->have.expires_ms, rng_below(&i->table->ports->rng, THOUSAND));
    i->phase = REST;
    i->cool_ms = 0;
    i->cool_until_ms = 0;
}

static void failed(struct identity *i, const struct err *why, int64_t now_ms)
{
    i->err = *why;
    (void)err_wrap(&i->err, i->role ? "credentials of %s" : "credentials%s", i->role ? i->role : "");
    /*
     * A role's call was tried by the engine already; here it is only the metadata that is worth another try.
     */
    if (!i->role && err_is_retriable(why) && i->tries < IDENTITY_TRIES) {
        i->phase = BACKING_OFF;
        i->due_ms = now_ms + ((int64_t)IDENTITY_BACKOFF_MS << (i->tries - 1)) +
                    rng_below(&i->table->ports->rng, IDENTITY_BACKOFF_MS);
        return;
    }
    i->phase = REST;
    i->cool_ms = i->cool_ms ? 2 * i->cool_ms : IDENTITY_COOL_MS;
    if (i->cool_ms > IDENTITY_COOL_MAX_MS)
        i->cool_ms = IDENTITY_COOL_MAX_MS;
    i->cool_until_ms = now_ms + i->cool_ms;
}

/* What came of the fetch that is under way; BUSY: nothing yet. */
static enum machine_state outcome(struct identity *i, struct credentials *c, struct err *e)
{
    if (!i->role && i->table->machine)
        return machine_turn(i->table->machine, c, e);
    if (!i->arrived)
        return MACHINE_BUSY;
    if (i->call_err.kind != ERR_NONE) {
        *e = i->call_err;
        return MACHINE_FAILED;
    }
    *c = i->fetched;
    i->fetched = (struct credentials){0};
    return MACHINE_DONE;
}

static void go_on(struct identity *i, int64_t now_ms, int64_t wall_ms)
{
    struct credentials c = {0};
    struct err e = {0};

    if (i->phase == BACKING_OFF && now_ms >= i->due_ms)
        begin(i);
    if (i->phase != FETCHING)
        return;
    enum machine_state s = outcome(i, &c, &e);
    if (s == MACHINE_BUSY)
        return;
    if (s == MACHINE_FAILED)
        failed(i, &e, now_ms);
    else
        fetched(i, &c, wall_ms);
}

int64_t identities_turn(struct identities *t, int64_t now_ms, int64_t wall_ms, bool *changed)
{
    struct identity *i, *next;
    int64_t when = INT64_MAX;

    HASH_ITER(hh, t->by_key, i, next)
    {
        if (i->phase == REST)
            continue;
        go_on(i, now_ms, wall_ms);
        if (i->phase == REST)
            *changed = true;
        if (i->phase == BACKING_OFF && i->due_ms < when)
            when = i->due_ms;
    }
    return when;
}

#include "view/answer.h"

#include "base/mem.h"

#include <stdio.h>

void answer_arena_release(struct answer_arena *a)
{
    for (size_t i = 0; i < a->n; i++)
        xfree(a->blocks[i]);
    xfree(a->blocks);
    *a = (struct answer_arena){0};
}

static void *keep(struct answer_arena *a, size_t n, size_t size)
{
    a->blocks = xrealloc(a->blocks, (a->n + 1) * sizeof *a->blocks);
    return a->blocks[a->n++] = xcalloc(n + 1, size);
}

/* ---- errors ---- */

static const struct {
    const char *code;
    enum err_kind kind;
} server_says[] = {
    {"LOADING", ERR_UNAVAILABLE},    {"READONLY", ERR_UNAVAILABLE}, {"OOM", ERR_UNAVAILABLE},
    {"BUSY", ERR_UNAVAILABLE},       {"MISCONF", ERR_UNAVAILABLE},  {"NOREPLICAS", ERR_UNAVAILABLE},
    {"MASTERDOWN", ERR_UNAVAILABLE}, {"TRYAGAIN", ERR_UNAVAILABLE}, {"NOSCRIPT", ERR_UNAVAILABLE},
    {"NOAUTH", ERR_DENIED},          {"NOPERM", ERR_DENIED},        {"WRONGPASS", ERR_DENIED},
};

bool answer_ok(const struct redis_reply *r, struct err *e)
{
    struct str code;
    struct str rest;
    char word[ERR_CODE_MAX];
    enum err_kind kind = ERR_INVALID;

    if (r->err.kind != ERR_NONE) {
        *e = r->err;
        return false;
    }
    if (r->value.type != REDIS_ERROR)
        return true;
    if (!str_cut(r->value.s, ' ', &code, &rest))
        rest = r->value.s;
    for (size_t i = 0; i < sizeof server_says / sizeof *server_says; i++)
        if (str_is(code, server_says[i].code))
            kind = server_says[i].kind;
    (void)err_set(e, kind, "redis: " STR_FMT, STR_ARG(r->value.s));
    (void)snprintf(word, sizeof word, STR_FMT, STR_ARG(code));
    return err_code(e, word);
}

static bool odd(const char *script, struct err *e)
{
    return err_set(e, ERR_INVALID, "%s: an answer of another form than its script gives", script);
}

/* ---- reading values ---- */

static const struct redis_value *at(const struct redis_value *v, size_t i)
{
    static const struct redis_value nil = {.type = REDIS_NIL};

    return v->type == REDIS_LIST && i < v->n ? &v->at[i] : &nil;
}

static bool is_text(const struct redis_value *v)
{
    return v->type == REDIS_STR || v->type == REDIS_STATUS;
}

static struct str text(const struct redis_value *v)
{
    return is_text(v) ? v->s : STR("");
}

static bool number(const struct redis_value *v, int64_t *out)
{
    if (v->type == REDIS_INT) {
        *out = v->i;
        return true;
    }
    return is_text(v) && str_to_i64(v->s, out);
}

static int64_t number_or(const struct redis_value *v, int64_t otherwise)
{
    int64_t i = otherwise;

    return number(v, &i) ? i : otherwise;
}

static bool word_of(const struct redis_value *v, const char *const *names, int *out)
{
    for (int i = 0; names[i]; i++) {
        if (!is_text(v) || !str_is(v->s, names[i]))
            continue;
        *out = i;
        return true;
    }
    return false;
}

bool answer_pairs(const struct redis_value *v, struct answer_arena *a, struct view_pairs *out)
{
    if (v->type != REDIS_LIST || v->n % 2 != 0)
        return false;
    struct view_pair *p = keep(a, v->n / 2, sizeof *p);
    for (size_t i = 0; i < v->n; i += 2)
        p[i / 2] = (struct view_pair){.name = text(&v->at[i]), .value = text(&v->at[i + 1])};
    *out = (struct view_pairs){.at = p, .n = v->n / 2};
    return true;
}

struct str view_pairs_get(const struct view_pairs *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_is(p->at[i].name, name))
            return p->at[i].value;
    return STR("");
}

/* ---- the scripts ---- */

const char *const view_fold_names[] = {"OK",  "IGN", "ADMIT",  "DRAIN",   "PLAN",    "OPEN", "DONE",
                                       "DUP", "GAP", "NOVIEW", "OTHERFV", "UPGRADE", NULL};

bool answer_fold(const struct redis_value *v, struct view_folded *out, struct err *e)
{
    int word = 0;

    if (!word_of(at(v, 0), view_fold_names, &word))
        return odd("fold", e);
    out->answer = (enum view_fold)word;
    out->n = number_or(at(v, 1), 0);
    return true;
}

static const char *const claim_names[] = {"OK", "WAIT", "FENCED", "PAUSED", "DONE", "BUSY", "POISON", NULL};

bool answer_claim(const struct redis_value *v, bool same_server, struct view_claimed *out, struct err *e)
{
    int word = 0;

    if (!word_of(at(v, 0), claim_names, &word))
        return odd("claim", e);
    if (!same_server)
        word = VIEW_CLAIM_WAIT; /* granted, if at all, by a view that nobody has validated */
    out->answer = (enum view_claim)word;
    if (word == VIEW_CLAIM_OK && !(number(at(v, 1), &out->attempt) && number(at(v, 2), &out->deadline_ms) &&
                                   number(at(v, 3), &out->hv)))
        return odd("claim", e);
    if (word == VIEW_CLAIM_BUSY)
        out->ms = number_or(at(v, 1), 0);
    if (word == VIEW_CLAIM_POISON)
        out->expiries = number_or(at(v, 1), 0);
    return true;
}

static const char *const renew_names[] = {"OK", "HOLD", "FENCED", "LOST", "WAIT", NULL};

bool answer_renew(const struct redis_value *v, bool same_server, size_t jobs, struct answer_arena *a,
                  struct view_renewed *out, struct err *e)
{
    struct view_renewal *r = keep(a, jobs, sizeof *r);

    if (v->type != REDIS_LIST || v->n != jobs)
        return odd("renew", e);
    for (size_t i = 0; i < jobs; i++) {
        int word = 0;
        if (!word_of(at(&v->at[i], 0), renew_names, &word))
            return odd("renew", e);
        r[i].answer = same_server ? (enum view_renew)word : VIEW_RENEW_WAIT;
        if (word == VIEW_RENEW_OK &&
            !(number(at(&v->at[i], 1), &r[i].deadline_ms) && number(at(&v->at[i], 2), &r[i].hv)))
            return odd("renew", e);
    }
    out->at = r;
    out->n = jobs;
    return true;
}

bool answer_take(const struct redis_value *v, struct answer_arena *a, struct view_taken *out, struct err *e)
{
    enum { WORDS = 5 };

    if (v->type != REDIS_LIST || v->n % WORDS != 1 || !number(at(v, 0), &out->next_ms))
        return odd("take", e);
    size_t n = v->n / WORDS;
    struct view_due *d = keep(a, n, sizeof *d);
    for (size_t i = 0; i < n; i++) {
        const struct redis_value *w = &v->at[1 + i * WORDS];
        d[i] = (struct view_due){
            .workload = text(&w[0]), .epoch = text(&w[1]), .job = text(&w[3]), .spec = text(&w[4])};
        if (!number(&w[2], &d[i].step))
            return odd("take", e);
    }
    out->at = d;
    out->n = n;
    return true;
}

bool answer_drained(const struct redis_value *v, bool same_server, struct view_drain_answer *out,
                    struct err *e)
{
    int64_t yes = 0;

    if (!number(at(v, 0), &yes))
        return odd("drained", e);
    if (!same_server) {
        out->why = STR("the server changed while it was asked");
        return true;
    }
    out->yes = yes == 1;
    if (out->yes) {
        out->old_epoch = text(at(v, 1));
        out->next_epoch = text(at(v, 2));
    } else {
        out->why = text(at(v, 1));
        out->until_ms = number_or(at(v, 2), 0);
    }
    return true;
}

const char *const view_beat_names[] = {"OK",   "BASE",   "BEHIND",  "GAP", "INC",
                                       "JUMP", "NOVIEW", "OTHERFV", NULL};

bool answer_beat(const struct redis_value *v, bool same_server, struct view_beaten *out, struct err *e)
{
    int word = 0;

    if (!word_of(at(v, 0), view_beat_names, &word))
        return odd("beat", e);
    if (!same_server && word == VIEW_BEAT_OK)
        word = VIEW_BEAT_INC;
    out->answer = (enum view_beat)word;
    out->n = number_or(at(v, 1), 0);
    return true;
}

bool answer_said(const struct redis_value *v, struct view_said *out, struct err *e)
{
    const struct redis_value *first = v->type == REDIS_LIST ? at(v, 0) : v;

    if (v->type == REDIS_STATUS) { /* of a plain command */
        out->yes = str_is(v->s, "OK");
        return true;
    }
    if (is_text(first) && (str_is(first->s, "OK") || str_is(first->s, "LOST"))) {
        out->yes = str_is(first->s, "OK");
        return true;
    }
    if (!number(first, &out->n))
        return odd("script", e);
    out->yes = out->n != 0;
    return true;
}

bool answer_place(const struct redis_value *v, const char *run_id, struct view_place *out, struct err *e)
{
    enum { APPLIED, INC, SINCE, LOG, FV, TTL, TAWS, FIELDS };

    if (v->type != REDIS_LIST || v->n != FIELDS)
        return odd("where", e);
    out->there = is_text(&v->at[APPLIED]);
    if (out->there && !number(&v->at[APPLIED], &out->applied))
        return odd("where", e);
    out->inc = text(&v->at[INC]);
    out->since = number_or(&v->at[SINCE], VIEW_NOT_KNOWN);
    out->generation = number_or(&v->at[LOG], 0);
    out->fv = number_or(&v->at[FV], 0);
    out->ttl_ms = number_or(&v->at[TTL], VIEW_NOT_KNOWN);
    out->taws_ms = number_or(&v->at[TAWS], VIEW_NOT_KNOWN);
    out->open_here = out->inc.n > 0 && str_is(out->inc, run_id);
    return true;
}

bool answer_keys(const struct redis_value *v, struct answer_arena *a, struct view_keys *out, struct err *e)
{
    const struct redis_value *l = at(v, 1);

    if (!is_text(at(v, 0)) || l->type != REDIS_LIST)
        return odd("scan", e);
    struct str *keys = keep(a, l->n, sizeof *keys);
    for (size_t i = 0; i < l->n; i++)
        keys[i] = text(&l->at[i]);
    *out = (struct view_keys){.cursor = text(at(v, 0)), .at = keys, .n = l->n};
    return true;
}

/* kind|workload|… of each: the second word. */
bool answer_debtors(const struct redis_value *v, struct answer_arena *a, struct view_keys *out, struct err *e)
{
    if (v->type != REDIS_LIST)
        return odd("debtors", e);
    struct str *names = keep(a, v->n, sizeof *names);
    for (size_t i = 0; i < v->n; i++) {
        struct str kind;
        struct str rest;
        struct str more;
        if (!str_cut(text(&v->at[i]), '|', &kind, &rest))
            return odd("debtors", e);
        (void)str_cut(rest, '|', &names[i], &more);
    }
    *out = (struct view_keys){.cursor = STR("0"), .at = names, .n = v->n};
    return true;
}

/* workload|ep|step of each: no workload's name holds a bar. */
bool answer_gates(const struct redis_value *v, int partition, struct answer_arena *a, struct view_gates *out,
                  struct err *e)
{
    if (v->type != REDIS_LIST)
        return odd("gates", e);
    struct view_gate *gates = keep(a, v->n, sizeof *gates);
    for (size_t i = 0; i < v->n; i++) {
        struct str workload;
        struct str rest;
        struct str epoch;
        struct str step;
        if (!str_cut(text(&v->at[i]), '|', &workload, &rest) || !str_cut(rest, '|', &epoch, &step) ||
            !epoch_parse_in_view(epoch, partition, &gates[i].epoch) || !str_to_i64(step, &gates[i].step))
            return odd("gates", e);
    }
    *out = (struct view_gates){.at = gates, .n = v->n};
    return true;
}

bool answer_deliveries(const struct redis_value *v, size_t jobs, struct answer_arena *a,
                       struct view_deliveries *out, struct err *e)
{
    struct view_delivery *d = keep(a, jobs, sizeof *d);

    if (v->type != REDIS_LIST || v->n != 2 * jobs)
        return odd("published", e);
    for (size_t i = 0; i < jobs; i++) {
        struct str part;
        struct str off;
        int64_t partition = 0;
        d[i] = (struct view_delivery){.jobs_partition = VIEW_NOT_KNOWN,
                                      .attempts = number_or(&v->at[2 * i + 1], 0)};
        if (str_cut(text(&v->at[2 * i]), ':', &part, &off) && str_to_i64(part, &partition) &&
            partition >= 0 && partition <= INT32_MAX && str_to_i64(off, &d[i].offset))
            d[i].jobs_partition = (int)partition;
    }
    out->at = d;
    out->n = jobs;
    return true;
}

bool answer_ticks(const struct redis_value *v, size_t wanted, struct answer_arena *a, struct view_ticks *out,
                  struct err *e)
{
    int64_t *t = keep(a, wanted, sizeof *t);

    if (v->type != REDIS_LIST || v->n != wanted)
        return odd("ticks", e);
    for (size_t i = 0; i < wanted; i++)
        t[i] = number_or(&v->at[i], VIEW_NOT_KNOWN);
    out->at = t;
    out->n = wanted;
    return true;
}

/* ---- holds: until|bytes of tier|tier and instance ---- */

static bool hold_of(const struct view_pair *field, struct view_hold *out)
{
    struct str until;
    struct str length;
    struct str rest;
    int64_t n = 0;

    if (!str_cut(field->value, '|', &until, &rest) || !str_cut(rest, '|', &length, &rest) ||
        !str_to_i64(length, &n) || n < 0 || (uint64_t)n > rest.n || !str_to_i64(until, &out->until_ms))
        return false;
    out->hold = str_skip(field->name, 2);
    out->tier = str_n(rest.p, (size_t)n);
    out->instance = str_skip(rest, (size_t)n);
    return true;
}

bool view_holds_of(const struct view_pairs *fields, struct view_hold out[static VIEW_HOLDS_MAX], size_t *n,
                   struct err *e)
{
    *n = 0;
    for (size_t i = 0; i < fields->n; i++) {
        const struct view_pair *f = &fields->at[i];
        if (!str_starts(f->name, STR("h:")))
            continue;
        if (*n == VIEW_HOLDS_MAX)
            return err_set(e, ERR_INVALID, "holds: over %d", VIEW_HOLDS_MAX);
        if (!hold_of(f, &out[(*n)++]))
            return err_set(e, ERR_INVALID, "holds: " STR_FMT " cannot be read", STR_ARG(f->name));
    }
    return true;
}

bool answer_holds(const struct redis_value *v, struct answer_arena *a, struct view_held *out, struct err *e)
{
    struct view_pairs fields = {0};

    if (!answer_pairs(v, a, &fields))
        return odd("holds", e);
    struct view_hold *h = keep(a, VIEW_HOLDS_MAX, sizeof *h);
    if (!view_holds_of(&fields, h, &out->n, e))
        return false;
    out->at = h;
    struct str hv = view_pairs_get(&fields, "hv");
    if (hv.n && !str_to_i64(hv, &out->hv))
        return odd("holds", e);
    return true;
}

#include "awssim/faults.h"

#include "awssim/setting.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct rule {
    char *name, *service, *operation, *account, *region; /* NULL: any */
    /* empty: any; else one of the call's is among them */
    struct strs ids;
    int64_t nth[16];
    size_t nth_count;
    int64_t first, times; /* 0: no bound */
    double probability;
    int64_t from_ms, until_ms; /* since the beginning; until 0: for ever */
    int64_t seen, fired;
    int64_t delay_low_ms, delay_high_ms;
    bool throttle;
    struct fault_effect effect;
};

struct faults {
    struct rule *rules;
    size_t n;
    int64_t began_ms;
    struct chance *chance;
};

static void free_rule(struct rule *r)
{
    xfree(r->name);
    xfree(r->service);
    xfree(r->operation);
    xfree(r->account);
    xfree(r->region);
    strs_release(&r->ids);
}

void faults_free(struct faults *f)
{
    if (!f)
        return;
    faults_clear(f, NULL);
    xfree(f->rules);
    xfree(f);
}

void faults_clear(struct faults *f, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < f->n; i++) {
        if (name && (!f->rules[i].name || strcmp(f->rules[i].name, name) != 0))
            f->rules[kept++] = f->rules[i];
        else
            free_rule(&f->rules[i]);
    }
    f->n = kept;
}

static bool load_match(struct rule *r, const struct json *j, struct err *e)
{
    static const char *const known[] = {"service", "operation", "account",     "region",  "ids",      "nth",
                                        "first",   "times",     "probability", "from_ms", "until_ms", NULL};

    if (!setting_known(j, "match", known, e) || !setting_str(j, "service", &r->service, e) ||
        !setting_str(j, "operation", &r->operation, e) || !setting_str(j, "account", &r->account, e) ||
        !setting_str(j, "region", &r->region, e) || !setting_strs(j, "ids", &r->ids, e) ||
        !setting_int(j, "first", &r->first, e) || !setting_int(j, "times", &r->times, e) ||
        !setting_number(j, "probability", &r->probability, e) || !setting_int(j, "from_ms", &r->from_ms, e) ||
        !setting_int(j, "until_ms", &r->until_ms, e))
        return false;
    const struct json *nth = json_get(j, "nth");
    if (json_type(nth) == JSON_NUMBER)
        return (r->nth_count = 1, json_int(nth, &r->nth[0])) ||
               err_set(e, ERR_CONFIG, "'nth': not an integer");
    for (const struct json *m = json_first(nth); m; m = json_next(m)) {
        if (r->nth_count == sizeof r->nth / sizeof *r->nth || !json_int(m, &r->nth[r->nth_count++]))
            return err_set(e, ERR_CONFIG, "'nth': not a number or at most 16 of them");
    }
    return true;
}

static bool load_error(struct rule *r, const struct json *j, struct err *e)
{
    static const char *const known[] = {"code", "status", "message", NULL};
    const struct json *error = json_get(j, "error");
    int64_t status = 400;

    if (!error)
        return true;
    if (!setting_known(error, "error", known, e) || !setting_int(error, "status", &status, e))
        return false;
    struct str code = json_str_or_empty(json_get(error, "code"));
    struct str message = json_str_or_empty(json_get(error, "message"));
    if (!code.n || code.n >= sizeof r->effect.code || message.n >= sizeof r->effect.message || status < 400 ||
        status > 599)
        return err_set(e, ERR_CONFIG, "error: a code, a status 400 to 599 and at most 511 bytes of message");
    (void)snprintf(r->effect.code, sizeof r->effect.code, STR_FMT, STR_ARG(code));
    (void)snprintf(r->effect.message, sizeof r->effect.message, STR_FMT, STR_ARG(message));
    r->effect.status = (int)status;
    return true;
}

static bool load_delay(struct rule *r, const struct json *j, struct err *e)
{
    const struct json *delay = json_get(j, "delay_ms");

    if (json_type(delay) == JSON_ARRAY && json_count(delay) == 2) {
        const struct json *low = json_first(delay);
        return (json_int(low, &r->delay_low_ms) && json_int(json_next(low), &r->delay_high_ms)) ||
               err_set(e, ERR_CONFIG, "'delay_ms': not [from, to]");
    }
    if (!setting_int(j, "delay_ms", &r->delay_low_ms, e))
        return false;
    r->delay_high_ms = r->delay_low_ms;
    return true;
}

static bool load_effect(struct rule *r, const struct json *j, struct err *e)
{
    static const char *const known[] = {"error",    "throttle",    "delay_ms",  "drop",  "html",
                                        "truncate", "date_skew_s", "wrong_crc", "after", NULL};
    static const char *const drops[] = {"no", "before", "after", "hang-before", "hang-after", NULL};
    struct fault_effect *f = &r->effect;
    const struct json *skew = json_get(j, "date_skew_s");
    int64_t html = 0;

    f->truncate = -1;
    if (!setting_known(j, "effect", known, e) || !load_error(r, j, e) || !load_delay(r, j, e) ||
        !setting_bool(j, "throttle", &r->throttle, e) || !setting_word(j, "drop", drops, &f->drop, e) ||
        !setting_int(j, "html", &html, e) || !setting_int(j, "truncate", &f->truncate, e) ||
        !setting_bool(j, "wrong_crc", &f->wrong_crc, e) || !setting_bool(j, "after", &f->after, e))
        return false;
    if (skew && !json_int(skew, &f->date_skew_s))
        return err_set(e, ERR_CONFIG, "'date_skew_s': not an integer");
    f->html = (int)html;
    return !html || (html >= 400 && html <= 599) || err_set(e, ERR_CONFIG, "'html': a status 400 to 599");
}

static bool load_rule(struct rule *r, const struct json *j, struct err *e)
{
    static const char *const known[] = {"name", "match", "effect", NULL};

    *r = (struct rule){.probability = 1};
    if (!setting_known(j, "faults", known, e) || !setting_str(j, "name", &r->name, e))
        return false;
    if (r->name && strlen(r->name) >= FAULT_NAME_MAX)
        return err_set(e, ERR_CONFIG, "faults: a name has at most %d bytes", FAULT_NAME_MAX - 1);
    if (json_get(j, "match") && !load_match(r, json_get(j, "match"), e))
        return false;
    return load_effect(r, json_get(j, "effect"), e);
}

bool faults_add(struct faults *f, const struct json *rules, struct err *e)
{
    size_t before = f->n;

    if (rules && json_type(rules) != JSON_ARRAY)
        return err_set(e, ERR_CONFIG, "faults: not a list");
    if (f->n + json_count(rules) > FAULTS_MAX)
        return err_set(e, ERR_CONFIG, "faults: over %d", FAULTS_MAX);
    f->rules = xrealloc(f->rules, (f->n + json_count(rules) + 1) * sizeof *f->rules);
    for (const struct json *j = json_first(rules); j; j = json_next(j)) {
        bool ok = load_rule(&f->rules[f->n++], j, e);
        if (ok)
            continue;
        while (f->n > before)
            free_rule(&f->rules[--f->n]);
        return false;
    }
    return true;
}

struct faults *faults_new(const struct json *rules, struct instant now, struct chance *chance, struct err *e)
{
    struct faults *f = xcalloc(1, sizeof *f);

    f->began_ms = now.boot_ms;
    f->chance = chance;
    if (!faults_add(f, rules, e)) {
        faults_free(f);
        return NULL;
    }
    return f;
}

static bool same(const char *wanted, const char *is)
{
    return !wanted || strcmp(wanted, is) == 0;
}

static bool matches(const struct faults *f, const struct rule *r, const struct call *c)
{
    int64_t since_ms = c->now.boot_ms - f->began_ms;
    bool named = r->ids.n == 0;

    for (size_t i = 0; !named && i < c->ids.n; i++)
        named = strs_has(&r->ids, str_of(c->ids.at[i]));
    return named && same(r->service, c->service) && same(r->operation, c->operation) &&
           same(r->account, call_account(c)) && same(r->region, c->region) && since_ms >= r->from_ms &&
           (!r->until_ms || since_ms < r->until_ms);
}

static bool fires(struct faults *f, struct rule *r)
{
    bool chosen = r->nth_count == 0;

    r->seen++;
    for (size_t i = 0; i < r->nth_count; i++)
        chosen = chosen || r->nth[i] == r->seen;
    if (!chosen || (r->first && r->seen > r->first) || (r->times && r->fired >= r->times) ||
        !chance_hit(f->chance, r->probability))
        return false;
    r->fired++;
    return true;
}

static void throttle(struct fault_effect *out, const struct call *c)
{
    bool json = c->protocol == CALL_JSON, ec2 = c->protocol == CALL_EC2;
    const char *code = ec2 ? "RequestLimitExceeded" : json ? "ThrottlingException" : "Throttling";

    if (strcmp(c->service, "dynamodb") == 0)
        code = "ProvisionedThroughputExceededException";
    out->status = ec2 ? 503 : 400;
    (void)snprintf(out->code, sizeof out->code, "%s", code);
    (void)snprintf(out->message, sizeof out->message, "%s",
                   ec2 ? "Request limit exceeded." : "Rate exceeded");
}

static void merge(struct faults *f, struct fault_effect *out, const struct rule *r, const struct call *c)
{
    const struct fault_effect *in = &r->effect;

    if (!out->name[0])
        (void)snprintf(out->name, sizeof out->name, "%s", r->name ? r->name : "unnamed");
    if (!out->status && in->status) {
        out->status = in->status;
        out->after = in->after;
        (void)snprintf(out->code, sizeof out->code, "%s", in->code);
        (void)snprintf(out->message, sizeof out->message, "%s", in->message);
    } else if (!out->status && r->throttle) {
        throttle(out, c);
    }
    if (!out->html && in->html) {
        out->html = in->html;
        out->after = in->after;
    }
    out->drop = out->drop ? out->drop : in->drop;
    out->truncate = out->truncate < 0 ? in->truncate : out->truncate;
    out->date_skew_s = out->date_skew_s ? out->date_skew_s : in->date_skew_s;
    out->delay_ms += chance_between(f->chance, r->delay_low_ms, r->delay_high_ms);
    out->wrong_crc = out->wrong_crc || in->wrong_crc;
}

struct fault_effect faults_strike(struct faults *f, const struct call *c)
{
    struct fault_effect out = {.truncate = -1};

    for (size_t i = 0; i < f->n; i++)
        if (matches(f, &f->rules[i], c) && fires(f, &f->rules[i]))
            merge(f, &out, &f->rules[i], c);
    return out;
}

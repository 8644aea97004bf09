#include "awssim/filters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const markets[] = {NULL, "spot", "spot"};

struct words { /* values that have to be written first */
    char code[16], spot[32];
};

/* One attribute of an instance by the filter's name; false: EC2 knows no such filter. A NULL value matches
 * nothing. */
static bool attribute(const struct instance *i, const char *name, int64_t now_ms, struct words *words,
                      const char **out)
{
    const struct {
        const char *name, *value;
    } rows[] = {
        {"instance-id", i->id},
        {"instance-state-name", instance_state_name(instance_shown(i, now_ms))},
        {"instance-type", i->type},
        {"instance-lifecycle", markets[i->market]},
        {"availability-zone", i->az},
        {"vpc-id", i->vpc},
        {"owner-id", i->account},
        {"image-id", i->image},
        {"platform", i->platform},
        {"root-device-type", i->ebs_root ? "ebs" : "instance-store"},
        {"instance-state-code", words->code},
        {"spot-instance-request-id", i->market == MARKET_ON_DEMAND ? NULL : words->spot},
    };

    (void)snprintf(words->code, sizeof words->code, "%d", (int)instance_shown(i, now_ms));
    (void)snprintf(words->spot, sizeof words->spot, "sir-%s", i->id ? i->id + 2 : "");
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (strcmp(name, rows[r].name) == 0) {
            *out = rows[r].value;
            return true;
        }
    }
    return false;
}

static bool is_tag_filter(const char *name)
{
    return strncmp(name, "tag:", 4) == 0 || strcmp(name, "tag-key") == 0 || strcmp(name, "tag-value") == 0;
}

bool filters_read(struct filters *f, struct call *c)
{
    static const struct instance nobody = {0};
    char prefix[64];
    struct words words;
    const char *value;

    for (int64_t k = 1;; k++) {
        (void)snprintf(prefix, sizeof prefix, "Filter.%" PRId64 ".Name", k);
        const char *name = params_get(&c->params, prefix);
        if (!name)
            return true;
        if (f->n == FILTERS_MAX)
            return call_fail(c, 400, "FilterLimitExceeded",
                             "The maximum number of filters on a single call is %d", FILTERS_MAX);
        if (!is_tag_filter(name) && !attribute(&nobody, name, 0, &words, &value))
            return call_fail(c, 400, "InvalidParameterValue", "The filter '%s' is invalid", name);
        struct filter *one = &f->at[f->n++];
        one->name = name;
        (void)snprintf(prefix, sizeof prefix, "Filter.%" PRId64 ".Value", k);
        params_list(&c->params, prefix, &one->values);
        if (one->values.n > FILTER_VALUES_MAX)
            return call_fail(c, 400, "FilterLimitExceeded",
                             "The maximum number of filter values specified on a single call is %d",
                             FILTER_VALUES_MAX);
        if (!one->values.n)
            return call_fail(c, 400, "InvalidParameterValue", "The filter '%s' has no value", name);
    }
}

void filters_release(struct filters *f)
{
    for (size_t k = 0; k < f->n; k++)
        strs_release(&f->at[k].values);
    f->n = 0;
}

/* One element of the pattern at p against one byte: how long the element is, 0 if it does not match. */
static size_t matches_byte(struct str pattern, size_t p, char byte)
{
    if (pattern.p[p] == '?')
        return 1;
    if (pattern.p[p] == '\\' && p + 1 < pattern.n)
        return pattern.p[p + 1] == byte ? 2 : 0;
    return pattern.p[p] == byte ? 1 : 0;
}

bool filter_like(struct str pattern, struct str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

    while (t < text.n) {
        size_t step = p < pattern.n && pattern.p[p] != '*' ? matches_byte(pattern, p, text.p[t]) : 0;
        if (step) {
            p += step;
            t++;
        } else if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p;
            from = t;
        } else if (star != SIZE_MAX) {
            p = star;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static bool any_like(const struct strs *patterns, const char *text)
{
    for (size_t k = 0; text && k < patterns->n; k++)
        if (filter_like(str_of(patterns->at[k]), str_of(text)))
            return true;
    return false;
}

static bool tags_match(const struct filter *f, const struct instance *i)
{
    if (strncmp(f->name, "tag:", 4) == 0)
        return any_like(&f->values, instance_tag(i, f->name + 4));
    for (size_t k = 0; k < i->tags.n; k++)
        if (any_like(&f->values, strcmp(f->name, "tag-key") == 0 ? i->tags.at[k].key : i->tags.at[k].value))
            return true;
    return false;
}

bool filters_match(const struct filters *f, const struct instance *i, int64_t now_ms)
{
    struct words words;
    const char *value = NULL;

    for (size_t k = 0; k < f->n; k++) {
        const struct filter *one = &f->at[k];
        if (is_tag_filter(one->name)) {
            if (!tags_match(one, i))
                return false;
        } else if (!attribute(i, one->name, now_ms, &words, &value) || !any_like(&one->values, value)) {
            return false;
        }
    }
    return true;
}

const struct strs *filters_plain(const struct filters *f, const char *name)
{
    for (size_t k = 0; k < f->n; k++) {
        if (strcmp(f->at[k].name, name) != 0)
            continue;
        for (size_t v = 0; v < f->at[k].values.n; v++)
            if (strpbrk(f->at[k].values.at[v], "*?\\"))
                return NULL;
        return &f->at[k].values;
    }
    return NULL;
}

#include "core/zone.h"

#include "base/mem.h"
#include "base/moment.h"
#include "codec/tzif.h"

enum { LOOK_BACK_S = 2 * 86400, YEARS_AROUND = 3 };

struct zone {
    struct tzif data;
};

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '_';
}

bool zone_name_ok(struct str name)
{
    bool part = false; /* the part before the next slash has begun */

    if (name.n > ZONE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '/' ? !part : !name_char(name.p[i]))
            return false;
        part = name.p[i] != '/';
    }
    return part;
}

struct zone *zone_new(struct str tzif, struct err *e)
{
    struct tzif data;

    if (!tzif_decode(tzif, &data, e))
        return NULL;
    struct zone *z = xcalloc(1, sizeof *z);
    z->data = data;
    return z;
}

void zone_free(struct zone *z)
{
    if (z)
        tzif_release(&z->data);
    xfree(z);
}

/* The changes of three years by the rule, in order; at one moment the end of daylight time stands first, so
 * that a year that is all daylight time has no hole. */
static void rule_changes(const struct tzrule *r, int year, struct tzif_change out[2 * YEARS_AROUND])
{
    size_t n = 0;

    for (int y = year - 1; y <= year + 1; y++) {
        const struct tzif_change two[] = {
            {tzrule_local_s(&r->end, y) - r->daylight_s, r->standard_s},
            {tzrule_local_s(&r->begin, y) - r->standard_s, r->daylight_s},
        };
        for (int i = 0; i < 2; i++) {
            size_t at = n++;
            for (; at > 0 && out[at - 1].at_s > two[i].at_s; at--)
                out[at] = out[at - 1];
            out[at] = two[i];
        }
    }
}

static struct zone_span by_rule(const struct tzrule *r, int64_t at_s, int64_t begin_s)
{
    struct zone_span span = {begin_s, INT64_MAX, r->standard_s};
    struct tzif_change changes[2 * YEARS_AROUND] = {0};

    if (!r->has_daylight)
        return span;
    rule_changes(r, moment_civil((at_s + r->standard_s) * 1000).year, changes);
    for (size_t i = 0; i < 2 * YEARS_AROUND; i++) {
        if (changes[i].at_s > at_s) {
            span.end_s = changes[i].at_s;
            break;
        }
        span.offset_s = changes[i].offset_s;
        if (changes[i].at_s > begin_s)
            span.begin_s = changes[i].at_s;
    }
    return span;
}

struct zone_span zone_span_at(const struct zone *z, int64_t at_s)
{
    const struct tzif *d = &z->data;
    size_t low = 0; /* how many changes are at or before at_s */
    size_t high = d->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->at[middle].at_s <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t begin_s = low ? d->at[low - 1].at_s : INT64_MIN;
    if (low == d->n && d->has_rule)
        return by_rule(&d->rule, at_s, begin_s);
    return (struct zone_span){begin_s, low < d->n ? d->at[low].at_s : INT64_MAX,
                              low ? d->at[low - 1].offset_s : d->first_s};
}

int64_t zone_moment_s(const struct zone *z, int64_t local_s)
{
    int64_t from_s = local_s - LOOK_BACK_S; /* no offset is that large: local_s is not shown yet */

    for (;;) {
        struct zone_span span = zone_span_at(z, from_s);
        int64_t at_s = local_s - span.offset_s > from_s ? local_s - span.offset_s : from_s;
        if (at_s < span.end_s)
            return at_s;
        from_s = span.end_s;
    }
}

int64_t zone_shown_s(const struct zone *z, int64_t at_s)
{
    struct zone_span span = zone_span_at(z, at_s);
    int64_t shown_s = at_s + span.offset_s;

    while (span.begin_s > at_s - LOOK_BACK_S) {
        int64_t before_s = span.begin_s - 1;
        span = zone_span_at(z, before_s);
        if (before_s + span.offset_s > shown_s)
            shown_s = before_s + span.offset_s;
    }
    return shown_s;
}

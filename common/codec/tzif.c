#include "codec/tzif.h"

#include "base/mem.h"

enum {
    HEADER = 44,
    COUNTS_AT = 20,
    TYPE_BYTES = 6,
    OFFSET_MAX_S = 26 * 3600, /* RFC 8536: -24:59:59 to 25:59:59 */
    TYPES_MAX = 256,
};

struct counts {
    size_t utc, std, leaps, changes, types, chars;
};

static bool wrong(struct err *e, const char *what)
{
    return err_set(e, ERR_INVALID, "time zone data: %s", what);
}

static uint32_t be32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Reads the header at the beginning of *s and moves behind it. */
static bool read_header(struct str *s, struct counts *c, struct err *e)
{
    size_t *const all[] = {&c->utc, &c->std, &c->leaps, &c->changes, &c->types, &c->chars};

    if (s->n < HEADER || !str_starts(*s, STR("TZif")))
        return wrong(e, "it does not begin with a TZif header");
    if (s->p[4] < '2')
        return wrong(e, "it is of version 1, which knows no year after 2037: install tzdata anew");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        *all[i] = be32(s->p + COUNTS_AT + 4 * i);
    *s = str_skip(*s, HEADER);
    return true;
}

static size_t body_bytes(const struct counts *c, size_t time_bytes)
{
    return c->changes * (time_bytes + 1) + c->types * TYPE_BYTES + c->chars + c->leaps * (time_bytes + 4) +
           c->std + c->utc;
}

static bool counts_ok(const struct counts *c, struct err *e)
{
    if (c->changes > TZIF_CHANGES_MAX || c->types < 1 || c->types > TYPES_MAX || c->chars > TZIF_MAX)
        return wrong(e, "its counts are out of bounds");
    if ((c->utc && c->utc != c->types) || (c->std && c->std != c->types))
        return wrong(e, "its counts contradict each other");
    return !c->leaps || wrong(e, "it counts leap seconds (a zone of right/): use the plain one");
}

static bool read_changes(struct str body, const struct counts *c, struct tzif *out, struct err *e)
{
    const char *kinds = body.p + c->changes * 8;
    const char *types = kinds + c->changes;

    for (size_t i = 0; i < c->types; i++) {
        int32_t offset = (int32_t)be32(types + i * TYPE_BYTES);
        if (offset <= -OFFSET_MAX_S || offset >= OFFSET_MAX_S)
            return wrong(e, "an offset of more than a day");
    }
    out->first_s = (int32_t)be32(types);
    out->at = xcalloc(c->changes + 1, sizeof *out->at);
    for (size_t i = 0; i < c->changes; i++) {
        size_t kind = (unsigned char)kinds[i];
        int64_t at_s = be64(body.p + i * 8);
        if (kind >= c->types)
            return wrong(e, "a change to a type that is not there");
        if (i && at_s <= out->at[i - 1].at_s)
            return wrong(e, "its changes are not in order");
        out->at[out->n++] = (struct tzif_change){at_s, (int32_t)be32(types + kind * TYPE_BYTES)};
    }
    return true;
}

/* "\nRULE\n", the rule may be empty. */
static bool read_footer(struct str s, struct tzif *out, struct err *e)
{
    struct str rule;
    struct str rest;

    if (!str_starts(s, STR("\n")) || !str_cut(str_skip(s, 1), '\n', &rule, &rest))
        return wrong(e, "its last line is missing");
    out->has_rule = rule.n > 0;
    return !rule.n || tzrule_parse(rule, &out->rule, e) || err_wrap(e, "time zone data");
}

static bool decode(struct str s, struct tzif *out, struct err *e)
{
    struct counts c = {0};

    if (s.n > TZIF_MAX)
        return wrong(e, "it is larger than any zone");
    if (!read_header(&s, &c, e))
        return false;
    if (c.changes > TZIF_CHANGES_MAX || c.types > TYPES_MAX || c.chars > TZIF_MAX || c.leaps > TZIF_MAX ||
        c.std > TYPES_MAX || c.utc > TYPES_MAX || s.n < body_bytes(&c, 4))
        return wrong(e, "it is cut off");
    s = str_skip(s, body_bytes(&c, 4));
    if (!read_header(&s, &c, e) || !counts_ok(&c, e))
        return false;
    if (s.n < body_bytes(&c, 8))
        return wrong(e, "it is cut off");
    return read_changes(s, &c, out, e) && read_footer(str_skip(s, body_bytes(&c, 8)), out, e);
}

bool tzif_decode(struct str bytes, struct tzif *out, struct err *e)
{
    *out = (struct tzif){0};
    if (decode(bytes, out, e))
        return true;
    tzif_release(out);
    return false;
}

void tzif_release(struct tzif *t)
{
    xfree(t->at);
    *t = (struct tzif){0};
}

#include "core/cron.h"

#include "base/moment.h"

#include <string.h>

enum { FIELDS = 5, WEEKDAY = 4, DAY_MIN = 1440, YEAR_LAST = 9999, NEVER = -1 };
#define MINUTE_MS INT64_C(60000)

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                          "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

static const struct field {
    const char *name;
    int least, most;
    const char *const *words;
    int first_word; /* the number of words[0] */
} fields[FIELDS] = {
    {"minute", 0, 59, NULL, 0},
    {"hour", 0, 23, NULL, 0},
    {"day of month", 1, 31, NULL, 0},
    {"month", 1, 12, month_names, 1},
    {"day of week", 0, 7, weekday_names, 0},
};

struct reading {
    struct str text;
    size_t at;
    int field;
    struct err *e;
};

static const struct field *field_of(const struct reading *r)
{
    return &fields[r->field];
}

static char peek(const struct reading *r)
{
    return r->at < r->text.n ? r->text.p[r->at] : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool wrong_at(const struct reading *r, size_t at, const char *what)
{
    return err_set(r->e, ERR_INVALID, "field %d (%s), character %zu: %s", r->field + 1, field_of(r)->name,
                   at + 1, what);
}

static bool number_wrong(const struct reading *r, size_t at, int n)
{
    bool low = n < field_of(r)->least;

    return err_set(r->e, ERR_INVALID, "field %d (%s), character %zu: %d is %s %d", r->field + 1,
                   field_of(r)->name, at + 1, n, low ? "below" : "above",
                   low ? field_of(r)->least : field_of(r)->most);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int read_digits(struct reading *r)
{
    enum { MOST = 9999 };
    int n = 0;

    while (is_digit(peek(r)) && n <= MOST)
        n = n * 10 + (r->text.p[r->at++] - '0');
    return n;
}

static bool read_word(struct reading *r, int *out)
{
    size_t begin = r->at;
    const struct field *f = field_of(r);

    while (is_letter(peek(r)))
        r->at++;
    struct str word = str_n(r->text.p + begin, r->at - begin);
    for (int i = 0; f->words && f->words[i]; i++) {
        if (!str_is_nocase(word, f->words[i]))
            continue;
        *out = f->first_word + i;
        return true;
    }
    return wrong_at(r, begin,
                    f->words ? "not a name that it knows (three letters, as in JAN or MON)"
                             : "names are for months and days of the week alone");
}

static bool read_value(struct reading *r, int *out)
{
    size_t begin = r->at;

    if (is_letter(peek(r)))
        return read_word(r, out);
    if (!is_digit(peek(r)))
        return wrong_at(r, begin,
                        begin == r->text.n || is_blank(peek(r)) || peek(r) == ','
                            ? "a value is missing"
                            : "neither a number, a name nor *");
    *out = read_digits(r);
    return (*out >= field_of(r)->least && *out <= field_of(r)->most) || number_wrong(r, begin, *out);
}

static bool read_step(struct reading *r, int *out)
{
    size_t begin = ++r->at;

    *out = 1;
    if (!is_digit(peek(r)))
        return wrong_at(r, begin, "the step behind / must be a number");
    *out = read_digits(r);
    if (*out < 1)
        return wrong_at(r, begin, "a step counts from 1");
    return *out <= field_of(r)->most || number_wrong(r, begin, *out);
}

/* Behind a range's dash. A Sunday that ends a range by its name is the seventh day: FRI-SUN. */
static bool read_end(struct reading *r, size_t begin, int low, int *high)
{
    bool named = is_letter(r->at + 1 < r->text.n ? r->text.p[r->at + 1] : 0);

    r->at++;
    if (!read_value(r, high))
        return false;
    if (named && r->field == WEEKDAY && *high == 0)
        *high = 7;
    return low <= *high || wrong_at(r, begin, "the range runs backwards");
}

/* *, a value or a range; *many: it may have a step. */
static bool read_range(struct reading *r, int *low, int *high, bool *many)
{
    size_t begin = r->at;

    *low = field_of(r)->least;
    *high = r->field == WEEKDAY ? 6 : field_of(r)->most;
    *many = true;
    if (peek(r) == '*') {
        r->at++;
        return true;
    }
    if (!read_value(r, low))
        return false;
    if (peek(r) == '-')
        return read_end(r, begin, *low, high);
    *high = *low;
    *many = false;
    return true;
}

/* One of a list. */
static bool read_part(struct reading *r, uint64_t *bits)
{
    int low = 0;
    int high = 0;
    int step = 1;
    bool many = false;

    if (!read_range(r, &low, &high, &many))
        return false;
    if (peek(r) == '/' && !many)
        return wrong_at(r, r->at, "a step needs * or a range before it, as in 5-59/10");
    if (peek(r) == '/' && !read_step(r, &step))
        return false;
    for (int i = low; i <= high; i += step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static bool read_field(struct reading *r, uint64_t *bits, bool *any)
{
    while (is_blank(peek(r)))
        r->at++;
    if (r->at == r->text.n)
        return wrong_at(r, r->at, "is missing: an expression has five fields");
    *any = peek(r) == '*';
    while (read_part(r, bits)) {
        if (r->at == r->text.n || is_blank(peek(r)))
            return true;
        if (peek(r) != ',')
            return wrong_at(r, r->at, "does not belong here");
        r->at++;
    }
    return false;
}

bool cron_parse(struct str text, struct cron *out, struct err *e)
{
    struct reading r = {.text = text, .e = e};
    uint64_t bits[FIELDS] = {0};
    bool any[FIELDS] = {0};
    int64_t some = 0;

    *out = (struct cron){0};
    if (text.n > CRON_MAX)
        return err_set(e, ERR_INVALID, "over %d characters", CRON_MAX);
    for (r.field = 0; r.field < FIELDS; r.field++)
        if (!read_field(&r, &bits[r.field], &any[r.field]))
            return false;
    while (is_blank(peek(&r)))
        r.at++;
    if (r.at < text.n)
        return err_set(e, ERR_INVALID, "character %zu: a sixth field; an expression has five", r.at + 1);
    *out = (struct cron){
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint16_t)bits[3],
        .weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f),
        .any_day = any[2],
        .any_weekday = any[4],
    };
    return cron_next(out, 0, &some) ||
           err_set(e, ERR_INVALID, "field 3 (day of month): no month that is named has such a day");
}

static bool day_fits(const struct cron *c, const struct civil *d)
{
    bool day = c->days >> d->day & 1;
    bool weekday = c->weekdays >> d->weekday & 1;

    return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

/* The first minute of a day from `from` on; NEVER: none. */
static int in_day(const struct cron *c, int from)
{
    for (int h = from / 60; h < 24; h++) {
        if (!(c->hours >> h & 1))
            continue;
        uint64_t left = c->minutes >> (h == from / 60 ? from % 60 : 0);
        if (!left)
            continue;
        int m = h == from / 60 ? from % 60 : 0;
        for (; !(left & 1); left >>= 1)
            m++;
        return h * 60 + m;
    }
    return NEVER;
}

bool cron_next(const struct cron *c, int64_t after_min, int64_t *next_min)
{
    struct civil d = moment_civil((after_min + 1) * MINUTE_MS);
    int from = d.hour * 60 + d.minute;
    int last = d.year + CRON_YEARS_MAX < YEAR_LAST ? d.year + CRON_YEARS_MAX : YEAR_LAST;

    d = (struct civil){.year = d.year, .month = d.month, .day = d.day};
    while (d.year <= last) {
        if (!(c->months >> d.month & 1)) {
            d = (struct civil){.year = d.year + d.month / 12, .month = d.month % 12 + 1, .day = 1};
            from = 0;
            continue;
        }
        int64_t day_min = moment_of(&d) / MINUTE_MS;
        d = moment_civil(day_min * MINUTE_MS);
        int minute = day_fits(c, &d) ? in_day(c, from) : NEVER;
        if (minute != NEVER) {
            *next_min = day_min + minute;
            return true;
        }
        d = moment_civil((day_min + DAY_MIN) * MINUTE_MS);
        from = 0;
    }
    return false;
}

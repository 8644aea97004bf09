#include "codec/tzrule.h"

#include "base/moment.h"

enum { HOUR_S = 3600, DAY_S = 86400, NAME_LEAST = 3 };

struct reading {
    struct str text;
    size_t at;
};

static bool wrong(const struct reading *r, const char *what, struct err *e)
{
    return err_set(e, ERR_INVALID, "zone rule, position %zu: %s", r->at + 1, what);
}

static char peek(const struct reading *r)
{
    return r->at < r->text.n ? r->text.p[r->at] : 0;
}

static bool take(struct reading *r, char c)
{
    if (peek(r) != c || !c)
        return false;
    r->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_name(struct reading *r, struct err *e)
{
    size_t begin = r->at;
    bool quoted = take(r, '<');

    while (is_letter(peek(r)) || (quoted && (is_digit(peek(r)) || peek(r) == '+' || peek(r) == '-')))
        r->at++;
    size_t n = r->at - begin - quoted;
    if (quoted && !take(r, '>'))
        return wrong(r, "the name does not end", e);
    return n >= NAME_LEAST || wrong(r, "a name of three characters at least is missing", e);
}

static bool read_number(struct reading *r, int most, int *out, struct err *e)
{
    int n = 0;

    if (!is_digit(peek(r)))
        return wrong(r, "a number is missing", e);
    while (is_digit(peek(r)) && n <= most)
        n = n * 10 + (r->text.p[r->at++] - '0');
    if (n > most)
        return err_set(e, ERR_INVALID, "zone rule, position %zu: a number above %d", r->at, most);
    *out = n;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(struct reading *r, int hours_most, int32_t *out, struct err *e)
{
    bool minus = take(r, '-');
    int h = 0;
    int m = 0;
    int s = 0;

    if (!minus)
        (void)take(r, '+');
    if (!read_number(r, hours_most, &h, e))
        return false;
    if (take(r, ':') && !read_number(r, 59, &m, e))
        return false;
    if (take(r, ':') && !read_number(r, 59, &s, e))
        return false;
    int32_t all = h * HOUR_S + m * 60 + s;
    *out = minus ? -all : all;
    return true;
}

static bool read_day(struct reading *r, struct tzrule_date *d, struct err *e)
{
    if (take(r, 'J')) {
        d->form = TZRULE_JULIAN;
        return read_number(r, 365, &d->day, e) && (d->day > 0 || wrong(r, "J counts from 1", e));
    }
    if (!take(r, 'M')) {
        d->form = TZRULE_DAY;
        return read_number(r, 365, &d->day, e);
    }
    d->form = TZRULE_MONTH_WEEKDAY;
    if (!read_number(r, 12, &d->month, e) || !(take(r, '.') || wrong(r, "a '.' is missing", e)) ||
        !read_number(r, 5, &d->week, e) || !(take(r, '.') || wrong(r, "a '.' is missing", e)) ||
        !read_number(r, 6, &d->day, e))
        return false;
    return (d->month > 0 && d->week > 0) || wrong(r, "months and weeks count from 1", e);
}

static bool read_date(struct reading *r, struct tzrule_date *d, struct err *e)
{
    d->time_s = 2 * HOUR_S;
    if (!take(r, ','))
        return wrong(r, "the date of the change is missing", e);
    return read_day(r, d, e) && (!take(r, '/') || read_time(r, 167, &d->time_s, e));
}

bool tzrule_parse(struct str text, struct tzrule *out, struct err *e)
{
    struct reading r = {.text = text};

    *out = (struct tzrule){0};
    if (text.n > TZRULE_MAX)
        return err_set(e, ERR_INVALID, "zone rule: over %d bytes", TZRULE_MAX);
    if (!read_name(&r, e) || !read_time(&r, 24, &out->standard_s, e))
        return false;
    out->standard_s = -out->standard_s; /* POSIX counts westwards */
    if (r.at == text.n)
        return true;
    out->has_daylight = true;
    out->daylight_s = out->standard_s + HOUR_S;
    if (!read_name(&r, e))
        return false;
    if (peek(&r) != ',' && peek(&r)) {
        if (!read_time(&r, 24, &out->daylight_s, e))
            return false;
        out->daylight_s = -out->daylight_s;
    }
    if (!read_date(&r, &out->begin, e) || !read_date(&r, &out->end, e))
        return false;
    return r.at == text.n || wrong(&r, "more than a rule", e);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t midnight_s(int year, int month, int day)
{
    struct civil c = {.year = year, .month = month, .day = day};

    return moment_of(&c) / 1000;
}

int64_t tzrule_local_s(const struct tzrule_date *d, int year)
{
    if (d->form == TZRULE_DAY)
        return midnight_s(year, 1, 1) + (int64_t)d->day * DAY_S + d->time_s;
    if (d->form == TZRULE_JULIAN) {
        int skipped = is_leap(year) && d->day >= 60;
        return midnight_s(year, 1, 1) + (int64_t)(d->day - 1 + skipped) * DAY_S + d->time_s;
    }
    int64_t first = midnight_s(year, d->month, 1);
    int64_t next_month = d->month == 12 ? midnight_s(year + 1, 1, 1) : midnight_s(year, d->month + 1, 1);
    int weekday = moment_civil(first * 1000).weekday;
    int64_t at = first + (int64_t)((d->day - weekday + 7) % 7 + (d->week - 1) * 7) * DAY_S;
    while (at >= next_month)
        at -= (int64_t)7 * DAY_S; /* the fifth is the last that there is */
    return at + d->time_s;
}

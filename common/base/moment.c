#include "base/moment.h"

#include <stddef.h>
#include <stdio.h>

enum { MS_A_DAY = 86400000 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/*
 * Days since 1970-01-01 of a date of the proleptic Gregorian calendar, counted in years that begin in March.
 */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t yoe = year - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct civil moment_civil(int64_t wall_ms)
{
    int64_t days = floor_div(wall_ms, MS_A_DAY);
    int64_t in_day = wall_ms - days * MS_A_DAY;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);

    return (struct civil){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(in_day / 3600000),
        .minute = (int)(in_day / 60000 % 60),
        .second = (int)(in_day / 1000 % 60),
        .weekday = (int)(((days + 4) % 7 + 7) % 7),
    };
}

int64_t moment_of(const struct civil *c)
{
    return days_of(c->year, c->month, c->day) * MS_A_DAY + c->hour * 3600000LL + c->minute * 60000LL +
           c->second * 1000LL;
}

void moment_rfc3339(int64_t wall_ms, char out[MOMENT_MAX])
{
    struct civil c = moment_civil(wall_ms);
    int ms = (int)(wall_ms - floor_div(wall_ms, 1000) * 1000);

    (void)snprintf(out, MOMENT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year % 10000, c.month, c.day,
                   c.hour, c.minute, c.second, ms);
}

void moment_amz(int64_t wall_ms, char out[MOMENT_MAX])
{
    struct civil c = moment_civil(wall_ms);

    (void)snprintf(out, MOMENT_MAX, "%04d%02d%02dT%02d%02d%02dZ", c.year % 10000, c.month, c.day, c.hour,
                   c.minute, c.second);
}

static bool is_real(const struct civil *c)
{
    struct civil day = {.year = c->year, .month = c->month, .day = c->day};

    if (c->year < 1970 || c->month < 1 || c->month > 12 || c->day < 1 || c->hour > 23 || c->minute > 59 ||
        c->second > 60)
        return false;
    /* The 31st of a shorter month is a day of the next one. */
    return moment_civil(moment_of(&day)).day == c->day;
}

static int *field_of(struct civil *c, char letter)
{
    switch (letter) {
    case 'Y':
        return &c->year;
    case 'M':
        return &c->month;
    case 'D':
        return &c->day;
    case 'h':
        return &c->hour;
    case 'm':
        return &c->minute;
    case 's':
        return &c->second;
    default:
        return NULL;
    }
}

/* The month's number by its English name; 0: none. */
static int month_of(struct str name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (str_starts(name, str_n(months + (ptrdiff_t)3 * i, 3)))
            return i + 1;
    return 0;
}

/* How many bytes of s the pattern's letter takes; 0: it does not fit. See take(). */
static size_t take_one(struct str s, char letter, struct civil *c)
{
    char have = s.n ? s.p[0] : '\0';
    int *number = field_of(c, letter);

    if (number) {
        *number = *number * 10 + (have - '0');
        return have >= '0' && have <= '9';
    }
    switch (letter) {
    case 'N':
        c->month = month_of(s);
        return c->month ? 3 : 0;
    case 'T':
        return have == 'T' || have == 't' || have == ' ';
    case 'a':
        return (have >= 'A' && have <= 'Z') || (have >= 'a' && have <= 'z');
    default:
        return have == letter;
    }
}

/*
 * Takes from the beginning of *s what the pattern says: Y M D h m s are one digit each of that field, N is a
 * month's name, a any letter, T what stands between date and time; all else is itself. Not sscanf: that takes
 * "+1" and " 1" for two digits.
 */
static bool take(struct str *s, const char *pattern, struct civil *c)
{
    for (; *pattern; pattern++) {
        size_t n = take_one(*s, *pattern, c);
        if (!n)
            return false;
        *s = str_skip(*s, n);
    }
    return true;
}

/* ".123", kept to the millisecond; nothing is zero. */
static bool take_fraction(struct str *s, int64_t *ms)
{
    int64_t unit = 100;
    size_t n = 1;

    if (!str_starts(*s, STR(".")))
        return true;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++, unit /= 10)
        *ms += unit * (s->p[n] - '0');
    *s = str_skip(*s, n);
    return n > 1;
}

/* All that is left: "Z", " GMT", or "+01:00", which is away from UTC. */
static bool take_zone(struct str s, int64_t *ms)
{
    struct civil away = {0};

    if (str_is_nocase(s, "Z") || str_is(s, " GMT") || str_is(s, " UTC"))
        return true;
    bool plus = str_starts(s, STR("+"));
    if (!plus && !str_starts(s, STR("-")))
        return false;
    s = str_skip(s, 1);
    if (!take(&s, "hh:mm", &away) || s.n || away.hour > 23 || away.minute > 59)
        return false;
    int64_t offset = (away.hour * 60LL + away.minute) * 60000LL;
    *ms += plus ? -offset : offset;
    return true;
}

static bool parse_rfc3339(struct str s, struct civil *c, int64_t *ms)
{
    return take(&s, "YYYY-MM-DDThh:mm:ss", c) && take_fraction(&s, ms) && take_zone(s, ms);
}

static bool parse_amz(struct str s, struct civil *c)
{
    if (!take(&s, "YYYYMMDD", c) || !str_starts(s, STR("T")))
        return false;
    s = str_skip(s, 1);
    return take(&s, "hhmmss", c) && str_is(s, "Z");
}

static bool parse_http(struct str s, struct civil *c)
{
    return take(&s, "aaa, DD N YYYY hh:mm:ss", c) && str_is(s, " GMT");
}

bool moment_parse(struct str text, int64_t *wall_ms)
{
    struct civil rfc3339 = {0};
    struct civil amz = {0};
    struct civil http = {0};
    const struct civil *c = NULL;
    int64_t ms = 0;

    text = str_trim(text);
    if (parse_rfc3339(text, &rfc3339, &ms))
        c = &rfc3339;
    else if (parse_amz(text, &amz))
        c = &amz;
    else if (parse_http(text, &http))
        c = &http;
    if (!c || !is_real(c))
        return false;
    *wall_ms = moment_of(c) + (c == &rfc3339 ? ms : 0);
    return true;
}

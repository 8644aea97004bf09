#include "base/moment.h"

#include <stdio.h>
#include <string.h>

enum { MS_A_DAY = 86400000 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, counted in years that begin in March. */
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
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return c->year >= 1970 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days[c->month - 1] && c->hour >= 0 && c->hour <= 23 && c->minute >= 0 &&
           c->minute <= 59 && c->second >= 0 && c->second <= 60;
}

/* ".123" and "Z" or "+01:00" behind the seconds. */
static bool parse_tail(const char *p, int64_t *ms)
{
    int hours = 0;
    int minutes = 0;
    int n = 0;

    *ms = 0;
    if (*p == '.') {
        int64_t unit = 100;
        for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
            *ms += unit * (*p - '0');
    }
    if (strcmp(p, "Z") == 0 || strcmp(p, " GMT") == 0 || strcmp(p, " UTC") == 0)
        return true;
    if ((*p != '+' && *p != '-') || sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 || p[1 + n] ||
        hours > 23 || minutes > 59)
        return false;
    int64_t away = (hours * 60LL + minutes) * 60000LL;
    *ms += *p == '+' ? -away : away;
    return true;
}

static bool parse_http(const char *text, struct civil *c)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char day[4];
    char month[4];
    int n = 0;

    if (sscanf(text, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", day, &c->day, month, &c->year,
               &c->hour, &c->minute, &c->second, &n) != 7 ||
        text[n] || strlen(month) != 3)
        return false;
    const char *at = strstr(months, month);
    if (!at || (at - months) % 3)
        return false;
    c->month = (int)(at - months) / 3 + 1;
    return true;
}

bool moment_parse(struct str text, int64_t *wall_ms)
{
    char s[48];
    struct civil c = {0};
    int64_t ms = 0;
    int n = 0;

    text = str_trim(text);
    if (text.n < 16 || text.n >= sizeof s)
        return false;
    memcpy(s, text.p, text.n);
    s[text.n] = '\0';
    if (sscanf(s, "%4d%2d%2dT%2d%2d%2dZ%n", &c.year, &c.month, &c.day, &c.hour, &c.minute, &c.second, &n) ==
            6 &&
        n && !s[n]) {
        ms = 0;
    } else if (sscanf(s, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n", &c.year, &c.month, &c.day, &c.hour, &c.minute,
                      &c.second, &n) == 6) {
        if (!parse_tail(s + n, &ms))
            return false;
    } else if (!parse_http(s, &c)) {
        return false;
    }
    if (!is_real(&c))
        return false;
    *wall_ms = moment_of(&c) + ms;
    return true;
}

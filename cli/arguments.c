#include "cli/arguments.h"

#include "base/mem.h"
#include "conf/options.h"

#include <stdio.h>
#include <string.h>

static const struct argument *find(const struct argument *table, struct str flag)
{
    for (const struct argument *a = table; a->flag; a++)
        if (str_is(flag, a->flag))
            return a;
    return NULL;
}

static bool unknown(const struct argument *table, struct str flag, struct err *e)
{
    enum { NEAR_ENOUGH = 3 };
    const char *near = NULL;
    size_t least = NEAR_ENOUGH + 1;

    for (const struct argument *a = table; a->flag; a++) {
        size_t d = str_distance(flag, str_of(a->flag));
        if (d < least) {
            least = d;
            near = a->flag;
        }
    }
    const char *option = options_nearest(str_skip(flag, 2)); /* one of all programs' may be meant, too */
    if (option && (!near || str_distance(str_skip(flag, 2), str_of(option)) < least))
        return err_set(e, ERR_CONFIG, "unknown flag " STR_FMT ": did you mean --%s?", STR_ARG(flag), option);
    if (near)
        return err_set(e, ERR_CONFIG, "unknown flag " STR_FMT ": did you mean %s?", STR_ARG(flag), near);
    return err_set(e, ERR_CONFIG, "unknown flag " STR_FMT, STR_ARG(flag));
}

static bool set_word(const struct argument *a, const char *value, struct err *e)
{
    BUF_CLEANUP struct buf all = BUF_INIT(500);

    for (int i = 0; a->words[i]; i++) {
        if (!a->words[i][0])
            continue; /* stands for "not given" */
        if (strcmp(value, a->words[i]) == 0) {
            *(int *)a->at = i;
            return true;
        }
        buf_addf(&all, "%s%s", all.n ? ", " : "", a->words[i]);
    }
    return err_set(e, ERR_CONFIG, "%s %.60s: allowed are %s", a->flag, value, buf_cstr(&all));
}

static bool set(const struct argument *a, const char *value, struct err *e)
{
    switch (a->kind) {
    case ARGUMENT_SWITCH:
        *(bool *)a->at = true;
        return true;
    case ARGUMENT_TEXT:
        *(const char **)a->at = value;
        return true;
    case ARGUMENT_TEXTS:
        strs_add(a->at, str_of(value));
        return true;
    case ARGUMENT_NUMBER: {
        int64_t n = 0;
        if (!str_to_i64(str_of(value), &n) || n < a->min || n > a->max)
            return err_set(e, ERR_CONFIG, "%s %.60s: a number from %lld to %lld", a->flag, value,
                           (long long)a->min, (long long)a->max);
        *(int64_t *)a->at = n;
        return true;
    }
    case ARGUMENT_DURATION:
        return options_duration(str_of(value), a->at) ||
               err_set(e, ERR_CONFIG, "%s %.60s: a time such as 90s, 10m or 2h", a->flag, value);
    case ARGUMENT_WORD:
        return set_word(a, value, e);
    }
    return false;
}

/* One flag at *i; moves *i over a value that stands apart. */
static bool take_flag(const struct strs *words, size_t *i, const struct argument *table, struct err *e)
{
    struct str flag;
    struct str value;
    const char *word = words->at[*i];
    bool joined = str_cut(str_of(word), '=', &flag, &value);
    const struct argument *a = find(table, flag);

    if (!a)
        return unknown(table, flag, e);
    if (a->kind == ARGUMENT_SWITCH)
        return joined ? err_set(e, ERR_CONFIG, "%s takes no value", a->flag) : set(a, "", e);
    if (joined)
        return set(a, word + flag.n + 1, e);
    if (++*i == words->n)
        return err_set(e, ERR_CONFIG, "%s needs a value: %s %s", a->flag, a->flag,
                       a->value ? a->value : "VALUE");
    return set(a, words->at[*i], e);
}

static bool help(const struct argument *table, struct err *e)
{
    BUF_CLEANUP struct buf out = BUF_INIT(64 * 1024);

    arguments_help(table, &out);
    (void)fputs(buf_cstr(&out), stdout);
    return err_set(e, ERR_NONE, "%s", "");
}

bool arguments_read(const struct strs *words, const struct argument *table, size_t least, size_t most,
                    struct strs *positional, struct err *e)
{
    bool flags = true;

    for (size_t i = 0; i < words->n; i++) {
        const char *w = words->at[i];
        if (flags && strcmp(w, "--help") == 0)
            return help(table, e);
        if (flags && strcmp(w, "--") == 0)
            flags = false;
        else if (flags && strncmp(w, "--", 2) == 0) {
            if (!take_flag(words, &i, table, e))
                return false;
        } else if (positional->n == most)
            return err_set(e, ERR_CONFIG, "unexpected word '%.100s'", w);
        else
            strs_add(positional, str_of(w));
    }
    if (positional->n < least)
        return err_set(e, ERR_CONFIG, "a word is missing");
    return true;
}

void arguments_help(const struct argument *table, struct buf *out)
{
    enum { COLUMN = 26 };

    for (const struct argument *a = table; a->flag; a++) {
        size_t at = out->n;
        buf_addf(out, "  %s%s%s", a->flag, a->value ? " " : "", a->value ? a->value : "");
        size_t used = out->n - at;
        buf_addf(out, "%*s%s\n", (int)(used < COLUMN ? COLUMN - used : 1), "", a->help ? a->help : "");
    }
}

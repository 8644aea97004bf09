#include "sim/wish.h"

#include "sim/fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char wish_usage[] =
    "usage: ec2sched-sim --seed N [--count N | --minutes N] [--trace] [--until S] [--partitions N] [--calm]\n"
    "                    [--plain] [--met]\n"
    "       ec2sched-sim --seeds FILE\n"
    "       ec2sched-sim --wanted\n"
    "  --seed N        the history to play; of several the first\n"
    "  --count N       so many seeds, one after the other (1)\n"
    "  --minutes N     seeds for so many minutes of real time\n"
    "  --seeds FILE    those of a file of lines SEED WORDS, as tests/sim/seeds/kept\n"
    "  --trace         prints each event, one line each\n"
    "  --until S       ends after so many seconds of virtual time\n"
    "  --partitions N  of the log (2)\n"
    "  --calm          without faults\n"
    "  --met           prints what each history has met, one line each\n"
    "  --wanted        prints what there is to be met, and plays nothing\n"
    "  --plain         without the twists that some seeds have\n"
    "  --ill WHO=HOW   a process (p1, w2) that spins, grows or hangs from its third minute on: how that is "
    "told\n";

enum { MINUTES_MAX = 24 * 60, PARTITIONS_MAX = 64 };

static const char *const illnesses[] = {
    [DAEMON_SPINS] = "spins", [DAEMON_GROWS] = "grows", [DAEMON_HANGS] = "hangs"};

static bool read_ill(struct wish *w, struct str value, struct err *e)
{
    struct str who, how;
    int64_t number = 0;
    bool known =
        str_cut(value, '=', &who, &how) && who.n > 1 && str_to_i64(str_skip(who, 1), &number) && number > 0 &&
        ((who.p[0] == 'p' && number <= FLEET_PRODUCERS) || (who.p[0] == 'w' && number <= FLEET_WORKERS));

    if (!known)
        return err_set(e, ERR_CONFIG,
                       "--ill: '" STR_FMT "' is not WHO=HOW, with WHO of p1 to p%d and w1 to w%d",
                       STR_ARG(value), FLEET_PRODUCERS, FLEET_WORKERS);
    (void)snprintf(w->sick, sizeof w->sick, "%c%d", who.p[0], (int)number);
    for (int i = DAEMON_SPINS; i <= DAEMON_HANGS; i++)
        if (str_is(how, illnesses[i])) {
            w->illness = (enum daemon_illness)i;
            return true;
        }
    return err_set(e, ERR_CONFIG, "--ill: '" STR_FMT "' is none of spins, grows and hangs", STR_ARG(how));
}

struct option {
    const char *name;
    int64_t *number; /* with its bounds */
    int64_t low, high;
    bool *flag;
};

static bool read_number(const struct option *o, struct str value, struct err *e)
{
    if (str_to_i64(value, o->number) && *o->number >= o->low && *o->number <= o->high)
        return true;
    return err_set(e, ERR_CONFIG, "--%s: '" STR_FMT "' is not a number from %" PRId64 " to %" PRId64, o->name,
                   STR_ARG(value), o->low, o->high);
}

static bool read_plain(const struct option *o, struct str value, bool has_value, struct err *e)
{
    if (o->flag && has_value)
        return err_set(e, ERR_CONFIG, "--%s takes no value", o->name);
    if (o->number && !has_value)
        return err_set(e, ERR_CONFIG, "--%s: there is no value", o->name);
    if (o->number)
        return read_number(o, value, e);
    *o->flag = true;
    return true;
}

/* One option, whose value may be the next word. */
static bool read_option(struct wish *w, struct str name, struct str value, bool has_value, struct err *e)
{
    const struct option options[] = {{"seed", &w->seed, 0, INT64_MAX, NULL},
                                     {"count", &w->count, 1, INT32_MAX, NULL},
                                     {"minutes", &w->minutes, 1, MINUTES_MAX, NULL},
                                     {"until", &w->until_s, 1, INT32_MAX, NULL},
                                     {"partitions", &w->partitions, 1, PARTITIONS_MAX, NULL},
                                     {"trace", NULL, 0, 0, &w->trace},
                                     {"calm", NULL, 0, 0, &w->calm},
                                     {"plain", NULL, 0, 0, &w->plain},
                                     {"met", NULL, 0, 0, &w->met},
                                     {"wanted", NULL, 0, 0, &w->wanted},
                                     {"help", NULL, 0, 0, &w->help}};

    if (str_is(name, "seeds") || str_is(name, "ill")) {
        if (!has_value || value.n == 0)
            return err_set(e, ERR_CONFIG, "--" STR_FMT ": there is no value", STR_ARG(name));
        if (str_is(name, "ill"))
            return read_ill(w, value, e);
        w->seeds = value.p;
        return true;
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (str_is(name, options[i].name))
            return read_plain(&options[i], value, has_value, e);
    return err_set(e, ERR_CONFIG, "--" STR_FMT " is no option; --help tells what there is", STR_ARG(name));
}

static bool is_flag(struct str name)
{
    static const char *const flags[] = {"trace", "calm", "plain", "met", "wanted", "help"};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (str_is(name, flags[i]))
            return true;
    return false;
}

static bool makes_sense(const struct wish *w, struct err *e)
{
    if (w->help || w->wanted)
        return true;
    if (w->seeds && (w->seed >= 0 || w->count || w->minutes))
        return err_set(e, ERR_CONFIG, "--seeds names the histories: not with --seed, --count or --minutes");
    if (!w->seeds && w->seed < 0)
        return err_set(e, ERR_CONFIG, "--seed N is missing: which history?");
    if (w->count && w->minutes)
        return err_set(e, ERR_CONFIG, "--count and --minutes: how many, or for how long?");
    if (w->count > 1 && w->seed > INT64_MAX - w->count)
        return err_set(e, ERR_CONFIG, "--count: there are no %" PRId64 " seeds from %" PRId64 " on", w->count,
                       w->seed);
    return true;
}

bool wish_read(struct wish *w, int argc, char **argv, struct err *e)
{
    struct str name, value;

    *w = (struct wish){.seed = -1};
    for (int i = 1; i < argc; i++) {
        struct str word = str_of(argv[i]);
        if (!str_starts(word, STR("--")))
            return err_set(e, ERR_CONFIG, "'%s' is not an option", argv[i]);
        bool has_value = str_cut(str_skip(word, 2), '=', &name, &value);
        if (!has_value && !is_flag(name) && i + 1 < argc) {
            value = str_of(argv[++i]);
            has_value = true;
        }
        if (!read_option(w, name, value, has_value, e))
            return false;
    }
    if (!makes_sense(w, e))
        return false;
    w->count = w->count ? w->count : 1;
    w->partitions = w->partitions ? w->partitions : FLEET_LOG_PARTITIONS;
    return true;
}

bool wish_seeds_read(struct str text, struct wish_seeds *out, struct err *e)
{
    struct str line, number, words;
    int at = 0;

    out->n = 0;
    while (text.n) {
        (void)str_cut(text, '\n', &line, &text);
        at++;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (out->n == WISH_SEEDS_MAX)
            return err_set(e, ERR_CONFIG, "line %d: more than %d seeds", at, WISH_SEEDS_MAX);
        if (!str_cut(line, ' ', &number, &words) || words.n == 0 || !str_to_i64(number, &out->at[out->n]) ||
            out->at[out->n] < 0)
            return err_set(e, ERR_CONFIG, "line %d: '%.*s' is not SEED WORDS", at,
                           line.n > 40 ? 40 : (int)line.n, line.p);
        out->plain[out->n] = str_starts(words, STR("--plain "));
        out->n++;
    }
    return out->n > 0 || err_set(e, ERR_CONFIG, "there is no seed in it");
}

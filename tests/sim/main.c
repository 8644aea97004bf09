/*
 * ec2sched-sim - plays histories of the whole fleet in virtual time (docs/simulation.md).
 */
#include "sim/fleet.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WRONG = 2 };

struct choice {
    int64_t seed, count, minutes, until_s, partitions;
    bool trace, calm, met, wanted;
};

static const char usage[] =
    "usage: ec2sched-sim --seed N [--count N] [--minutes N] [--trace] [--until S] [--partitions N] [--calm]\n"
    "  --seed N        the history to play; of several the first\n"
    "  --count N       so many seeds, one after the other (1)\n"
    "  --minutes N     seeds for so many minutes of real time\n"
    "  --trace         prints each event, one line each\n"
    "  --until S       ends after so many seconds of virtual time\n"
    "  --partitions N  of the log (2)\n"
    "  --calm          without faults\n"
    "  --met           prints what each history has met, one line each\n"
    "  --wanted        prints what there is to be met, and plays nothing\n";

static bool number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    return str_to_i64(str_of(text), out) && *out >= low && *out <= high;
}

static bool read_choice(struct choice *c, int argc, char **argv)
{
    static const struct option known[] = {{"seed", 1, NULL, 's'},       {"count", 1, NULL, 'n'},
                                          {"minutes", 1, NULL, 'm'},    {"until", 1, NULL, 'u'},
                                          {"partitions", 1, NULL, 'p'}, {"trace", 0, NULL, 't'},
                                          {"met", 0, NULL, 'M'},        {"wanted", 0, NULL, 'w'},
                                          {"calm", 0, NULL, 'c'},       {0}};
    int which;
    bool ok = true;

    while (ok && (which = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (which == 's')
            ok = number(optarg, 0, INT64_MAX, &c->seed);
        else if (which == 'n')
            ok = number(optarg, 1, INT32_MAX, &c->count);
        else if (which == 'm')
            ok = number(optarg, 1, 24 * 60, &c->minutes);
        else if (which == 'u')
            ok = number(optarg, 1, INT32_MAX, &c->until_s);
        else if (which == 'p')
            ok = number(optarg, 1, 64, &c->partitions);
        else if (which == 't')
            c->trace = true;
        else if (which == 'c')
            c->calm = true;
        else if (which == 'M')
            c->met = true;
        else if (which == 'w')
            c->wanted = true;
        else
            ok = false;
    }
    return ok && optind == argc && (c->seed >= 0 || c->wanted);
}

static void print_item(void *self, const char *item)
{
    (void)printf("%s%s\n", (const char *)self, item);
}

static bool play(const struct choice *c, int64_t seed)
{
    const struct fleet_config config = {.seed = (uint64_t)seed,
                                        .faults = c->calm ? 0 : 1,
                                        .until_us = c->until_s * 1000000,
                                        .trace = c->trace ? stdout : NULL,
                                        .partitions = (int)c->partitions,
                                        .met = c->met ? print_item : NULL,
                                        .self = "met "};
    const struct fleet_verdict v = fleet_run(&config);

    (void)printf("seed %" PRId64 ": %s, trace %016" PRIx64 " of %" PRIu64
                 " lines, %.2f virtual hours, %" PRId64 " faults, %" PRId64 " AWS calls, %" PRId64
                 " records, %" PRId64 " of %" PRId64 " runs ended\n",
                 seed, v.first[0] ? v.first : "ok", v.digest, v.lines, (double)v.virtual_us / 3.6e9, v.faults,
                 v.judged.calls, v.judged.records, v.judged.finished, v.judged.runs);
    if (c->trace)
        for (int f = 0; f < FAULTS; f++)
            if (v.struck[f])
                (void)printf("  %s: %" PRId64 "\n", fault_names[f], v.struck[f]);
    (void)fflush(stdout);
    return v.first[0] == 0;
}

int main(int argc, char **argv)
{
    struct choice c = {.seed = -1, .count = 1, .partitions = FLEET_LOG_PARTITIONS};
    int failed = 0;

    if (!read_choice(&c, argc, argv)) {
        (void)fputs(usage, stderr);
        return WRONG;
    }
    if (c.wanted) {
        coverage_wanted(print_item, "");
        return EXIT_SUCCESS;
    }
    time_t end = c.minutes ? time(NULL) + (time_t)c.minutes * 60 : 0;
    for (int64_t i = 0; end ? time(NULL) < end : i < c.count; i++)
        failed += !play(&c, c.seed + i);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

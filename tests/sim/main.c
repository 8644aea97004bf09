/*
 * ec2sched-sim - plays histories of the whole fleet in virtual time (docs/simulation.md).
 */
#include "sim/fleet.h"
#include "sim/watchdog.h"
#include "sim/wish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WRONG = 2 };

static void print_item(void *self, const char *item)
{
    (void)printf("%s%s\n", (const char *)self, item);
}

static void print_line(const char *line)
{
    (void)puts(line);
}

static bool play(const struct wish *w, int64_t seed)
{
    const struct fleet_config config = {.seed = (uint64_t)seed,
                                        .faults = w->calm ? 0 : 1,
                                        .until_us = w->until_s * 1000000,
                                        .trace = w->trace ? stdout : NULL,
                                        .plain = w->plain,
                                        .partitions = (int)w->partitions,
                                        .met = w->met ? print_item : NULL,
                                        .self = "met ",
                                        .ill = w->sick,
                                        .illness = w->illness,
                                        .last = w->trace ? NULL : print_line};
    const struct fleet_verdict v = fleet_run(&config);

    (void)printf("seed %" PRId64 ": %s, trace %016" PRIx64 " of %" PRIu64
                 " lines, %.2f virtual hours, %" PRId64 " faults, %" PRId64 " AWS calls, %" PRId64
                 " records, %" PRId64 " of %" PRId64 " runs ended\n",
                 seed, v.first[0] ? v.first : "ok", v.digest, v.lines, (double)v.virtual_us / 3.6e9, v.faults,
                 v.judged.calls, v.judged.records, v.judged.finished, v.judged.runs);
    if (w->trace)
        for (int f = 0; f < FAULTS; f++)
            if (v.struck[f])
                (void)printf("  %s: %" PRId64 "\n", fault_names[f], v.struck[f]);
    (void)fflush(stdout);
    return v.first[0] == 0;
}

static bool read_seeds(const char *path, struct wish_seeds *out, struct err *e)
{
    BUF_CLEANUP struct buf text = BUF_INIT(WISH_FILE_MAX);
    char some[4096];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f)
        return err_set(e, ERR_CONFIG, "%s: it cannot be read", path);
    while ((n = fread(some, 1, sizeof some, f)) > 0)
        buf_add(&text, str_n(some, n));
    bool whole = !ferror(f);
    (void)fclose(f);
    if (!whole || text.over)
        return err_set(e, ERR_CONFIG, "%s: it cannot be read, or is no file of seeds", path);
    return wish_seeds_read(buf_view(&text), out, e) || err_wrap(e, "%s", path);
}

static int wrong(const struct err *e)
{
    (void)fprintf(stderr, "ec2sched-sim: %s\n", e->msg);
    return WRONG;
}

int main(int argc, char **argv)
{
    static struct wish_seeds seeds;
    struct wish w;
    struct err e = {0};
    int failed = 0;

    if (!wish_read(&w, argc, argv, &e) || (w.seeds && !read_seeds(w.seeds, &seeds, &e)))
        return wrong(&e);
    if (w.help) {
        (void)fputs(wish_usage, stdout);
        return EXIT_SUCCESS;
    }
    if (w.wanted) {
        coverage_wanted(print_item, "");
        return EXIT_SUCCESS;
    }
    watchdog_start(WATCHDOG_S);
    time_t end = w.minutes ? time(NULL) + (time_t)w.minutes * 60 : 0;
    for (size_t i = 0; i < seeds.n; i++) {
        struct wish one = w;
        one.plain = w.plain || seeds.plain[i];
        failed += !play(&one, seeds.at[i]);
    }
    for (int64_t i = 0; !w.seeds && (end ? time(NULL) < end : i < w.count); i++)
        failed += !play(&w, w.seed + i);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

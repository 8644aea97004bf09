/*
 * What ec2sched-sim is asked for: what makes no sense is refused in one line that names it, a file of seeds
 * that is not one too; and a process that does not come to rest ends its history and is named, with its last
 * events.
 */
#include "sim/fleet.h"
#include "sim/watchdog.h"
#include "sim/wish.h"
#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 8, TOLD_MAX = 64 * 1024 };

struct line {
    const char *words[WORDS_MAX], *said;
};

static bool reads(const char *const *words, struct wish *w, struct err *e)
{
    char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "ec2sched-sim"};
    int argc = 1;

    for (int i = 0; i < WORDS_MAX && words[i]; i++)
        argv[argc++] = (char *)(uintptr_t)words[i];
    return wish_read(w, argc, argv, e);
}

static void what_makes_no_sense_is_refused_in_words(void **state)
{
    static const struct line lines[] = {
        {{NULL}, "--seed N is missing: which history?"},
        {{"--seed"}, "--seed: there is no value"},
        {{"--seed", "x"}, "--seed: 'x' is not a number from 0 to 9223372036854775807"},
        {{"--seed", "-1"}, "--seed: '-1' is not a number from 0 to 9223372036854775807"},
        {{"--seed=1", "--count", "0"}, "--count: '0' is not a number from 1 to 2147483647"},
        {{"--seed=1", "--minutes=1441"}, "--minutes: '1441' is not a number from 1 to 1440"},
        {{"--seed=1", "--partitions=65"}, "--partitions: '65' is not a number from 1 to 64"},
        {{"--seed=1", "--until="}, "--until: '' is not a number from 1 to 2147483647"},
        {{"--seed=1", "--count=2", "--minutes=2"}, "--count and --minutes: how many, or for how long?"},
        {{"--seed=9223372036854775807", "--count=2"},
         "--count: there are no 2 seeds from 9223372036854775807 on"},
        {{"--seeds=f", "--seed=1"}, "--seeds names the histories: not with --seed, --count or --minutes"},
        {{"--seed=1", "--calm=yes"}, "--calm takes no value"},
        {{"--seed=1", "--calmer"}, "--calmer is no option; --help tells what there is"},
        {{"--seed=1", "12"}, "'12' is not an option"},
        {{"--seed=1", "--ill=w1"}, "--ill: 'w1' is not WHO=HOW, with WHO of p1 to p3 and w1 to w4"},
        {{"--seed=1", "--ill=w5=spins"},
         "--ill: 'w5=spins' is not WHO=HOW, with WHO of p1 to p3 and w1 to w4"},
        {{"--seed=1", "--ill=w1=sleeps"}, "--ill: 'sleeps' is none of spins, grows and hangs"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct wish w;
        struct err e = {0};
        assert_false(reads(lines[i].words, &w, &e));
        assert_string_equal(e.msg, lines[i].said);
        assert_int_equal(e.kind, ERR_CONFIG);
    }
}

static void what_makes_sense_is_read(void **state)
{
    static const char *const words[] = {"--seed", "7", "--until=60", "--trace", "--ill", "w4=hangs", NULL};
    struct wish w;
    struct err e = {0};
    (void)state;

    assert_true(reads(words, &w, &e));
    assert_int_equal(w.seed, 7);
    assert_int_equal(w.count, 1);
    assert_int_equal(w.partitions, FLEET_LOG_PARTITIONS);
    assert_int_equal(w.until_s, 60);
    assert_true(w.trace && !w.calm);
    assert_string_equal(w.sick, "w4");
    assert_int_equal(w.illness, DAEMON_HANGS);
}

static void a_file_of_seeds_that_is_none_is_refused_by_its_line(void **state)
{
    static const struct {
        const char *text, *said;
    } files[] = {
        {"", "there is no seed in it"},
        {"# nothing\n", "there is no seed in it"},
        {"# one\n1 fine\nseven it is\n", "line 3: 'seven it is' is not SEED WORDS"},
        {"17\n", "line 1: '17' is not SEED WORDS"},
        {"-4 below\n", "line 1: '-4 below' is not SEED WORDS"},
    };
    static struct wish_seeds seeds;
    (void)state;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct err e = {0};
        assert_false(wish_seeds_read(str_of(files[i].text), &seeds, &e));
        assert_string_equal(e.msg, files[i].said);
    }
    struct err e = {0};
    assert_true(wish_seeds_read(STR("# two\n\n12 words\n9223372036854775807 --plain more"), &seeds, &e));
    assert_int_equal(seeds.n, 2);
    assert_int_equal(seeds.at[0], 12);
    assert_true(seeds.plain[1] && !seeds.plain[0]);
}

/* ---- processes that do not come to rest ---- */

static char told[TOLD_MAX];

static void note(const char *line)
{
    size_t n = strlen(told);

    (void)snprintf(told + n, sizeof told - n, "%s\n", line);
}

static void ends_by(const char *who, enum daemon_illness illness, const char *words)
{
    const struct fleet_config config = {
        .seed = 1, .partitions = 2, .ill = who, .illness = illness, .last = note, .until_us = 1000000000};

    told[0] = '\0';
    const struct fleet_verdict v = fleet_run(&config);
    assert_non_null(strstr(v.first, who));
    assert_non_null(strstr(v.first, words));
    assert_non_null(strstr(told, who));
    assert_null(strstr(told, " p3 "));
}

static void a_process_that_spins_or_grows_ends_its_history_and_is_named(void **state)
{
    (void)state;

    ends_by("w1", DAEMON_SPINS, "takes turns without end");
    ends_by("p2", DAEMON_GROWS, "holds 13");
}

static void a_turn_that_never_ends_ends_the_program_and_is_named(void **state)
{
    int ends[2], status = 0;
    size_t n = 0;
    ssize_t got;
    (void)state;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        watchdog_start(1);
        (void)fleet_run(
            &(struct fleet_config){.seed = 1, .partitions = 2, .ill = "w2", .illness = DAEMON_HANGS});
        _exit(0);
    }
    (void)close(ends[1]);
    while ((got = read(ends[0], told + n, sizeof told - n - 1)) > 0)
        n += (size_t)got;
    told[n] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_non_null(strstr(told, "w2 is in a turn without an end\n"));
    assert_non_null(strstr(told, " w2 turn\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_no_sense_is_refused_in_words),
        cmocka_unit_test(what_makes_sense_is_read),
        cmocka_unit_test(a_file_of_seeds_that_is_none_is_refused_by_its_line),
        cmocka_unit_test(a_process_that_spins_or_grows_ends_its_history_and_is_named),
        cmocka_unit_test(a_turn_that_never_ends_ends_the_program_and_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

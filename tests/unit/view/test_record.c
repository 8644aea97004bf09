#include "base/mem.h"
#include "view/record.h"
#include "view/scripts.h"

#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

enum { PARTITIONS = 12 };

static int home(const char *workload)
{
    return ids_partition(str_of(workload), PARTITIONS);
}

/* The words of a record of workload "shop", joined by "~". */
static const char *words_at(const char *text, const char *key, int partition, bool *ok)
{
    static char joined[8192];
    struct words w = {0};
    struct event ev = {0};
    struct err e = {0};
    bool parsed = event_parse(str_of(text), &ev, &e);
    struct view_position at = {
        .partition = partition, .partitions = PARTITIONS, .offset = 9, .ts_ms = 1, .key = str_of(key)};
    size_t n = 0;

    *ok = record_words(&at, parsed ? &ev : NULL, str_of(text), &w, &e);
    joined[0] = 0;
    for (size_t i = 0; i < w.n; i++)
        n += (size_t)snprintf(joined + n, sizeof joined - n, "%s" STR_FMT, i ? "~" : "", STR_ARG(w.at[i]));
    words_release(&w);
    if (parsed)
        event_release(&ev);
    return joined;
}

static void expect(const char *text, const char *words)
{
    bool ok = false;
    char *got = xstrdup(words_at(text, "shop", home("shop"), &ok));

    if (!ok)
        fail_msg("not taken: %s", text);
    assert_string_equal(got, words);
    xfree(got);
}

static void expect_nothing(const char *text, const char *key, int partition)
{
    bool ok = true;
    char *got = xstrdup(words_at(text, key, partition, &ok));

    assert_false(ok);
    assert_string_equal(got, "-~~~");
    xfree(got);
}

/* Every '@' becomes the workload's own partition. */
static char *with_partition(const char *text)
{
    static char out[4096];
    size_t n = 0;

    for (; *text; text++)
        n += (size_t)(*text == '@' ? snprintf(out + n, sizeof out - n, "%d", home("shop"))
                                   : snprintf(out + n, sizeof out - n, "%c", *text));
    return out;
}

#define COMMON(type)                                                                                         \
    "{\"v\":1,\"type\":\"" type "\",\"ts\":\"2026-05-01T10:00:00.000Z\",\"workload\":\"shop\",\"run\":"      \
    "\"r1\""

static void a_request_keeps_what_it_asks_as_one_opaque_word(void **state)
{
    (void)state;
    expect(COMMON("RunRequested") ",\"action\":\"stop\",\"origin\":{\"kind\":\"schedule\",\"schedule\":"
                                  "\"night|stop|UTC\","
                                  "\"tick\":202605011000},\"if_busy\":\"queue\"}",
           "REQ~~~shop~r1~night|stop|UTC~202605011000~stop~queue~{\"origin\":{\"kind\":\"schedule\","
           "\"schedule\":"
           "\"night|stop|UTC\",\"tick\":202605011000},\"if_busy\":\"queue\"}");
    expect(
        COMMON("RunRequested") ",\"action\":\"start\",\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"reject\"}",
        "REQ~~~shop~r1~~~start~reject~{\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"reject\"}");
}

static void an_acceptance_hands_over_delays_in_ms_and_its_whole_text(void **state)
{
    char words[4096];
    const char *text =
        with_partition(COMMON("RunAccepted") ",\"action\":\"stop\",\"request\":\"0:@:5\",\"steps\":[{"
                                             "\"tiers\":[\"a\"],\"delay_s\":7},"
                                             "{\"tiers\":[\"b\"]}],\"spec\":{\"workload\":\"shop\",\"filter_"
                                             "key\":\"E\",\"filter_value\":\"x\","
                                             "\"tier_key\":\"R\",\"region\":\"eu-west-1\",\"tiers\":[]},\"on_"
                                             "failure\":\"continue\","
                                             "\"deadline_s\":60,\"pause_s\":70,\"members\":3}");

    (void)state;
    (void)snprintf(words, sizeof words, "ACC~~~shop~0:5~2~continue~7000,0~60~70~%s", text);
    expect(text, words);
}

static void a_plan_carries_each_jobs_whole_delivery(void **state)
{
    bool ok = false;
    const char *text = with_partition(COMMON(
        "TierPlanned") ",\"epoch\":\"0:@:6\",\"action\":\"stop\",\"step\":1,\"plan\":\"n\",\"part\":0,"
                       "\"parts\":1,"
                       "\"tiers\":[{\"tier\":\"web\",\"kind\":\"ec2\",\"options\":{\"region\":\"eu-west-1\","
                       "\"filter_key\":\"E\",\"filter_value\":\"x\",\"tier_key\":\"R\",\"timeout_s\":60,"
                       "\"accepted_ms\":5},"
                       "\"jobs\":[{\"job\":\"j1\",\"members\":[\"i-00000001\"]}],\"left_out\":[{\"id\":\"i-"
                       "00000002\","
                       "\"outcome\":\"bypassed\",\"cause\":\"held\"},{\"id\":\"i-00000003\",\"outcome\":"
                       "\"bypassed\","
                       "\"cause\":\"asg-member\"}]}]}");
    char *got = xstrdup(words_at(text, "shop", home("shop"), &ok));
    const char *job = strstr(got, "~j1~");
    struct job j = {0};
    struct err e = {0};

    (void)state;
    assert_true(ok);
    assert_int_equal(strncmp(got, "PLAN~~~shop~0:6~1~n~0~1~0~0~2~0~0~1~j1~{",
                             strlen("PLAN~~~shop~0:6~1~n~0~1~0~0~2~0~0~1~j1~{")),
                     0);
    if (!job_parse(str_of(job + 4), &j, &e))
        fail_msg("the delivery does not parse: %s", e.msg);
    assert_string_equal(j.workload, "shop");
    assert_int_equal(j.action, ACTION_STOP);
    assert_int_equal(j.step, 1);
    assert_string_equal(j.tier, "web");
    assert_string_equal(j.members.at[0], "i-00000001");
    assert_string_equal(j.options.region, "eu-west-1");
    job_release(&j);
    xfree(got);
}

static void a_terminal_is_counted_by_its_members(void **state)
{
    (void)state;
    expect(
        with_partition(COMMON(
            "JobTerminal") ",\"epoch\":\"0:@:6\",\"step\":2,\"tier\":\"web\",\"job\":\"j\",\"attempt\":1,"
                           "\"token\":\"tok\",\"worker\":\"w\",\"unanswered\":true,\"members\":["
                           "{\"id\":\"i-00000001\",\"outcome\":\"done\"},"
                           "{\"id\":\"i-00000002\",\"outcome\":\"bypassed\",\"cause\":\"override-unknown\"},"
                           "{\"id\":\"i-00000003\",\"outcome\":\"failed\",\"cause\":\"timed-out\"}]}"),
        "TERM~~~shop~0:6~2~j~tok~1~1~0~1~1~1~2");
}

static void the_small_records_have_their_words_in_order(void **state)
{
    (void)state;
    expect(with_partition(COMMON("RunRefused") ",\"request\":\"0:@:5\",\"cause\":\"held\"}"),
           "REF~~~shop~0:5~held");
    expect(with_partition(COMMON("Drained") ",\"old_epoch\":\"0:@:1\",\"next_epoch\":\"0:@:2\"}"),
           "DRAINED~~~shop~0:1~0:2");
    expect(COMMON("Drained") "}", "DRAINED~~~shop~~");
    expect(with_partition(COMMON("PlanFailed") ",\"epoch\":\"0:@:1\",\"step\":3,\"cause\":\"denied\"}"),
           "PLANFAIL~~~shop~0:1~3~denied");
    expect(COMMON("Pause") ",\"id\":\"c1\"}", "PAUSE~~~shop~c1~r1");
    expect(COMMON("Resume") ",\"id\":\"c1\"}", "RESUME~~~shop~c1~r1");
    expect(COMMON("Cancel") ",\"id\":\"c1\",\"cause\":\"deadline\"}", "CANCEL~~~shop~c1~r1~deadline");
    expect(COMMON("Cancel") ",\"id\":\"c1\"}", "CANCEL~~~shop~c1~r1~cancelled");
    expect(COMMON("HoldSet") ",\"id\":\"c1\",\"hold\":\"h\",\"until_ms\":99,\"scope\":{\"tier\":\"web\"}}",
           "HOLD~~~shop~c1~h~99~web~");
    expect(COMMON("HoldCleared") ",\"id\":\"c1\",\"hold\":\"h\"}", "UNHOLD~~~shop~c1~h");
    expect(COMMON("RunFinished") ",\"result\":\"succeeded\",\"counts\":{}}", "FIN~~~shop~r1");
}

static void a_record_of_another_partition_or_key_is_folded_as_nothing(void **state)
{
    const char *pause = COMMON("Pause") ",\"id\":\"c1\"}";
    char far[4096];

    (void)state;
    expect_nothing(pause, "shop", (home("shop") + 1) % PARTITIONS);
    expect_nothing(pause, "other", home("shop"));
    expect_nothing("{\"v\":1,\"type\":\"Pause\"", "shop", home("shop"));
    expect_nothing("{\"v\":1,\"type\":\"Pause\",\"workload\":\"a|b\",\"run\":\"r\",\"id\":\"c\"}", "a|b",
                   ids_partition(STR("a|b"), PARTITIONS));
    (void)snprintf(far, sizeof far, COMMON("Drained") ",\"old_epoch\":\"0:%d:1\"}",
                   (home("shop") + 1) % PARTITIONS);
    expect_nothing(far, "shop", home("shop")); /* an epoch of another partition */
}

static void a_type_that_nobody_knows_is_never_one_of_the_folds_own(void **state)
{
    (void)state;
    expect(COMMON("VIEW") ",\"must\":true,\"needs\":[\"a\",\"b\"]}", "?VIEW~1~a b~shop");
    expect(COMMON("TierCompleted") ",\"step\":0,\"tiers\":[]}", "?TierCompleted~~~shop");
}

static void an_opening_has_no_workload(void **state)
{
    static const char text[] =
        "{\"v\":1,\"type\":\"ViewOpened\",\"inc\":\"abc\",\"ttl_ms\":15000,\"taws_ms\":30000}";
    bool ok = false;

    (void)state;
    assert_string_equal(words_at(text, "", 3, &ok), "VIEW~~~~abc~15000~30000");
    assert_true(ok);
    expect_nothing(text, "shop", home("shop"));
}

static void the_rules_version_is_the_scripts(void **state)
{
    char line[64];
    bool seen = false;

    (void)state;
    (void)snprintf(line, sizeof line, "local FV = '%d'", VIEW_FV);
    for (const struct view_script *s = view_scripts; s->name; s++)
        if (strcmp(s->name, "fold") == 0)
            seen = strstr(s->text, line) != NULL;
    assert_true(seen);
}

/* A cause that people read in RunFinished is a word of the contract, also when the fold decides by itself. */
static void every_cause_that_the_fold_writes_is_on_the_closed_list(void **state)
{
    const char *fold = NULL;
    size_t seen = 0;

    (void)state;
    for (const struct view_script *s = view_scripts; s->name; s++)
        if (strcmp(s->name, "fold") == 0)
            fold = s->text;
    assert_non_null(fold);
    for (const char *p = fold ? strchr(fold, '\'') : NULL; p; p = strchr(p + 1, '\'')) {
        size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz-");
        struct str word = str_n(p + 1, n);
        enum cause cause = CAUSE_NONE;
        if (n == 0 || p[1 + n] != '\'' || !memchr(word.p, '-', n))
            continue;
        seen++;
        if (!cause_of(word, &cause))
            fail_msg("fold.lua writes %.*s, which is no cause of model/member", (int)n, word.p);
    }
    assert_true(seen >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_keeps_what_it_asks_as_one_opaque_word),
        cmocka_unit_test(an_acceptance_hands_over_delays_in_ms_and_its_whole_text),
        cmocka_unit_test(a_plan_carries_each_jobs_whole_delivery),
        cmocka_unit_test(a_terminal_is_counted_by_its_members),
        cmocka_unit_test(the_small_records_have_their_words_in_order),
        cmocka_unit_test(a_record_of_another_partition_or_key_is_folded_as_nothing),
        cmocka_unit_test(a_type_that_nobody_knows_is_never_one_of_the_folds_own),
        cmocka_unit_test(an_opening_has_no_workload),
        cmocka_unit_test(the_rules_version_is_the_scripts),
        cmocka_unit_test(every_cause_that_the_fold_writes_is_on_the_closed_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

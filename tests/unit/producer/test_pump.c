/* What a fold that opens a step, or makes something owed, sets in motion: what is delivered without asking
 * for earlier deliveries, and when the view is asked again. A producer over ports in memory. */
#include "producer/pump.h"
#include "producer/state.h"
#include "support/fake_leader.h"

#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

enum { TURN_MS = 50, TEXT_MAX = 1024 };

static const char view_open[] = "(4;server-a;0;0;1;15000;30000)";
static const char two_jobs[] = "(#-1;shop;0:3;#0;j1;one;shop;0:3;#0;j2;two)";
static const char never[] = "(;0;;0)"; /* of two jobs: not delivered, not claimed */

static struct fake_leader f;

static int begin(void **state)
{
    (void)state;
    fake_leader_init(&f);
    f.extra = 5;
    fl_say(&f, "HMGET", view_open);
    fl_say(&f, "published", never);
    fl_run(&f, 2000);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_leader_release(&f);
    return 0;
}

/* The next record is the plan of a step of this epoch, and its fold opens the step. */
static void open_step(int64_t epoch, int64_t step)
{
    char text[TEXT_MAX], answer[64];

    (void)snprintf(
        text, sizeof text,
        "{\"v\":1,\"type\":\"TierPlanned\",\"workload\":\"shop\",\"run\":\"r\",\"epoch\":\"0:0:%lld\","
        "\"step\":"
        "%lld,\"plan\":\"n\",\"part\":0,\"parts\":1,\"tiers\":[{\"tier\":\"t\",\"kind\":\"ec2\",\"options\":{"
        "\"region\":\"r\",\"filter_key\":\"a\",\"filter_value\":\"b\",\"tier_key\":\"c\",\"timeout_s\":5,"
        "\"accepted_ms\":1},\"jobs\":[{\"job\":\"j\",\"members\":[\"i-01234567\"]}],\"left_out\":[]}]}",
        (long long)epoch, (long long)step);
    (void)snprintf(answer, sizeof answer, "(OPEN;#%lld)", (long long)step);
    fl_say(&f, "fold", answer);
    fl_log(&f, "shop", text);
    fl_run(&f, TURN_MS);
    fl_say(&f, "fold", "(OK)");
}

/* The next take brings these jobs, whenever it goes out. */
static void take_once(const char *jobs)
{
    fl_say_once(&f, "take", jobs, 1);
}

static size_t delivered(void)
{
    size_t n = 0;

    for (size_t i = 0; i < f.count; i++)
        n += strcmp(f.records[i].topic, "t.jobs.v1") == 0;
    return n;
}

static void a_step_that_opened_just_now_is_delivered_without_looking_deliveries_up(void **state)
{
    (void)state;
    take_once(two_jobs);
    open_step(3, 0);
    fl_run(&f, TURN_MS);
    assert_int_equal(delivered(), 2);
    assert_int_equal(fl_asked(&f, "published"), 0);
    assert_int_equal(fl_asked(&f, "sent"), 2);
}

static void a_step_that_nobody_saw_open_is_looked_up(void **state)
{
    /* each with jobs of its own: one that was delivered is looked up anyway */
    static const char *const others[] = {
        "(#-1;shop;0:3;#1;a1;one;shop;0:3;#1;a2;two)", /* another step of the epoch */
        "(#-1;shop;0:2;#0;b1;one;shop;0:2;#0;b2;two)", /* another epoch */
        "(#-1;shop;1:3;#0;c1;one;shop;1:3;#0;c2;two)", /* another generation of the log */
        "(#-1;shop;0:3;#0;d1;one;shop;0:3;#1;d2;two)", /* one of them */
    };

    (void)state;
    open_step(3, 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        take_once(others[i]);
        fl_run(&f, SWEEP_MS + TURN_MS);
        assert_int_equal(fl_asked(&f, "published"), i + 1);
    }
}

static void a_job_that_was_delivered_is_looked_up_from_then_on(void **state)
{
    (void)state;
    f.committed = 7; /* the first delivery lies at 7: the workers have not read it yet */
    take_once(two_jobs);
    open_step(3, 0);
    fl_run(&f, TURN_MS);
    assert_int_equal(delivered(), 2);
    fl_say(&f, "published", "(1:7;0;1:7;0)");
    take_once(two_jobs);
    fl_run(&f, READ_TO_MS);
    assert_int_equal(fl_asked(&f, "published"), 1);
    assert_int_equal(delivered(), 2); /* no second copy of what still lies in the queue */
}

static void a_step_is_fresh_until_eight_more_have_opened(void **state)
{
    (void)state;
    for (int64_t epoch = 3; epoch < 3 + PUMP_FRESH; epoch++)
        open_step(epoch, 0);
    take_once("(#-1;shop;0:3;#0;j1;one)"); /* the oldest of eight */
    fl_run(&f, SWEEP_MS + TURN_MS);
    assert_int_equal(fl_asked(&f, "published"), 0);
    assert_int_equal(delivered(), 1);
    open_step(3 + PUMP_FRESH, 0);
    take_once("(#-1;shop;0:10;#0;j3;three;shop;0:11;#0;j4;four)"); /* the last of the eight, and the ninth */
    fl_run(&f, SWEEP_MS + TURN_MS);
    assert_int_equal(fl_asked(&f, "published"), 0);
    assert_int_equal(delivered(), 3);
    fl_say(&f, "published", "(;0)");
    take_once("(#-1;shop;0:3;#0;j2;two)"); /* of nine */
    fl_run(&f, SWEEP_MS + TURN_MS);
    assert_int_equal(fl_asked(&f, "published"), 1);
    assert_int_equal(delivered(), 4);
}

static void who_led_before_knows_nothing_of_what_was_delivered_since(void **state)
{
    (void)state;
    open_step(3, 0);
    fl_say(&f, "lead", "#0");
    fl_run(&f, 1500);
    fl_say(&f, "HMGET", "(5;server-a;0;0;1;15000;30000)");
    fl_say(&f, "lead", "#1");
    take_once(two_jobs); /* the leader in between may have delivered them */
    fl_run(&f, 3000);
    assert_int_equal(delivered(), 2);
    assert_int_equal(fl_asked(&f, "published"), 1);
}

static const char terminal[] = "{\"v\":1,\"type\":\"JobTerminal\",\"workload\":\"shop\",\"run\":\"r\","
                               "\"epoch\":\"0:0:3\",\"action\":\"stop\","
                               "\"step\":0,\"tier\":\"t\",\"job\":\"j9\",\"attempt\":1,\"token\":\"00\","
                               "\"worker\":\"w\",\"unanswered\":false,"
                               "\"members\":[{\"id\":\"i-01234567\",\"outcome\":\"done\",\"took_ms\":1}]}";

static void a_step_that_a_terminal_opened_is_looked_up(void **state)
{
    (void)state; /* its plan was folded long ago, perhaps by another leader */
    fl_say_once(&f, "fold", "(OPEN;#0)", 1);
    fl_log(&f, "shop", terminal);
    fl_run(&f, TURN_MS);
    take_once(two_jobs);
    fl_run(&f, SWEEP_MS + TURN_MS);
    assert_int_equal(fl_asked(&f, "published"), 1);
}

static void after_a_sweep_of(const char *script)
{
    size_t before = fl_asked(&f, script);

    for (int i = 0; i <= SWEEP_MS / TURN_MS && fl_asked(&f, script) == before; i++)
        fl_run(&f, TURN_MS);
    assert_true(fl_asked(&f, script) > before);
}

/* ---- messages ahead of the view ---- */

static const struct epoch early_epoch = {.generation = 0, .partition = 0, .offset = 3};

static void a_message_ahead_of_the_view_goes_out_once(void **state)
{
    struct partition *p = &f.producer->partitions[0];

    (void)state;
    pump_early(p, &early_epoch, 0, "j1", "one");
    pump_early(p, &early_epoch, 0, "j1", "one");
    fl_run(&f, TURN_MS);
    assert_int_equal(delivered(), 1);
    assert_int_equal(fl_asked(&f, "sent"), 1); /* the view learns where it lies */
    take_once(two_jobs);
    open_step(3, 0);
    fl_run(&f, TURN_MS);
    assert_int_equal(fl_asked(&f, "published"), 0);
    assert_int_equal(delivered(), 2); /* the other one */
}

static void a_job_that_was_sent_ahead_and_not_claimed_is_due_again_as_any(void **state)
{
    (void)state;
    pump_early(&f.producer->partitions[0], &early_epoch, 0, "j1", "one");
    take_once("(#-1;shop;0:3;#0;j1;one)");
    open_step(3, 0);
    fl_run(&f, TURN_MS);
    assert_int_equal(delivered(), 1);
    fl_say(&f, "published", "(;0)");
    take_once("(#-1;shop;0:3;#0;j1;one)");
    fl_run(&f, SWEEP_MS + TURN_MS);
    assert_int_equal(delivered(), 2);
}

/* A first job goes ahead, and a fold makes a take worth asking, all in one moment: the takes asked then. */
static size_t takes_beside_a_first_job(bool acknowledged)
{
    after_a_sweep_of("take");
    size_t before = fl_asked(&f, "take");
    f.slow_acks = !acknowledged;
    pump_early(&f.producer->partitions[0], &early_epoch, 0, "j1", "one");
    fl_log(&f, "shop", terminal);
    fl_say(&f, "fold", "(OPEN;#0)");
    fl_run(&f, 1);
    return fl_asked(&f, "take") - before;
}

static void the_rest_of_a_step_follows_the_first_jobs_acknowledgement(void **state)
{
    (void)state;
    assert_int_equal(takes_beside_a_first_job(false), 0);
    assert_int_equal(takes_beside_a_first_job(true), 1);
}

static void a_first_job_without_an_acknowledgement_does_not_hold_up_the_rest(void **state)
{
    (void)state;
    assert_int_equal(takes_beside_a_first_job(false), 0);
    size_t before = fl_asked(&f, "take");
    fl_run(&f, PUMP_ALONE_MS);
    assert_int_equal(fl_asked(&f, "take") - before, 1);
}

static void who_does_not_lead_sends_nothing_ahead(void **state)
{
    (void)state;
    fl_say(&f, "lead", "#0");
    fl_run(&f, 1500);
    pump_early(&f.producer->partitions[0], &early_epoch, 0, "j1", "one");
    fl_run(&f, TURN_MS);
    assert_int_equal(delivered(), 0);
}

/* ---- seen: whether what was asked last went out behind the fold that makes it worth asking ---- */

/* Until the view has been asked just now: the next sweep is SWEEP_MS away. */
/* How often it is asked in the turns until this record's fold has answered, far from the next sweep. */
static size_t asked_by(const char *script, const char *record, const char *answer)
{
    after_a_sweep_of(script);
    size_t before = fl_asked(&f, script);
    fl_say_once(&f, "fold", answer, 1);
    fl_log(&f, "shop", record);
    fl_run(&f, 2 * (int64_t)TURN_MS);
    return fl_asked(&f, script) - before;
}

static const char request[] =
    "{\"v\":1,\"type\":\"RunRequested\",\"workload\":\"shop\",\"run\":\"r\",\"action\":\"stop\","
    "\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"reject\"}";

static void a_fold_that_makes_something_owed_is_looked_at_at_once(void **state)
{
    static const char *const answers[] = {"(ADMIT)", "(DRAIN)", "(PLAN;#0)", "(DONE)"};

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        assert_int_equal(asked_by("owed", request, answers[i]), 1);
    assert_int_equal(asked_by("owed", request, "(OK)"), 0);
    assert_int_equal(asked_by("owed", request, "(IGN)"), 0);
}

static void what_was_asked_behind_the_fold_is_not_asked_again(void **state)
{
    (void)state; /* with a terminal the question for what is owed goes out in the same breath */
    assert_int_equal(asked_by("owed", terminal, "(PLAN;#1)"), 1);
    assert_int_equal(asked_by("owed", terminal, "(OK)"), 1);
}

static void a_fold_that_makes_jobs_due_is_pumped_at_once(void **state)
{
    (void)state;
    assert_int_equal(asked_by("take", request, "(OK)"), 0);
    assert_int_equal(asked_by("take", terminal, "(OPEN;#1)"), 1); /* the take before it could not see it */
}

static void the_take_behind_a_plan_is_a_small_one_and_the_only_one(void **state)
{
    (void)state;
    after_a_sweep_of("take");
    size_t before = fl_asked(&f, "take");
    open_step(3, 0);
    assert_non_null(strstr(fl_words(&f, "take"), "~20~")); /* PUMP_TAKE_FIRST */
    fl_run(&f, TURN_MS);
    assert_int_equal(fl_asked(&f, "take") - before, 1);
    fl_run(&f, SWEEP_MS);
    assert_non_null(strstr(fl_words(&f, "take"), "~500~"));
}

static void the_take_does_not_wait_for_the_plans_fold_to_answer(void **state)
{
    (void)state;
    after_a_sweep_of("take");
    size_t before = fl_asked(&f, "take");
    f.slow_fold = true; /* the take is in the pipeline right behind it */
    open_step(3, 0);
    assert_int_equal(fl_asked(&f, "take") - before, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_step_that_opened_just_now_is_delivered_without_looking_deliveries_up),
        CASE(a_step_that_nobody_saw_open_is_looked_up),
        CASE(a_job_that_was_delivered_is_looked_up_from_then_on),
        CASE(a_step_is_fresh_until_eight_more_have_opened),
        CASE(who_led_before_knows_nothing_of_what_was_delivered_since),
        CASE(a_step_that_a_terminal_opened_is_looked_up),
        CASE(a_message_ahead_of_the_view_goes_out_once),
        CASE(a_job_that_was_sent_ahead_and_not_claimed_is_due_again_as_any),
        CASE(the_rest_of_a_step_follows_the_first_jobs_acknowledgement),
        CASE(a_first_job_without_an_acknowledgement_does_not_hold_up_the_rest),
        CASE(who_does_not_lead_sends_nothing_ahead),
        CASE(a_fold_that_makes_something_owed_is_looked_at_at_once),
        CASE(what_was_asked_behind_the_fold_is_not_asked_again),
        CASE(a_fold_that_makes_jobs_due_is_pumped_at_once),
        CASE(the_take_behind_a_plan_is_a_small_one_and_the_only_one),
        CASE(the_take_does_not_wait_for_the_plans_fold_to_answer),
    };

    return cmocka_run_group_tests_name("producer/pump", tests, NULL, NULL);
}

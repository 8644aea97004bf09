#include "base/mem.h"
#include "core/parts.h"
#include "core/plan.h"

#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

static struct tier tiers_at[SPEC_TIERS_MAX];
static struct spec spec;

static struct tier *add_tier(const char *name, int64_t start, int64_t stop)
{
    struct tier *t = &tiers_at[spec.tiers.n++];

    *t = (struct tier){.name = (char *)name, .timeout_s = 600};
    t->start = (struct tier_action){.present = start >= 0, .sequence = start};
    t->stop = (struct tier_action){.present = stop >= 0, .sequence = stop};
    return t;
}

static int begin(void **state)
{
    (void)state;
    memset(tiers_at, 0, sizeof tiers_at);
    spec = (struct spec){.workload = "w",
                         .filter_key = "Env",
                         .filter_value = "E",
                         .tier_key = "Role",
                         .region = "eu-west-1",
                         .tiers = {.at = tiers_at}};
    return 0;
}

static void release_steps(struct event_steps *s)
{
    struct event ev = {.type = EVENT_RUN_ACCEPTED, .accepted = {.steps = *s}};

    json_release(event_fields(EVENT_RUN_ACCEPTED), &ev);
    *s = (struct event_steps){0};
}

static void equal_numbers_are_one_step_and_gaps_do_not_matter(void **state)
{
    struct event_steps s;

    (void)state;
    add_tier("web", 70, -1);
    add_tier("db", 3, -1);
    add_tier("app", 20, -1);
    add_tier("cache", 3, -1);
    add_tier("batch", -1, 5);
    plan_steps(&spec, ACTION_START, NULL, &s);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.at[0].tiers.n, 2);
    assert_string_equal(s.at[0].tiers.at[0], "cache");
    assert_string_equal(s.at[0].tiers.at[1], "db");
    assert_string_equal(s.at[1].tiers.at[0], "app");
    assert_string_equal(s.at[2].tiers.at[0], "web");
    release_steps(&s);
}

static void start_and_stop_have_orders_of_their_own(void **state)
{
    struct event_steps s;

    (void)state;
    add_tier("web", 2, 0);
    add_tier("db", 0, 1);
    plan_steps(&spec, ACTION_STOP, NULL, &s);
    assert_string_equal(s.at[0].tiers.at[0], "web");
    assert_string_equal(s.at[1].tiers.at[0], "db");
    release_steps(&s);
}

static void the_longest_delay_of_a_step_counts_and_the_last_step_has_none(void **state)
{
    struct event_steps s;

    (void)state;
    add_tier("a", 0, -1)->start.delay_s = 5;
    add_tier("b", 0, -1)->start.delay_s = 9;
    add_tier("c", 1, -1)->start.delay_s = 30;
    plan_steps(&spec, ACTION_START, NULL, &s);
    assert_int_equal(s.at[0].delay_s, 9);
    assert_int_equal(s.at[1].delay_s, 0);
    release_steps(&s);
}

static void only_the_named_tiers_take_part(void **state)
{
    struct event_steps s;
    struct strs only = {0};

    (void)state;
    add_tier("a", 0, -1);
    add_tier("b", 1, -1);
    strs_add(&only, STR("b"));
    plan_steps(&spec, ACTION_START, &only, &s);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.at[0].tiers.at[0], "b");
    release_steps(&s);
    strs_release(&only);
}

/* ---- one step ---- */

enum { MANY = 1300 };
static char ids[MANY][24];
static struct plan_member members[MANY];

static void fill_members(size_t n, const char *tier)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = n - 1 - i; /* not in order */
        (void)snprintf(ids[i], sizeof ids[i], "i-%08zx", k);
        members[i] =
            (struct plan_member){.id = str_of(ids[i]), .state = STR("running"), .tier = str_of(tier)};
    }
}

struct planned {
    struct event_accepted run;
    struct event_plan_tiers tiers;
    enum cause cause;
    struct err e;
    bool ok;
};

static void plan_at(struct planned *p, enum action action, size_t n, const struct plan_hold *holds,
                    size_t hold_count)
{
    static const struct epoch epoch = {.generation = 0, .partition = 7, .offset = 42};

    *p = (struct planned){.run = {.spec = spec, .on_failure = ON_FAILURE_CONTINUE}};
    plan_steps(&spec, action, NULL, &p->run.steps);
    struct plan_context c = {.run = &p->run,
                             .epoch = &epoch,
                             .action = action,
                             .accepted_ms = 1234,
                             .wall_ms = 1000,
                             .holds = holds,
                             .hold_count = hold_count};
    p->ok = plan_step(&c, members, n, &p->tiers, &p->cause, &p->e);
}

static void planned_release(struct planned *p)
{
    plan_release(&p->tiers);
    release_steps(&p->run.steps);
}

static void chunks_are_200_or_50_with_a_question_or_one_job_in_turn(void **state)
{
    struct planned p;

    (void)state;
    struct tier *t = add_tier("web", 0, 0);
    fill_members(401, "web");
    plan_at(&p, ACTION_STOP, 401, NULL, 0);
    assert_true(p.ok);
    assert_int_equal(p.tiers.at[0].jobs.n, 3);
    assert_int_equal(p.tiers.at[0].jobs.at[0].members.n, 200);
    assert_int_equal(p.tiers.at[0].jobs.at[2].members.n, 1);
    assert_string_equal(p.tiers.at[0].jobs.at[0].members.at[0], "i-00000000"); /* sorted */
    planned_release(&p);

    t->override_file = "/tmp/x";
    t->override_os = GUEST_LINUX;
    plan_at(&p, ACTION_STOP, 401, NULL, 0);
    assert_int_equal(p.tiers.at[0].jobs.n, 9);
    assert_string_equal(p.tiers.at[0].options.override_file, "/tmp/x");
    planned_release(&p);
    plan_at(&p, ACTION_START, 401, NULL, 0); /* nobody is asked on start */
    assert_int_equal(p.tiers.at[0].jobs.n, 3);
    assert_null(p.tiers.at[0].options.override_file);
    planned_release(&p);

    t->stop.sync = true;
    plan_at(&p, ACTION_STOP, 401, NULL, 0);
    assert_int_equal(p.tiers.at[0].jobs.n, 1);
    assert_int_equal(p.tiers.at[0].jobs.at[0].members.n, 401);
    assert_true(p.tiers.at[0].options.sync);
    assert_int_equal(p.tiers.at[0].options.on_failure, ON_FAILURE_CONTINUE);
    planned_release(&p);
}

static void a_specification_larger_than_a_record_is_refused(void **state)
{
    static char name[1000];
    struct event accepted = {.type = EVENT_RUN_ACCEPTED, .workload = spec.workload};
    struct err e = {0};

    (void)state;
    memset(name, 'n', sizeof name - 1); /* borrowed by each tier: only sizes count */
    for (int i = 0; i < 400; i++)
        add_tier(name, i < SPEC_STEPS_MAX ? i : SPEC_STEPS_MAX - 1, -1);
    plan_steps(&spec, ACTION_START, NULL, &accepted.accepted.steps);
    accepted.accepted.spec = spec;
    assert_true(plan_record_fits(&accepted, &e));
    release_steps(&accepted.accepted.steps);
    while (spec.tiers.n < SPEC_TIERS_MAX)
        add_tier(name, SPEC_STEPS_MAX - 1, -1);
    plan_steps(&spec, ACTION_START, NULL, &accepted.accepted.steps);
    accepted.accepted.spec = spec;
    assert_false(plan_record_fits(&accepted, &e));
    assert_non_null(strstr(e.msg, "too large for a record"));
    accepted.accepted.spec.tiers.n = 400;
    for (size_t i = 0; i < accepted.accepted.steps.n; i++)
        accepted.accepted.steps.at[i].delay_s = 700LL * 86400; /* beyond what a row may say */
    assert_false(plan_record_fits(&accepted, &e));
    release_steps(&accepted.accepted.steps);
}

static void more_than_a_thousand_in_turn_are_refused(void **state)
{
    struct planned p;

    (void)state;
    add_tier("web", -1, 0)->stop.sync = true;
    fill_members(1001, "web");
    plan_at(&p, ACTION_STOP, 1001, NULL, 0);
    assert_false(p.ok);
    assert_int_equal(p.cause, CAUSE_TOO_MANY);
    planned_release(&p);
    plan_at(&p, ACTION_STOP, 1000, NULL, 0);
    assert_true(p.ok);
    planned_release(&p);
}

/* The whole run, without its plan: what an admission and `plan` ask. */
static bool whole(size_t n, enum cause *cause, struct err *e)
{
    struct event_accepted r = {.spec = spec};

    *e = (struct err){0};
    plan_steps(&spec, ACTION_STOP, NULL, &r.steps);
    bool ok = plan_whole(&r, ACTION_STOP, members, n, cause, e);
    release_steps(&r.steps);
    return ok;
}

static void a_run_that_is_too_much_names_the_bound_and_its_own_remedy(void **state)
{
    enum cause cause = CAUSE_NONE;
    struct err e;

    (void)state;
    add_tier("web", -1, 0);
    add_tier("line", -1, 1)->stop.sync = true;
    fill_members(1001, "line");
    assert_false(whole(1001, &cause, &e)); /* of the second step */
    assert_int_equal(cause, CAUSE_TOO_MANY);
    assert_string_equal(e.msg, "synchronous tier line has 1001 members, allowed are 1000");
    assert_non_null(strstr(plan_too_many_remedy(e.msg), "TierSynchronization"));
    spec.max_instances = 1000;
    assert_false(whole(1001, &cause, &e));
    assert_string_equal(e.msg, "the workload has 1001 members, MaxInstances allows 1000");
    assert_non_null(strstr(plan_too_many_remedy(e.msg), "MaxInstances"));
    assert_true(whole(1000, &cause, &e));
    assert_int_equal(cause, CAUSE_NONE);
    fill_members(1000, "nobody"); /* of a tier that takes no part: counted all the same */
    spec.max_instances = 999;
    assert_false(whole(1000, &cause, &e));
}

static void max_instances_counts_the_whole_workload(void **state)
{
    struct planned p;

    (void)state;
    add_tier("web", -1, 0);
    add_tier("db", -1, 1);
    spec.max_instances = 3;
    fill_members(4, "db"); /* of the other step */
    plan_at(&p, ACTION_STOP, 4, NULL, 0);
    assert_false(p.ok);
    assert_int_equal(p.cause, CAUSE_TOO_MANY);
    planned_release(&p);
    plan_at(&p, ACTION_STOP, 3, NULL, 0);
    assert_true(p.ok);
    assert_int_equal(p.tiers.at[0].jobs.n, 0); /* an empty tier is a tier */
    planned_release(&p);
}

static void those_left_out_are_said_with_their_cause(void **state)
{
    static const struct plan_hold holds[] = {
        {.instance = {"i-00000003", 10}, .until_ms = 2000},
        {.instance = {"i-00000004", 10}, .until_ms = 999}, /* over */
        {.tier = {"other", 5}, .until_ms = 2000},
    };
    struct planned p;

    (void)state;
    add_tier("web", -1, 0);
    fill_members(5, "web");
    members[4].asg_member = true;     /* i-00000000 */
    members[3].spot_one_time = true;  /* i-00000001 */
    members[2].instance_store = true; /* i-00000002 */
    plan_at(&p, ACTION_STOP, 5, holds, 3);
    assert_true(p.ok);
    const struct member_outcomes *o = &p.tiers.at[0].left_out;
    assert_int_equal(o->n, 4);
    assert_int_equal(o->at[0].cause, CAUSE_ASG_MEMBER);
    assert_int_equal(o->at[1].cause, CAUSE_SPOT_ONE_TIME);
    assert_int_equal(o->at[2].cause, CAUSE_INSTANCE_STORE);
    assert_int_equal(o->at[3].cause, CAUSE_HELD);
    assert_int_equal(o->at[3].outcome, OUTCOME_BYPASSED);
    assert_int_equal(p.tiers.at[0].jobs.at[0].members.n, 1);
    assert_string_equal(p.tiers.at[0].jobs.at[0].members.at[0], "i-00000004");
    planned_release(&p);
}

static void a_hold_of_tier_or_workload_covers_all_of_it(void **state)
{
    static const struct plan_hold tier = {.tier = {"web", 3}, .until_ms = 2000};
    static const struct plan_hold all = {.until_ms = 2000};
    struct planned p;

    (void)state;
    add_tier("web", -1, 0);
    fill_members(2, "web");
    plan_at(&p, ACTION_STOP, 2, &tier, 1);
    assert_int_equal(p.tiers.at[0].left_out.n, 2);
    planned_release(&p);
    plan_at(&p, ACTION_STOP, 2, &all, 1);
    assert_int_equal(p.tiers.at[0].left_out.n, 2);
    planned_release(&p);
}

static void ignore_stop_keeps_the_tier_in_its_place_and_its_members_up(void **state)
{
    struct planned p;

    (void)state;
    add_tier("web", 0, 0)->ignore_stop = true;
    fill_members(2, "web");
    plan_at(&p, ACTION_STOP, 2, NULL, 0);
    assert_int_equal(p.run.steps.n, 1);
    assert_int_equal(p.tiers.at[0].left_out.n, 2);
    assert_int_equal(p.tiers.at[0].left_out.at[0].cause, CAUSE_IGNORE_STOP);
    planned_release(&p);
    plan_at(&p, ACTION_START, 2, NULL, 0);
    assert_int_equal(p.tiers.at[0].left_out.n, 0);
    planned_release(&p);
}

static void the_same_members_are_the_same_job(void **state)
{
    struct planned a;
    struct planned b;

    (void)state;
    add_tier("web", -1, 0);
    fill_members(3, "web");
    plan_at(&a, ACTION_STOP, 3, NULL, 0);
    plan_at(&b, ACTION_STOP, 3, NULL, 0);
    assert_string_equal(a.tiers.at[0].jobs.at[0].job, b.tiers.at[0].jobs.at[0].job);
    planned_release(&b);
    plan_at(&b, ACTION_STOP, 2, NULL, 0);
    assert_string_not_equal(a.tiers.at[0].jobs.at[0].job, b.tiers.at[0].jobs.at[0].job);
    planned_release(&a);
    planned_release(&b);
}

/* ---- parts ---- */

static size_t print_part(const struct event_plan_tiers *tiers)
{
    struct event ev;
    BUF_CLEANUP struct buf out = BUF_INIT(8 * 1024 * 1024);

    event_init(&ev, EVENT_TIER_PLANNED, 0, "w", "r");
    ev.planned.plan = xstrdup("nonce");
    ev.planned.tiers = *tiers;
    event_print(&ev, &out);
    ev.planned.tiers = (struct event_plan_tiers){0};
    event_release(&ev);
    return out.n;
}

static void parts_hold_each_job_once_below_the_bound_and_end_with_a_seal(void **state)
{
    enum { BOUND = 6000 };
    struct planned p;
    struct plan_parts parts;
    size_t jobs = 0;
    size_t left = 0;

    (void)state;
    add_tier("web", -1, 0)->override_file = "/tmp/x";
    add_tier("db\"\n", -1, 0);
    fill_members(1300, "web");
    for (size_t i = 0; i < 500; i++)
        members[i].tier = STR("db\"\n");
    for (size_t i = 600; i < 700; i++)
        members[i].asg_member = true;
    plan_at(&p, ACTION_STOP, 1300, NULL, 0);
    assert_true(p.ok);
    size_t want = p.tiers.at[0].jobs.n + p.tiers.at[1].jobs.n;
    assert_true(parts_cut(&p.tiers, BOUND, &parts, &p.e));
    assert_int_equal(p.tiers.n, 0);
    assert_true(parts.n > 3);
    for (size_t i = 0; i < parts.n; i++) {
        assert_true(print_part(&parts.at[i]) < BOUND + 500);
        for (size_t t = 0; t < parts.at[i].n; t++) {
            jobs += parts.at[i].at[t].jobs.n;
            left += parts.at[i].at[t].left_out.n;
            assert_string_equal(parts.at[i].at[t].options.region, "eu-west-1");
        }
    }
    assert_int_equal(jobs, want);
    assert_int_equal(left, 100);
    assert_int_equal(parts.at[parts.n - 1].n, 0);
    assert_int_not_equal(parts.at[parts.n - 2].n, 0);
    parts_release(&parts);
    planned_release(&p);
}

static void a_plan_without_members_is_one_part(void **state)
{
    struct planned p;
    struct plan_parts parts;

    (void)state;
    add_tier("web", -1, 0);
    plan_at(&p, ACTION_STOP, 0, NULL, 0);
    assert_true(parts_cut(&p.tiers, EVENT_TEXT_MAX, &parts, &p.e));
    assert_int_equal(parts.n, 1);
    assert_string_equal(parts.at[0].at[0].tier, "web");
    parts_release(&parts);
    planned_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(equal_numbers_are_one_step_and_gaps_do_not_matter, begin),
        cmocka_unit_test_setup(start_and_stop_have_orders_of_their_own, begin),
        cmocka_unit_test_setup(the_longest_delay_of_a_step_counts_and_the_last_step_has_none, begin),
        cmocka_unit_test_setup(only_the_named_tiers_take_part, begin),
        cmocka_unit_test_setup(chunks_are_200_or_50_with_a_question_or_one_job_in_turn, begin),
        cmocka_unit_test_setup(a_specification_larger_than_a_record_is_refused, begin),
        cmocka_unit_test_setup(more_than_a_thousand_in_turn_are_refused, begin),
        cmocka_unit_test_setup(a_run_that_is_too_much_names_the_bound_and_its_own_remedy, begin),
        cmocka_unit_test_setup(max_instances_counts_the_whole_workload, begin),
        cmocka_unit_test_setup(those_left_out_are_said_with_their_cause, begin),
        cmocka_unit_test_setup(a_hold_of_tier_or_workload_covers_all_of_it, begin),
        cmocka_unit_test_setup(ignore_stop_keeps_the_tier_in_its_place_and_its_members_up, begin),
        cmocka_unit_test_setup(the_same_members_are_the_same_job, begin),
        cmocka_unit_test_setup(parts_hold_each_job_once_below_the_bound_and_end_with_a_seal, begin),
        cmocka_unit_test_setup(a_plan_without_members_is_one_part, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

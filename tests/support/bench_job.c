#include "support/bench_job.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void bench_init(struct bench *b, enum action action, size_t n, enum sight state)
{
    *b = (struct bench){.attempt = 1, .move_ms = 20 * 1000, .lease_ms = 13500, .now_ms = 1000 * 1000};
    b->job = (struct job){
        .v = 1,
        .workload = xstrdup("W"),
        .run = xstrdup("r1"),
        .epoch = xstrdup("0:0:7"),
        .action = (int)action,
        .tier = xstrdup("App"),
        .job = xstrdup("j1"),
    };
    b->job.options = (struct job_options){
        .region = xstrdup("us-west-2"),
        .filter_key = xstrdup("Environment"),
        .filter_value = xstrdup("ENV001"),
        .tier_key = xstrdup("Role"),
        .timeout_s = 600,
        .accepted_ms = b->now_ms + BENCH_WALL_MS - 60 * 1000,
    };
    b->n = n;
    b->at = xcalloc(n, sizeof *b->at);
    for (size_t i = 0; i < n; i++) {
        struct bench_instance *x = &b->at[i];
        (void)snprintf(x->id, sizeof x->id, "i-%08zx", i);
        strs_add(&b->job.members, str_of(x->id));
        x->state = state;
        x->filter_value = "ENV001";
        x->tier = "App";
        x->guest = OVERRIDE_ABSENT;
        x->launch_wall_ms = b->now_ms + BENCH_WALL_MS - 24 * 3600 * 1000;
        x->transition_wall_ms = x->launch_wall_ms;
    }
}

void bench_override(struct bench *b)
{
    b->job.options.override_file = xstrdup("/tmp/StopOverride");
    b->job.options.override_os = GUEST_LINUX;
}

void bench_begin(struct bench *b)
{
    b->step = job_step_new(&b->job, b->attempt, b->now_ms + 13500, b->now_ms);
    b->poll_ms = b->now_ms;
}

void bench_release(struct bench *b)
{
    job_step_free(b->step);
    job_release(&b->job);
    xfree(b->at);
}

const struct member_life *bench_member(const struct bench *b, size_t i)
{
    return job_step_member(b->step, i);
}

struct counts bench_counts(const struct bench *b)
{
    struct member_outcomes out;

    job_step_outcomes(b->step, &out);
    struct counts c = counts_of(&out);
    for (size_t i = 0; i < out.n; i++)
        json_release(member_outcome_fields, &out.at[i]);
    xfree(out.at);
    return c;
}

static void settle(struct bench *b, struct bench_instance *x)
{
    if ((x->state != SIGHT_PENDING && x->state != SIGHT_STOPPING) || x->slow || b->now_ms < x->settles_ms)
        return;
    x->state = x->then;
    if (x->state == SIGHT_STOPPED)
        x->transition_wall_ms = x->settles_ms + BENCH_WALL_MS;
}

void bench_poll(struct bench *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct bench_instance *x = &b->at[i];
        settle(b, x);
        if (!job_step_watches(b->step, i))
            continue;
        struct sighting s = {
            .state = x->state,
            .filter_value = x->filter_value ? str_of(x->filter_value) : (struct str){0},
            .tier_value = x->tier ? str_of(x->tier) : (struct str){0},
            .asg_member = x->asg,
            .instance_store = x->instance_store,
            .spot = x->spot,
            .launch_wall_ms = x->launch_wall_ms,
            .transition_wall_ms = x->transition_wall_ms,
            .reason = STR("because"),
        };
        job_step_seen(b->step, i, &s, b->now_ms, b->now_ms, b->now_ms + BENCH_WALL_MS);
        if (job_step_wants_status(b->step, i))
            job_step_status(b->step, i, x->status_ok, b->now_ms);
    }
    b->poll_ms = b->now_ms + BENCH_POLL_MS;
}

static void ask(struct bench *b, const struct job_next *next)
{
    size_t members[JOB_GUESTS_MAX], n = next->n;

    assert_true(n <= JOB_GUESTS_MAX);
    memcpy(members, next->members, n * sizeof *members);
    b->questions++;
    for (size_t i = 0; i < n; i++) {
        struct bench_instance *x = &b->at[members[i]];
        struct member_answer a = {x->offline ? OVERRIDE_UNKNOWN : x->guest, x->offline, b->now_ms,
                                  "no answer"};
        x->asked++;
        x->asked_ms = b->now_ms;
        job_step_answered(b->step, members[i], &a, b->now_ms);
    }
}

/* What no call may ever be. */
static void check_call(const struct bench *b, size_t member)
{
    const struct bench_instance *x = &b->at[member];

    assert_true(job_step_may_change(b->step, b->now_ms));
    assert_false(b->job.options.observe);
    assert_non_null(x->filter_value);
    assert_string_equal(x->filter_value, b->job.options.filter_value);
    assert_string_equal(x->tier, b->job.tier);
    assert_true(bench_member(b, member)->held_until_ms <= b->now_ms);
    if (b->job.action == ACTION_STOP && b->job.options.override_file) {
        assert_true(x->asked > 0 && !x->offline && x->guest == OVERRIDE_ABSENT);
        assert_true(b->now_ms - x->asked_ms <= OVERRIDE_ABSENT_MS);
    }
}

static void move(struct bench *b, struct bench_instance *x)
{
    x->called++;
    x->called_ms = b->now_ms;
    x->settles_ms = b->now_ms + b->move_ms;
    if (b->job.action == ACTION_STOP && x->state != SIGHT_STOPPED) {
        x->state = SIGHT_STOPPING;
        x->then = SIGHT_STOPPED;
        x->transition_wall_ms = b->now_ms + BENCH_WALL_MS;
    } else if (b->job.action == ACTION_START && x->state != SIGHT_RUNNING) {
        x->state = SIGHT_PENDING;
        x->then = x->falls_back ? SIGHT_STOPPED : SIGHT_RUNNING;
        x->launch_wall_ms = b->now_ms + BENCH_WALL_MS;
    }
}

/* The first member that EC2 would refuse fails the call whole. */
static void act(struct bench *b, const struct job_next *next)
{
    struct err e = b->fail_with;
    STRS_CLEANUP struct strs named = {0};
    size_t n = next->n, *members = xcalloc(n, sizeof *members);
    struct job_called c = {members, n, b->unanswered, b->waits, &e, &named, b->retry_after_ms, b->chance};

    memcpy(members, next->members, n * sizeof *members);
    b->calls++;
    b->most_at_once = (int)n > b->most_at_once ? (int)n : b->most_at_once;
    for (size_t i = 0; i < n; i++)
        check_call(b, members[i]);
    for (size_t i = 0; i < n && e.kind == ERR_NONE; i++) {
        const struct bench_instance *x = &b->at[members[i]];
        if (!x->refusal)
            continue;
        (void)err_set(&e, ERR_CONFLICT, "refused");
        (void)err_code(&e, x->refusal);
        if (!x->refusal_unnamed)
            strs_add(&named, str_of(x->id));
    }
    for (size_t i = 0; i < n && (e.kind == ERR_NONE || b->unanswered); i++)
        move(b, &b->at[members[i]]);
    b->now_ms += BENCH_CALL_MS;
    job_step_called(b->step, &c, b->now_ms);
    xfree(members);
}

enum job_command bench_run(struct bench *b, int64_t until_ms)
{
    while (b->now_ms < until_ms) {
        if (b->lease_ms)
            job_step_lease(b->step, LEASE_OK, b->now_ms + b->lease_ms);
        b->last = job_step(b->step, b->now_ms);
        if (b->last.command == JOB_ASK) {
            ask(b, &b->last);
        } else if (b->last.command == JOB_ACT) {
            act(b, &b->last);
        } else if (b->last.command != JOB_NOTHING) {
            return b->last.command;
        } else if (b->now_ms >= b->poll_ms) {
            bench_poll(b);
        } else {
            b->now_ms += BENCH_TURN_MS;
        }
    }
    return JOB_NOTHING;
}

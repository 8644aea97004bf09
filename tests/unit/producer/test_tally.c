/* What a leader counts of the records that it folds. */
#include "producer/tally.h"

#include "base/mem.h"
#include "conf/metrics_table.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

enum { HIGH = 100 };
static const char epoch[] = "0:1:90";

struct scene {
    struct context c;
    struct partition p;
};

static void begin(struct scene *s)
{
    *s = (struct scene){.c = {.metrics = metrics_of_program(METRICS_PRODUCER, "0")}};
    s->p = (struct partition){.c = &s->c, .number = 1, .tally.from = TALLY_NOTHING};
    tally_begin(s->c.metrics);
    tally_from(&s->p, HIGH);
}

static void end(struct scene *s)
{
    tally_stop(&s->p);
    metrics_free(s->c.metrics);
}

static bool says(const struct scene *s, const char *line)
{
    BUF_CLEANUP struct buf text = BUF_INIT(1024 * 1024);

    metrics_print(s->c.metrics, &text);
    return strstr(buf_cstr(&text), line) != NULL;
}

/* A record that stands at `offset`, whose fold had this answer. The event is released. */
static void fold_at(struct scene *s, struct event *ev, int64_t offset, enum view_fold answer, int64_t n)
{
    char kept[sizeof epoch];
    struct view_folded f = {.answer = answer, .n = n};
    struct fold_sent sent = {.offset = offset, .type = ev->type, .epoch = kept};

    memcpy(kept, epoch, sizeof epoch);
    sent.step = ev->type == EVENT_JOB_TERMINAL ? ev->terminal.step : VIEW_NOT_KNOWN;
    sent.tally = tally_of(&s->p, ev, offset);
    tally_folded(&s->p, &sent, &f);
    tally_free(sent.tally);
    event_release(ev);
}

static void finished_at(struct scene *s, int64_t offset, enum view_fold answer)
{
    struct event ev;

    event_init(&ev, EVENT_RUN_FINISHED, 0, "shop", "r");
    ev.action = xstrdup("stop");
    ev.finished.result = RESULT_HALTED;
    fold_at(s, &ev, offset, answer, 0);
}

static void terminal_of(struct scene *s, int64_t step, int64_t offset, enum view_fold answer, int64_t n)
{
    struct event ev;
    struct member_outcome *m = xcalloc(2, sizeof *m);

    event_init(&ev, EVENT_JOB_TERMINAL, 0, "shop", "r");
    ev.action = xstrdup("stop");
    m[0] = (struct member_outcome){.id = xstrdup("i-1"), .outcome = OUTCOME_DONE, .took_ms = 4000};
    m[1] = (struct member_outcome){
        .id = xstrdup("i-2"), .outcome = OUTCOME_BYPASSED, .cause = CAUSE_OVERRIDE_PRESENT};
    ev.terminal.step = step;
    ev.terminal.members = (struct member_outcomes){m, 2};
    fold_at(s, &ev, offset, answer, n);
}

static void terminal_at(struct scene *s, int64_t offset, enum view_fold answer, int64_t n)
{
    terminal_of(s, 0, offset, answer, n);
}

#define HALTED_STOPS "ec2sched_producer_runs_finished_total{action=\"stop\",result=\"halted\"} "

static void each_result_of_a_run_is_there_with_0_before_the_first(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    assert_true(says(&s, HALTED_STOPS "0\n"));
    assert_true(says(&s, "ec2sched_producer_runs_finished_total{action=\"start\",result=\"deadline\"} 0\n"));
    end(&s);
}

static void a_runs_end_is_counted_once_whatever_is_folded_again(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    finished_at(&s, HIGH, VIEW_FOLD_OK);
    assert_true(says(&s, HALTED_STOPS "1\n"));
    finished_at(&s, HIGH, VIEW_FOLD_OK); /* the view is built anew */
    tally_from(&s.p, HIGH + 50);         /* and caught up again, by who leads already */
    assert_true(says(&s, HALTED_STOPS "1\n"));
    finished_at(&s, HIGH + 1, VIEW_FOLD_IGN); /* a copy */
    assert_true(says(&s, HALTED_STOPS "1\n"));
    finished_at(&s, HIGH + 2, VIEW_FOLD_OK);
    assert_true(says(&s, HALTED_STOPS "2\n"));
    end(&s);
}

static void what_was_in_the_log_before_it_led_counts_nothing(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    finished_at(&s, HIGH - 1, VIEW_FOLD_OK);
    assert_true(says(&s, HALTED_STOPS "0\n"));
    tally_stop(&s.p); /* it leads no more */
    finished_at(&s, HIGH + 1, VIEW_FOLD_OK);
    assert_true(says(&s, HALTED_STOPS "0\n"));
    tally_from(&s.p, HIGH + 10);
    finished_at(&s, HIGH + 9, VIEW_FOLD_OK);
    assert_true(says(&s, HALTED_STOPS "0\n"));
    finished_at(&s, HIGH + 10, VIEW_FOLD_OK);
    assert_true(says(&s, HALTED_STOPS "1\n"));
    end(&s);
}

static void members_are_counted_by_outcome_and_cause_and_timed_when_they_are_done(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    terminal_at(&s, HIGH, VIEW_FOLD_OK, 0);
    terminal_at(&s, HIGH + 1, VIEW_FOLD_OK, 0);
    assert_true(says(&s, "ec2sched_producer_members_total{action=\"stop\",outcome=\"done\",cause=\"\"} 2\n"));
    assert_true(says(&s, "ec2sched_producer_members_total{action=\"stop\",outcome=\"bypassed\",cause="
                         "\"override-present\"} 2\n"));
    assert_true(says(&s, "ec2sched_producer_member_duration_seconds_sum{action=\"stop\"} 8\n"));
    assert_true(says(&s, "ec2sched_producer_member_duration_seconds_count{action=\"stop\"} 2\n"));
    end(&s);
}

static void opened(struct scene *s, int64_t offset, int64_t step)
{
    struct event ev;

    event_init(&ev, EVENT_TIER_PLANNED, 0, "shop", "r");
    fold_at(s, &ev, offset, VIEW_FOLD_OPEN, step);
}

static void a_steps_time_runs_from_its_opening_to_its_last_terminal(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    s.c.now_ms = 1000;
    opened(&s, HIGH, 0);
    s.c.now_ms = 4000;
    terminal_at(&s, HIGH + 1, VIEW_FOLD_OK, 0); /* not its last one */
    assert_false(says(&s, "ec2sched_producer_step_duration_seconds_count"));
    s.c.now_ms = 8000;
    terminal_at(&s, HIGH + 2, VIEW_FOLD_DONE, 0);
    assert_true(says(&s, "ec2sched_producer_step_duration_seconds_sum{action=\"stop\"} 7\n"));
    terminal_at(&s, HIGH + 3, VIEW_FOLD_DONE, 0); /* one that opened elsewhere */
    opened(&s, HIGH + 4, 2);
    terminal_of(&s, 1, HIGH + 5, VIEW_FOLD_DONE, 0); /* another step's: that one was not seen to open */
    assert_true(says(&s, "ec2sched_producer_step_duration_seconds_count{action=\"stop\"} 1\n"));
    end(&s);
}

static void a_run_that_was_cut_leaves_no_step_behind(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    opened(&s, HIGH, 0);
    assert_non_null(s.p.tally.steps);
    finished_at(&s, HIGH + 1, VIEW_FOLD_OK);
    assert_null(s.p.tally.steps);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(each_result_of_a_run_is_there_with_0_before_the_first),
        WEIGHED(a_runs_end_is_counted_once_whatever_is_folded_again),
        WEIGHED(what_was_in_the_log_before_it_led_counts_nothing),
        WEIGHED(members_are_counted_by_outcome_and_cause_and_timed_when_they_are_done),
        WEIGHED(a_steps_time_runs_from_its_opening_to_its_last_terminal),
        WEIGHED(a_run_that_was_cut_leaves_no_step_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

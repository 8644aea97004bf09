/* Whether a workload is as its last tick wants it, by what the view remembers. */
#include "producer/wanted_step.h"
#include "support/weigh.h"

enum { PARTITION = 3, RUNS_MAX = 8, TICK_MS = 1000000 };

static const struct wanted_tick stop_at_night = {ACTION_STOP, TICK_MS, "sched-1"};

struct row {
    const char *what;
    struct { /* run, where it was asked for, action, result, cause */
        const char *run, *request, *action, *result, *cause;
    } runs[RUNS_MAX];
    struct { /* of the run that is current, or was last */
        const char *act, *res, *end;
    } last;
    enum wanted_verdict verdict;
};

static struct str word(const char *s)
{
    return str_of(s ? s : "");
}

static enum wanted_verdict judge(const struct row *row)
{
    struct view_run runs[RUNS_MAX] = {0};
    const struct view_pair fields[] = {{STR("act"), word(row->last.act)},
                                       {STR("res"), word(row->last.res)},
                                       {STR("end"), word(row->last.end)}};
    struct view_peeked p = {.there = true, .workload = {fields, 3}, .runs = runs};

    for (; p.run_count < RUNS_MAX && row->runs[p.run_count].run; p.run_count++)
        runs[p.run_count] = (struct view_run){.run = word(row->runs[p.run_count].run),
                                              .request = word(row->runs[p.run_count].request),
                                              .action = word(row->runs[p.run_count].action),
                                              .result = word(row->runs[p.run_count].result),
                                              .cause = word(row->runs[p.run_count].cause)};
    return wanted_judge(&stop_at_night, PARTITION, &p);
}

static void judge_all(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (judge(&rows[i]) != rows[i].verdict)
            fail_msg("%s: %d", rows[i].what, (int)judge(&rows[i]));
}

static void the_ticks_own_run_says_whether_it_is_met(void **state)
{
    static const struct row rows[] = {
        {"succeeded", {{"sched-1", "0:7", "stop", "succeeded"}}, {0}, WANTED_MET},
        {"goes on", {{"sched-1", "0:7", "stop", ""}}, {0}, WANTED_UNMET},
        {"halted", {{"sched-1", "0:7", "stop", "halted"}}, {0}, WANTED_UNMET},
        {"partial: one is left running", {{"sched-1", "0:7", "stop", "partial"}}, {0}, WANTED_UNMET},
        {"cancelled: it is still up", {{"sched-1", "0:7", "stop", "cancelled"}}, {0}, WANTED_UNMET},
        {"an earlier one that succeeded says nothing",
         {{"r", "0:6", "stop", "succeeded"}, {"sched-1", "0:7", "stop", "failed"}},
         {0},
         WANTED_UNMET},
        {"refused: cannot be", {{"sched-1", "0:7", "stop", "refused", "invalid"}}, {0}, WANTED_UNMET},
        {"too late", {{"sched-1", "0:7", "stop", "expired"}}, {0}, WANTED_UNMET},
        {"refused: switched off", {{"sched-1", "0:7", "stop", "refused", "switched-off"}}, {0}, WANTED_OFF},
        {"refused: held", {{"sched-1", "0:7", "stop", "refused", "held"}}, {0}, WANTED_OFF},
    };

    (void)state;
    judge_all(rows, sizeof rows / sizeof *rows);
}

static void a_later_run_overrules_it_or_mends_it(void **state)
{
    static const struct row rows[] = {
        {"started by a person behind it",
         {{"r", "0:9", "start", "succeeded"}, {"sched-1", "0:7", "stop", "succeeded"}},
         {0},
         WANTED_OVERRULED},
        {"a start that is still waiting is a person's word as well",
         {{"sched-1", "0:7", "stop", "halted"}, {"r", "0:9", "start", ""}},
         {0},
         WANTED_OVERRULED},
        {"stopped by a person behind it",
         {{"sched-1", "0:7", "stop", "halted"}, {"r", "0:9", "stop", "succeeded"}},
         {0},
         WANTED_MET},
        {"tried again in vain",
         {{"sched-1", "0:7", "stop", "halted"}, {"r", "0:9", "stop", "failed"}},
         {0},
         WANTED_UNMET},
        {"the last of many counts",
         {{"a", "0:12", "stop", "succeeded"},
          {"sched-1", "0:7", "stop", "halted"},
          {"b", "0:9", "start", "succeeded"}},
         {0},
         WANTED_MET},
        {"10 comes behind 9, and behind every generation before",
         {{"sched-1", "0:99", "stop", "halted"}, {"r", "1:3", "stop", "succeeded"}},
         {0},
         WANTED_MET},
        {"a later one that was refused changes nothing",
         {{"sched-1", "0:7", "stop", "halted"}, {"r", "0:9", "start", "refused", "busy"}},
         {0},
         WANTED_UNMET},
        {"an earlier start changes nothing",
         {{"r", "0:6", "start", "succeeded"}, {"sched-1", "0:7", "stop", "succeeded"}},
         {0},
         WANTED_MET},
    };

    (void)state;
    judge_all(rows, sizeof rows / sizeof *rows);
}

static void without_its_run_only_what_ended_behind_the_tick_counts(void **state)
{
    static const struct row rows[] = {
        {"never seen", {{0}}, {0}, WANTED_UNMET},
        {"stopped before it", {{0}}, {"stop", "succeeded", "999999"}, WANTED_UNMET},
        {"stopped behind it", {{0}}, {"stop", "succeeded", "1000001"}, WANTED_MET},
        {"failed behind it", {{0}}, {"stop", "failed", "1000001"}, WANTED_UNMET},
        {"started behind it", {{0}}, {"start", "succeeded", "1000001"}, WANTED_OVERRULED},
        {"a run goes on", {{0}}, {"stop", "", ""}, WANTED_UNMET},
        {"a request that cannot be read is as none",
         {{"sched-1", "seven", "stop", "succeeded"}},
         {"stop", "succeeded", "999999"},
         WANTED_UNMET},
    };

    (void)state;
    judge_all(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(the_ticks_own_run_says_whether_it_is_met),
        WEIGHED(a_later_run_overrules_it_or_mends_it),
        WEIGHED(without_its_run_only_what_ended_behind_the_tick_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The registry's text, and its bounds. */
#include "base/metrics.h"
#include "conf/metrics_table.h"

#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

enum { EVENTS, LEVEL, TOOK, TENANTS, FOREIGN, ROWS };
enum { MINE = 1, OTHERS = 2 };

static const int64_t buckets[] = {100, 1500, 0};
static const struct metric table[ROWS] = {
    [EVENTS] = {"events_total", METRIC_COUNTER, "what came", .labels = {"kind", "why"}, .programs = MINE,
                .series_max = 2},
    [LEVEL] = {"level_seconds", METRIC_GAUGE, "how high", .ms = true, .programs = MINE | OTHERS},
    [TOOK] = {"took_seconds", METRIC_HISTOGRAM, "how long", .labels = {"kind"}, .ms = true,
              .buckets = buckets, .programs = MINE},
    [TENANTS] = {"tenants", METRIC_GAUGE, "who", .labels = {"name"}, .programs = MINE, .series_max = 1},
    [FOREIGN] = {"foreign", METRIC_GAUGE, "not ours", .programs = OTHERS},
};

/* What is printed but HELP and TYPE; into `out`. */
static void samples(const struct metrics *m, char *out, size_t size)
{
    BUF_CLEANUP struct buf text = BUF_INIT(64 * 1024);
    size_t n = 0;

    metrics_print(m, &text);
    out[0] = '\0';
    for (const char *line = buf_cstr(&text); *line;) {
        size_t length = strcspn(line, "\n") + 1;
        if (*line != '#' && n + length < size) {
            memcpy(out + n, line, length);
            n += length;
            out[n] = '\0';
        }
        line += length;
    }
}

static void assert_samples(const struct metrics *m, const char *expected)
{
    char got[4096];

    samples(m, got, sizeof got);
    assert_string_equal(got, expected);
}

static void rows_without_samples_print_their_name_and_help_alone_and_others_rows_nothing(void **state)
{
    struct metrics *m = metrics_new(table, ROWS, MINE);
    BUF_CLEANUP struct buf text = BUF_INIT(64 * 1024);

    (void)state;
    metrics_print(m, &text);
    assert_string_equal(buf_cstr(&text), "# HELP ec2sched_events_total what came\n"
                                         "# TYPE ec2sched_events_total counter\n"
                                         "# HELP ec2sched_level_seconds how high\n"
                                         "# TYPE ec2sched_level_seconds gauge\n"
                                         "# HELP ec2sched_took_seconds how long\n"
                                         "# TYPE ec2sched_took_seconds histogram\n"
                                         "# HELP ec2sched_tenants who\n"
                                         "# TYPE ec2sched_tenants gauge\n");
    metrics_free(m);
}

static void milliseconds_are_printed_as_seconds_and_a_series_added_with_0_is_there(void **state)
{
    struct metrics *m = metrics_new(table, ROWS, MINE);

    (void)state;
    metrics_add(m, EVENTS, 0, METRIC_LABELS("a", ""));
    metrics_set(m, LEVEL, 1764533018007, NULL);
    assert_samples(m,
                   "ec2sched_events_total{kind=\"a\",why=\"\"} 0\nec2sched_level_seconds 1764533018.007\n");
    metrics_add(m, EVENTS, 2, METRIC_LABELS("a", ""));
    metrics_set(m, LEVEL, -1500, NULL);
    assert_samples(m, "ec2sched_events_total{kind=\"a\",why=\"\"} 2\nec2sched_level_seconds -1.500\n");
    metrics_set(m, LEVEL, 3000, NULL);
    assert_samples(m, "ec2sched_events_total{kind=\"a\",why=\"\"} 2\nec2sched_level_seconds 3\n");
    metrics_clear(m, LEVEL); /* not known is not zero */
    assert_samples(m, "ec2sched_events_total{kind=\"a\",why=\"\"} 2\n");
    metrics_free(m);
}

static void a_histograms_buckets_hold_all_that_is_below_them_their_bound_included(void **state)
{
    struct metrics *m = metrics_new(table, ROWS, MINE);

    (void)state;
    for (int64_t ms = 0; ms <= 100; ms += 100)
        metrics_observe(m, TOOK, ms, METRIC_LABELS("x"));
    metrics_observe(m, TOOK, 101, METRIC_LABELS("x"));
    metrics_observe(m, TOOK, 9000, METRIC_LABELS("x"));
    assert_samples(m, "ec2sched_took_seconds_bucket{kind=\"x\",le=\"0.100\"} 2\n"
                      "ec2sched_took_seconds_bucket{kind=\"x\",le=\"1.500\"} 3\n"
                      "ec2sched_took_seconds_bucket{kind=\"x\",le=\"+Inf\"} 4\n"
                      "ec2sched_took_seconds_count{kind=\"x\"} 4\n"
                      "ec2sched_took_seconds_sum{kind=\"x\"} 9.201\n");
    metrics_free(m);
}

static void what_finds_no_room_is_summed_as_other_or_left_out_and_counted(void **state)
{
    struct metrics *m = metrics_new(table, ROWS, MINE);

    (void)state;
    metrics_add(m, EVENTS, 1, METRIC_LABELS("a", "p"));
    metrics_add(m, EVENTS, 1, METRIC_LABELS("b", "p"));
    metrics_add(m, EVENTS, 1, METRIC_LABELS("c", "p"));
    metrics_add(m, EVENTS, 1, METRIC_LABELS("d", "p"));
    metrics_set(m, TENANTS, 1, METRIC_LABELS("one"));
    metrics_set(m, TENANTS, 1, METRIC_LABELS("two"));
    assert_samples(m, "ec2sched_events_total{kind=\"a\",why=\"p\"} 1\n"
                      "ec2sched_events_total{kind=\"b\",why=\"p\"} 1\n"
                      "ec2sched_events_total{kind=\"other\",why=\"other\"} 2\n"
                      "ec2sched_tenants{name=\"one\"} 1\n");
    assert_int_equal(metrics_dropped(m), 3);
    metrics_free(m);
}

static void a_labels_value_can_neither_end_its_quotes_nor_its_line_and_is_cut(void **state)
{
    struct metrics *m = metrics_new(table, ROWS, MINE);
    char longest[METRICS_VALUE_MAX + 50];
    char got[4096];

    (void)state;
    metrics_set(m, TENANTS, 1, METRIC_LABELS("a\"b\\c\nd"));
    assert_samples(m, "ec2sched_tenants{name=\"a\\\"b\\\\c\\nd\"} 1\n");
    metrics_clear(m, TENANTS);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    metrics_set(m, TENANTS, 1, METRIC_LABELS(longest));
    samples(m, got, sizeof got);
    const char *value = strchr(got, '"');
    assert_non_null(value);
    assert_int_equal(value ? strspn(value + 1, "x") : 0, METRICS_VALUE_MAX);
    metrics_free(m);
}

/* ---- the programs' own table ---- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name);

    return n >= strlen(end) && strcmp(name + n - strlen(end), end) == 0;
}

static bool rises(const int64_t *b)
{
    size_t n = 0;

    while (b[n] && (n == 0 || b[n] > b[n - 1]))
        n++;
    return n > 0 && !b[n] && n < METRICS_BUCKETS_MAX;
}

/* What is wrong with a row; NULL: nothing. */
static const char *fault_of(const struct metric *row)
{
    if (!row->help || !row->help[0] || strchr(row->help, '\n') || !row->programs)
        return "it lacks something";
    if ((row->type == METRIC_COUNTER) != ends_with(row->name, "_total"))
        return "_total is for counters";
    if (row->ms != ends_with(row->name, "_seconds"))
        return "milliseconds are told as _seconds";
    if ((row->type == METRIC_HISTOGRAM) != (row->buckets != NULL))
        return "buckets are for histograms";
    return row->buckets && !rises(row->buckets) ? "its buckets do not rise" : NULL;
}

static void every_row_is_named_by_prometheus_rules_and_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric *row = &metrics_table[i];
        assert_non_null(row->name);
        const char *fault = fault_of(row);
        if (fault)
            fail_msg("%s: %s", row->name, fault);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(metrics_table[j].name, row->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(rows_without_samples_print_their_name_and_help_alone_and_others_rows_nothing),
        WEIGHED(milliseconds_are_printed_as_seconds_and_a_series_added_with_0_is_there),
        WEIGHED(a_histograms_buckets_hold_all_that_is_below_them_their_bound_included),
        WEIGHED(what_finds_no_room_is_summed_as_other_or_left_out_and_counted),
        WEIGHED(a_labels_value_can_neither_end_its_quotes_nor_its_line_and_is_cut),
        WEIGHED(every_row_is_named_by_prometheus_rules_and_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The table of schedules while its rows are read some at a time: what stands, what goes, and when. */
#include "producer/schedules.h"

#include "support/weigh.h"
#include "support/zone_bytes.h"

#include <stdio.h>

static const char *zone_rule = "UTC0";
static size_t zones_read;

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    (void)port;
    (void)path;
    (void)e;
    zones_read++;
    zone_bytes(0, zone_rule, out);
    return true;
}

static const struct process_ops files = {.read_file = read_file};

struct side {
    struct options options;
    struct ports ports;
    struct context c;
    struct schedules *all;
};

static struct schedules *begin(struct side *s)
{
    static char zoneinfo[] = "/zones";

    zone_rule = "UTC0";
    zones_read = 0;
    *s = (struct side){.ports = {.process = {.ops = &files}}};
    s->options.schedule.zoneinfo = zoneinfo;
    s->c = (struct context){.options = &s->options, .ports = &s->ports, .partitions = 1};
    s->all = schedules_new(&s->c);
    return s->all;
}

/* A page of rows "name" or "name=cron", separated by spaces. */
static void page(struct schedules *all, const char *names)
{
    BUF_CLEANUP struct buf text = BUF_INIT(8192);
    struct str rest = str_of(names), one, name, cron;
    struct err e = {0};

    buf_adds(&text, "[");
    while (rest.n) {
        (void)str_cut(rest, ' ', &one, &rest);
        if (!str_cut(one, '=', &name, &cron))
            cron = STR("0");
        buf_addf(&text,
                 "%s{\"SpecName\":\"w\",\"ScheduleName\":\"" STR_FMT
                 "\",\"Action\":\"stop\",\"Cron\":\"" STR_FMT " 5 * * *\",\"TimeZone\":\"UTC\"}",
                 text.n > 1 ? "," : "", STR_ARG(name), STR_ARG(cron));
    }
    buf_adds(&text, "]");
    JSON_CLEANUP struct json *rows = json_parse(buf_view(&text), 8192, &e);
    assert_non_null(rows);
    schedules_load_rows(all, rows, 0);
}

static void what_no_page_has_told_of_goes_with_the_end_alone(void **state)
{
    struct side s;
    struct schedules *all = begin(&s);

    (void)state;
    schedules_load_begin(all);
    page(all, "a b");
    page(all, "c");
    schedules_load_end(all);
    assert_int_equal(schedules_count(all), 3);
    schedules_load_begin(all); /* the second page of this one never comes */
    page(all, "a d");
    assert_int_equal(schedules_count(all), 4);
    schedules_load_begin(all);
    page(all, "a");
    assert_int_equal(schedules_count(all), 4);
    schedules_load_end(all);
    assert_int_equal(schedules_count(all), 1);
    schedules_free(all);
}

static void a_name_stands_twice_on_two_pages_as_on_one(void **state)
{
    struct side s;
    struct schedules *all = begin(&s);

    (void)state;
    schedules_load_begin(all);
    page(all, "a b");
    page(all, "a=1");
    schedules_load_end(all);
    assert_int_equal(schedules_count(all), 1);
    assert_int_equal(schedules_invalid(all), 1);
    schedules_free(all);
}

static struct entry *found;

static void keep(void *self, struct entry *e)
{
    (void)self;
    found = e;
}

static void a_row_that_was_read_alone_between_two_pages_does_not_stand_twice(void **state)
{
    struct side s;
    struct schedules *all = begin(&s);
    struct err e = {0};
    JSON_CLEANUP struct json *row = json_parse(
        STR("{\"SpecName\":\"w\",\"ScheduleName\":\"a\",\"Action\":\"stop\",\"Cron\":\"0 5 * * *\","
            "\"TimeZone\":\"UTC\",\"Profile\":\"p\"}"),
        8192, &e);

    (void)state;
    schedules_load_begin(all);
    page(all, "a");
    schedules_load_end(all);
    schedules_load_begin(all);
    schedules_each(all, 0, keep, NULL);
    assert_true(schedules_row(all, found, row, 0)); /* its tick was due while the table was read */
    page(all, "a");
    schedules_load_end(all);
    assert_int_equal(schedules_count(all), 1);
    assert_int_equal(schedules_invalid(all), 0);
    schedules_free(all);
}

static void a_row_that_says_the_same_keeps_its_entry_and_has_the_new_zone(void **state)
{
    struct side s;
    struct schedules *all = begin(&s);

    (void)state;
    schedules_load_begin(all);
    page(all, "a");
    schedules_load_end(all);
    schedules_each(all, 0, keep, NULL);
    uint64_t id = found->id;
    schedules_know(all, found, 0);
    assert_int_equal(schedules_next(all), INT64_C(5) * 3600 * 1000);
    zone_rule = "CET-1"; /* the zone's data is another one since */
    schedules_load_begin(all);
    page(all, "a");
    schedules_load_end(all);
    assert_int_equal(zones_read, 2);
    assert_non_null(schedules_find(all, id));
    assert_int_equal(schedules_next(all), INT64_C(4) * 3600 * 1000);
    schedules_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(what_no_page_has_told_of_goes_with_the_end_alone),
        WEIGHED(a_name_stands_twice_on_two_pages_as_on_one),
        WEIGHED(a_row_that_was_read_alone_between_two_pages_does_not_stand_twice),
        WEIGHED(a_row_that_says_the_same_keeps_its_entry_and_has_the_new_zone),
    };

    return cmocka_run_group_tests_name("producer/schedules", tests, NULL, NULL);
}

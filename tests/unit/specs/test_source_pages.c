/* A table of schedules that is read page by page: what is handed over when, and what the end says. */
#include "specs/source.h"

#include "aws/call.h"
#include "aws/dynamodb.h"
#include "support/fake_world.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

#define ROW(name)       "{\"SpecName\":{\"S\":\"w\"},\"ScheduleName\":{\"S\":\"" name "\"}}"
#define MORE(rows, key) "{\"Items\":[" rows "],\"LastEvaluatedKey\":{\"K\":{\"S\":\"" key "\"}}}"
#define LAST(rows)      "{\"Items\":[" rows "]}"

static struct fake_world world;
static struct options options;

struct seen {
    char names[200]; /* in the order in which they came */
    size_t pages, ends;
    struct err err;
    bool rows; /* the end brought some */
};

static void on_page(void *self, const struct json *rows)
{
    struct seen *s = self;

    s->pages++;
    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        size_t n = strlen(s->names);
        struct str name = json_str_or_empty(json_get(row, "ScheduleName"));
        (void)snprintf(s->names + n, sizeof s->names - n, STR_FMT " ", STR_ARG(name));
    }
}

static void on_end(void *self, uint64_t id, const struct source_rows *rows)
{
    struct seen *s = self;

    (void)id;
    s->ends++;
    s->err = rows->err;
    s->rows = rows->schedules != NULL;
}

struct side {
    struct aws *aws;
    struct source *source;
    struct seen seen;
};

static void begin(struct side *s)
{
    const struct aws_options o = {.program = "test/1", .region = "eu-west-1"};
    struct err e = {0};

    fake_world_init(&world);
    fake_env(&world, "AWS_ACCESS_KEY_ID", "A");
    fake_env(&world, "AWS_SECRET_ACCESS_KEY", "s");
    options.specs.source = (char[]){"dynamodb"};
    *s = (struct side){.aws = aws_new(&world.ports, &o, &e)};
    assert_non_null(s->aws);
    s->source = source_new(&options, &world.ports, s->aws, &e);
    assert_non_null(s->source);
    (void)source_schedules_by_page(s->source, on_page, on_end, &s->seen);
    (void)aws_turn(s->aws, world.now.boot_ms);
}

static void turn(struct side *s)
{
    (void)aws_turn(s->aws, world.now.boot_ms);
    (void)source_turn(s->source, world.now.boot_ms);
}

static void reply(struct side *s, int status, const char *body)
{
    fake_reply(&world, status, body);
    turn(s);
}

static void end(struct side *s)
{
    source_free(s->source);
    aws_free(s->aws);
    fake_world_release(&world);
}

static void each_page_is_handed_over_before_the_next_is_here(void **state)
{
    struct side s;
    char limit[32];

    (void)state;
    begin(&s);
    (void)snprintf(limit, sizeof limit, "\"Limit\":%d", DYNAMODB_PAGE_ITEMS);
    assert_non_null(strstr(fake_last(&world)->body, limit));
    assert_non_null(strstr(fake_last(&world)->body, "\"ConsistentRead\":true"));
    reply(&s, 200, MORE(ROW("a") "," ROW("b"), "b"));
    assert_string_equal(s.seen.names, "a b ");
    assert_int_equal(s.seen.ends, 0);
    assert_non_null(strstr(fake_last(&world)->body, "\"ExclusiveStartKey\":{\"K\":{\"S\":\"b\"}}"));
    reply(&s, 200, LAST(ROW("c")));
    assert_string_equal(s.seen.names, "a b c ");
    assert_int_equal(s.seen.pages, 2);
    assert_int_equal(s.seen.ends, 1);
    assert_int_equal(s.seen.err.kind, ERR_NONE);
    assert_false(s.seen.rows);
    end(&s);
}

static void a_page_that_does_not_come_fails_the_end(void **state)
{
    struct side s;

    (void)state;
    begin(&s);
    reply(&s, 200, MORE(ROW("a"), "a"));
    reply(&s, 400, "{\"__type\":\"x#AccessDeniedException\",\"message\":\"no\"}");
    assert_string_equal(s.seen.names, "a ");
    assert_int_equal(s.seen.ends, 1);
    assert_int_equal(s.seen.err.kind, ERR_DENIED);
    end(&s);
}

static void a_table_that_is_not_there_has_no_pages(void **state)
{
    struct side s;

    (void)state;
    begin(&s);
    reply(&s, 400,
          "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"Requested resource not found\"}");
    assert_int_equal(s.seen.pages, 0);
    assert_int_equal(s.seen.ends, 1);
    assert_int_equal(s.seen.err.kind, ERR_NONE);
    end(&s);
}

static void more_rows_than_the_bound_are_an_error_however_many_pages_they_come_in(void **state)
{
    BUF_CLEANUP struct buf page = BUF_INIT(1 << 20);
    const size_t pages = SOURCE_ROWS_MAX / DYNAMODB_PAGE_ITEMS + 1;
    struct side s;

    (void)state;
    begin(&s);
    for (size_t p = 0; p < pages; p++) {
        buf_clear(&page);
        buf_adds(&page, "{\"Items\":[" ROW("x"));
        for (int i = 1; i < DYNAMODB_PAGE_ITEMS; i++)
            buf_adds(&page, "," ROW("x"));
        buf_addf(&page, "],\"LastEvaluatedKey\":{\"K\":{\"S\":\"%zu\"}}}", p);
        reply(&s, 200, buf_cstr(&page));
    }
    reply(&s, 200, LAST(ROW("x")));
    assert_int_equal(s.seen.ends, 1);
    assert_int_equal(s.seen.err.kind, ERR_INVALID);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(each_page_is_handed_over_before_the_next_is_here),
        WEIGHED(a_page_that_does_not_come_fails_the_end),
        WEIGHED(a_table_that_is_not_there_has_no_pages),
        WEIGHED(more_rows_than_the_bound_are_an_error_however_many_pages_they_come_in),
    };

    return cmocka_run_group_tests_name("specs/source, page by page", tests, NULL, NULL);
}

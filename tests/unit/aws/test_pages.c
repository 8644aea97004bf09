/* Replies in pages: all as one list, or each when it was read. */
#include "aws/call.h"

#include "support/engine.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

static struct fake_world world; /* large; each test begins it anew */

static void a_reading_call_walks_all_pages(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_describe(a, &s);
    engine_turn(a, &world);
    fake_reply(&world, 200, PAGE("i-3", "<nextToken>a+b</nextToken>"));
    engine_turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "&NextToken=a%2Bb"));
    fake_reply(
        &world, 200,
        "<DescribeInstancesResponse><reservationSet/><nextToken>c</nextToken></DescribeInstancesResponse>");
    engine_turn(a, &world);
    fake_reply(&world, 200, PAGE("i-1", ""));
    engine_turn(a, &world);
    assert_int_equal(s.instances.n, 2);
    assert_string_equal(s.instances.at[0].id, "i-1");
    ec2_instances_release(&s.instances);

    engine_describe(a, &s);
    engine_turn(a, &world);
    fake_reply(&world, 200, PAGE("i-3", "<nextToken>x</nextToken>"));
    engine_turn(a, &world);
    fake_reply(&world, 200, PAGE("i-3", "<nextToken>x</nextToken>"));
    engine_turn(a, &world);
    assert_int_equal(s.r.err.kind, ERR_INVALID); /* for ever round in a circle */
    aws_free(a);
    fake_world_release(&world);
}

static void pages_have_a_bound(void **state)
{
    struct seen s = {0};
    char page[512];
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_describe(a, &s);
    for (int i = 0; i < AWS_PAGES_MAX; i++) {
        assert_int_equal(s.count, 0);
        engine_turn(a, &world);
        (void)snprintf(page, sizeof page, PAGE("i-3", "<nextToken>%d</nextToken>"), i);
        fake_reply(&world, 200, page);
    }
    engine_turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.r.err.code, AWS_TOO_LARGE);
    aws_free(a);
    fake_world_release(&world);
}

static void a_reply_that_broke_off_leaves_nothing_behind(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_describe(a, &s);
    engine_turn(a, &world);
    fake_reply(&world, 200, PAGE("i-8", "<nextToken>t</nextToken>"));
    engine_turn(a, &world);
    fake_reply(
        &world, 200,
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-7</instanceId>"
        "<instanceState><code>16</code></instanceState></item></instancesSet></item>");
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    engine_turn(a, &world);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    engine_turn(a, &world);
    assert_null(strstr(fake_last(&world)->body, "NextToken")); /* from the first page again */
    fake_reply(&world, 200, PAGE("i-9", ""));
    engine_turn(a, &world);
    assert_int_equal(s.instances.n, 1);
    assert_string_equal(s.instances.at[0].id, "i-9");
    ec2_instances_release(&s.instances);
    aws_free(a);
    fake_world_release(&world);
}

struct walk { /* what the pages of a call showed, in order */
    struct aws *aws;
    char ids[8][16];
    size_t n, pages;
    size_t cancel_at; /* 0: never */
    struct seen s;
};

static void walk_page(void *self, uint64_t id, void *reply)
{
    struct walk *k = self;
    const struct ec2_instances *l = reply;

    k->pages++;
    for (size_t i = 0; i < l->n; i++)
        (void)snprintf(k->ids[k->n++], sizeof k->ids[0], "%s", l->at[i].id);
    if (k->pages == k->cancel_at)
        aws_cancel(k->aws, id);
}

static void walk_done(void *self, uint64_t id, struct aws_result *r)
{
    struct walk *k = self;

    seen_instances(&k->s, id, r);
}

static void walk(struct walk *k)
{
    struct ec2_filters none = {0};

    (void)ec2_walk_instances(k->aws, &engine_home, &none, walk_page, walk_done, k);
    engine_turn(k->aws, &world);
}

static void a_page_is_handed_over_when_it_was_read_and_kept_no_longer(void **state)
{
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);
    struct walk k = {.aws = a};

    walk(&k);
    fake_reply(&world, 200, PAGE("i-2", "<nextToken>t</nextToken>"));
    engine_turn(a, &world);
    assert_int_equal(k.n, 1);
    assert_string_equal(k.ids[0], "i-2");
    assert_int_equal(k.s.count, 0);
    fake_reply(&world, 200, PAGE("i-1", ""));
    engine_turn(a, &world);
    assert_int_equal(k.n, 2);
    assert_string_equal(k.ids[1], "i-1"); /* without what came before */
    assert_int_equal(k.s.count, 1);
    assert_int_equal(k.s.r.err.kind, ERR_NONE);
    assert_int_equal(k.s.instances.n, 0);
    aws_free(a);
    fake_world_release(&world);
}

static void a_page_that_broke_off_is_read_again_and_no_other(void **state)
{
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);
    struct walk k = {.aws = a};

    walk(&k);
    fake_reply(&world, 200, PAGE("i-8", "<nextToken>t</nextToken>"));
    engine_turn(a, &world);
    fake_reply(
        &world, 200,
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-7</instanceId>"
        "<instanceState><code>16</code></instanceState></item></instancesSet></item>");
    engine_turn(a, &world);
    assert_int_equal(k.n, 1);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    engine_turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "NextToken=t"));
    fake_reply(&world, 200, PAGE("i-9", ""));
    engine_turn(a, &world);
    assert_int_equal(k.n, 2);
    assert_string_equal(k.ids[1], "i-9");
    assert_int_equal(k.s.r.err.kind, ERR_NONE);
    aws_free(a);
    fake_world_release(&world);
}

static void pages_that_end_in_a_failure_end_as_one(void **state)
{
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);
    struct walk k = {.aws = a};

    walk(&k);
    fake_reply(&world, 200, PAGE("i-8", "<nextToken>t</nextToken>"));
    engine_turn(a, &world);
    fake_reply(&world, 403, EC2_ERROR("UnauthorizedOperation", "no"));
    engine_turn(a, &world);
    assert_int_equal(k.pages, 1);
    assert_int_equal(k.s.count, 1);
    assert_int_equal(k.s.r.err.kind, ERR_DENIED);
    aws_free(a);
    fake_world_release(&world);
}

static void who_looks_at_a_page_may_cancel_the_call(void **state)
{
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);
    struct walk k = {.aws = a};

    k.cancel_at = 1;
    walk(&k);
    fake_reply(&world, 200, PAGE("i-8", "<nextToken>t</nextToken>"));
    engine_turn(a, &world);
    assert_int_equal(k.pages, 1);
    assert_int_equal(k.s.count, 0);
    assert_int_equal(aws_in_hand(a), 0);
    assert_int_equal(fake_open(&world), 0);
    aws_free(a);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_reading_call_walks_all_pages),
        WEIGHED(pages_have_a_bound),
        WEIGHED(a_reply_that_broke_off_leaves_nothing_behind),
        WEIGHED(a_page_is_handed_over_when_it_was_read_and_kept_no_longer),
        WEIGHED(a_page_that_broke_off_is_read_again_and_no_other),
        WEIGHED(pages_that_end_in_a_failure_end_as_one),
        WEIGHED(who_looks_at_a_page_may_cancel_the_call),
    };

    return cmocka_run_group_tests_name("aws/pages", tests, NULL, NULL);
}

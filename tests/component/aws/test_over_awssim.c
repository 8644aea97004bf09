/*
 * The call engine and its services against the AWS simulator, in one process and in virtual time: what we
 * sign is what another verifier accepts, what we ask is what another parser understands.
 */
#include "aws/dynamodb.h"
#include "aws/ssm.h"
#include "aws/sts.h"
#include "awssim/core.h"
#include "base/mem.h"
#include "support/engine.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

#define WEB "i-0123456789abcdef0"
#define DB  "i-0123456789abcdef1"

static const char scenario[] =
    "{\"page_max\":5,\"empty_pages\":true,\"ssm\":{\"visible_after_ms\":20},"
    "\"defaults\":{\"start_ms\":1000,\"stop_ms\":1000,\"agent\":{\"latency_ms\":60}},"
    "\"roles\":[{\"arn\":\"arn:aws:iam::210987654321:role/Stop\",\"external_id\":\"x 1\"}],"
    "\"tables\":[{\"name\":\"Tiers\",\"hash\":\"SpecName\",\"range\":\"Tier\",\"page_items\":2,\"rows\":["
    "{\"SpecName\":\"a\",\"Tier\":\"1\"},{\"SpecName\":\"a\",\"Tier\":\"2\"},{\"SpecName\":\"a\",\"Tier\":"
    "\"3\"},"
    "{\"SpecName\":\"b\",\"Tier\":\"1\"}]}],"
    "\"fleets\":[{\"count\":12,\"prefix\":\"i-0aaaaaaa\",\"tags\":{\"Env\":\"MANY\"}}],"
    "\"instances\":[{\"id\":\"" WEB "\",\"tags\":{\"Env\":\"ENV1\",\"Role\":\"Web\"},\"agent\":{}},"
    "{\"id\":\"" DB "\",\"tags\":{\"Env\":\"ENV1\",\"Role\":\"DB\"},\"agent\":{}},"
    "{\"id\":\"i-0123456789abcdef2\",\"account\":\"210987654321\",\"tags\":{\"Env\":\"ENV1\"}},"
    "{\"id\":\"i-0123456789abcdef3\",\"tags\":{\"Env\":\"ENV*\"}}]}";

static struct fake_world world;
static struct awssim *sim;
static struct aws *aws;
static int64_t ahead_ms; /* AWS's clock, before ours */

static void answer_one(struct fake_asked *q)
{
    struct http_header asked[16];
    struct http_header told[AWSSIM_HEADERS_MAX];
    struct awssim_reply reply = {0};
    struct str rest = str_of(q->headers);
    size_t n = 0;

    while (rest.n) {
        struct str line;
        (void)str_cut(rest, '\n', &line, &rest);
        (void)str_cut(line, ':', &asked[n].name, &asked[n].value);
        asked[n].value = str_trim(asked[n].value);
        n++;
    }
    const struct awssim_request r = {.now = {world.now.boot_ms, world.now.wall_ms + ahead_ms},
                                     .method = str_of(q->method),
                                     .target = STR("/"),
                                     .headers = asked,
                                     .header_count = n,
                                     .body = str_of(q->body)};
    awssim_request(sim, &r, &reply);
    for (size_t i = 0; i < reply.header_count; i++)
        told[i] = (struct http_header){str_of(reply.headers[i].name), str_of(reply.headers[i].value)};
    const struct http_reply out = {.status = reply.status,
                                   .headers = told,
                                   .header_count = reply.header_count,
                                   .body = buf_view(&reply.body),
                                   .sent = true};
    uint64_t id = q->id;
    q->id = 0;
    q->done(q->self, id, &out);
    awssim_reply_release(&reply);
}

/* Until the call has completed; a second of virtual time passes between turns. */
static void finish(const size_t *count, size_t expected)
{
    enum { TURNS_MAX = 400 };

    for (int i = 0; i < TURNS_MAX && *count < expected; i++) {
        (void)aws_turn(aws, world.now.boot_ms);
        for (size_t k = 0; k < world.asked_count; k++)
            if (world.asked[k].id)
                answer_one(&world.asked[k]);
        fake_pass(&world, 50);
    }
    assert_int_equal(*count, expected);
}

static void begin(int64_t ahead)
{
    const struct awssim_config config = {.scenario = str_of(scenario), .seed = 1};
    struct err e = {0};

    fake_world_init(&world);
    ahead_ms = ahead;
    fake_env(&world, "AWS_ACCESS_KEY_ID", "AKIASIMULATED0000001");
    fake_env(&world, "AWS_SECRET_ACCESS_KEY", "simulated");
    sim = awssim_new(&config, (struct instant){world.now.boot_ms, world.now.wall_ms + ahead}, &e);
    if (!sim)
        fail_msg("%s", e.msg);
    const struct aws_options o = {"ec2sched-worker/0.1.0", "us-east-1", NULL};
    aws = aws_new(&world.ports, &o, &e);
    assert_non_null(aws);
}

static void end(void)
{
    aws_free(aws);
    awssim_free(sim);
    fake_world_release(&world);
}

static struct ec2_instances list(const struct aws_where *w, const char *environment)
{
    struct ec2_filters f = {0};
    struct seen s = {0};

    ec2_filter_tag(&f, "Env", str_of(environment));
    (void)ec2_describe_instances(aws, w, &f, seen_instances, &s);
    ec2_filters_release(&f);
    finish(&s.count, 1);
    if (s.r.err.kind != ERR_NONE)
        fail_msg("%s", s.r.err.msg);
    return s.instances;
}

static void instances_are_listed_over_all_pages_by_their_exact_tag(void **state)
{
    (void)state;
    begin(0);
    struct ec2_instances many = list(&engine_home, "MANY");
    struct ec2_instances star = list(&engine_home, "ENV*");
    assert_int_equal(many.n, 12);
    assert_int_equal(star.n, 1);
    assert_string_equal(ec2_tag_value(&star.at[0], "Env"), "ENV*");
    assert_int_equal(star.at[0].state, EC2_RUNNING);
    ec2_instances_release(&many);
    ec2_instances_release(&star);
    end();
}

static void a_stop_is_accepted_and_seen_and_one_bad_id_is_named(void **state)
{
    STRS_CLEANUP struct strs ids = {0};
    struct seen s = {0};

    (void)state;
    begin(0);
    struct ec2_instances before = list(&engine_home, "ENV1");
    assert_int_equal(before.n, 2);
    strs_add(&ids, str_of(before.at[0].id));
    (void)ec2_stop_instances(aws, &engine_home, &ids, NULL, &world.now, seen_changes, &s);
    finish(&s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    assert_int_equal(s.changes, 1);
    fake_pass(&world, 30000);
    struct ec2_instances after = list(&engine_home, "ENV1");
    assert_int_equal(ec2_instances_find(&after, WEB)->state, EC2_STOPPED);
    assert_true(ec2_instances_find(&after, WEB)->transition_ms > 0);
    strs_add(&ids, STR("i-0fffffffffffffff0"));
    (void)ec2_stop_instances(aws, &engine_home, &ids, NULL, &world.now, seen_changes, &s);
    finish(&s.count, 2);
    assert_int_equal(s.r.err.kind, ERR_NOT_FOUND);
    assert_int_equal(s.named, 1);
    assert_string_equal(s.first_named, "i-0fffffffffffffff0");
    ec2_instances_release(&before);
    ec2_instances_release(&after);
    end();
}

static void a_clock_an_hour_off_is_measured_and_no_change_is_refused_for_it(void **state)
{
    STRS_CLEANUP struct strs ids = {0};
    struct seen s = {0};

    (void)state;
    begin(3600000);
    struct ec2_instances l = list(&engine_home, "ENV1"); /* refused once, corrected, answered */
    strs_add(&ids, str_of(l.at[0].id));
    (void)ec2_stop_instances(aws, &engine_home, &ids, NULL, &world.now, seen_changes, &s);
    finish(&s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    assert_int_equal(world.warnings, 1);
    ec2_instances_release(&l);
    end();
}

static void another_account_is_seen_by_its_role_alone(void **state)
{
    const struct aws_where theirs = {.role_arn = "arn:aws:iam::210987654321:role/Stop", .external_id = "x 1"};
    const struct aws_where wrong = {.role_arn = "arn:aws:iam::210987654321:role/Stop", .external_id = "y"};
    struct ec2_filters none = {0};
    struct seen s = {0};

    (void)state;
    begin(0);
    struct ec2_instances l = list(&theirs, "ENV1");
    assert_int_equal(l.n, 1);
    assert_string_equal(l.at[0].id, "i-0123456789abcdef2");
    (void)ec2_describe_instances(aws, &wrong, &none, seen_instances, &s);
    finish(&s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    ec2_instances_release(&l);
    end();
}

static void on_items(void *self, uint64_t id, struct aws_result *r)
{
    seen_done(self, id, r);
    if (r->err.kind == ERR_NONE)
        ((struct seen *)self)->changes = json_count(((const struct dynamodb_items *)r->reply)->items);
}

static void a_table_is_queried_over_its_pages(void **state)
{
    struct seen s = {0};

    (void)state;
    begin(0);
    (void)dynamodb_query(aws, &engine_home, "Tiers", "SpecName", STR("a"), on_items, &s);
    finish(&s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    assert_int_equal(s.changes, 3);
    (void)dynamodb_scan(aws, &engine_home, "Tiers", on_items, &s);
    finish(&s.count, 2);
    assert_int_equal(s.changes, 4);
    (void)dynamodb_scan(aws, &engine_home, "Nowhere", on_items, &s);
    finish(&s.count, 3);
    assert_int_equal(s.r.err.kind, ERR_NOT_FOUND);
    end();
}

static void on_sent(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    seen_done(self, id, r);
    if (r->err.kind == ERR_NONE)
        (void)snprintf(s->first_named, sizeof s->first_named, "%.31s",
                       ((const struct ssm_sent *)r->reply)->command_id);
}

static void on_nodes(void *self, uint64_t id, struct aws_result *r)
{
    seen_done(self, id, r);
    if (r->err.kind == ERR_NONE)
        ((struct seen *)self)->changes = ((const struct ssm_nodes *)r->reply)->n;
}

static void guests_are_listed_and_a_command_is_sent(void **state)
{
    STRS_CLEANUP struct strs ids = {0};
    STRS_CLEANUP struct strs lines = {0};
    const struct ssm_command c = {&ids, "AWS-RunShellScript", &lines, "nonce", 30, 15, NULL, NULL};
    struct seen s = {0};

    (void)state;
    begin(0);
    strs_add(&ids, STR(WEB));
    strs_add(&ids, STR(DB));
    strs_add(&lines, STR("exit 0"));
    (void)ssm_describe_nodes(aws, &engine_home, &ids, on_nodes, &s);
    finish(&s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    assert_int_equal(s.changes, 2);
    (void)ssm_send_command(aws, &engine_home, &c, &world.now, on_sent, &s);
    finish(&s.count, 2);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    assert_true(strlen(s.first_named) > 8);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(instances_are_listed_over_all_pages_by_their_exact_tag),
        WEIGHED(a_stop_is_accepted_and_seen_and_one_bad_id_is_named),
        WEIGHED(a_clock_an_hour_off_is_measured_and_no_change_is_refused_for_it),
        WEIGHED(another_account_is_seen_by_its_role_alone),
        WEIGHED(a_table_is_queried_over_its_pages),
        WEIGHED(guests_are_listed_and_a_command_is_sent),
    };

    return cmocka_run_group_tests_name("aws over awssim", tests, NULL, NULL);
}

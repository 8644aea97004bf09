#include "aws/call.h"

#include "aws/dynamodb.h"
#include "aws/ec2.h"
#include "aws/skew.h"
#include "aws/ssm.h"
#include "aws/sts.h"
#include "base/mem.h"
#include "support/fake_world.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

#define EC2_NONE  "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"
#define STOPPED   "<StopInstancesResponse><instancesSet><item><instanceId>i-1</instanceId><currentState><code>64</code>" \
                  "</currentState><previousState><code>16</code></previousState></item></instancesSet></StopInstancesResponse>"
#define EC2_ERROR(code, message)                                                                                                 \
    "<Response><Errors><Error><Code>" code "</Code><Message>" message "</Message></Error></Errors><RequestID>r-9</RequestID></Response>"
#define PAGE(id, token)                                                                                                          \
    "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>" id "</instanceId><instanceState><code>"  \
    "16</code></instanceState></item></instancesSet></item></reservationSet>" token "</DescribeInstancesResponse>"
#define ROLE "arn:aws:iam::210987654321:role/Stop"
#define ASSUMED                                                                                                                  \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>rs</SecretAccessKey>" \
    "<SessionToken>role-token</SessionToken><Expiration>2026-05-01T11:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>"    \
    "arn:aws:sts::210987654321:assumed-role/Stop/ec2sched</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"

struct seen {
    size_t count;
    uint64_t id;
    struct aws_result r; /* without `named` and `reply` */
    size_t named;
    char first_named[32];
    struct ec2_instances instances;
    size_t changes;
};

static void on_done(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    s->count++;
    s->id = id;
    s->r = *r;
    s->named = r->named.n;
    if (r->named.n)
        (void)snprintf(s->first_named, sizeof s->first_named, "%s", r->named.at[0]);
}

static void on_instances(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    on_done(self, id, r);
    if (r->err.kind == ERR_NONE)
        ec2_instances_take(r, &s->instances);
}

static void on_changes(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    on_done(self, id, r);
    if (r->err.kind == ERR_NONE)
        s->changes = ((const struct ec2_changes *)r->reply)->n;
}

static struct aws *engine(struct fake_world *f, const struct pacer *pacer)
{
    const struct aws_options o = {"ec2sched-worker/0.1.0", "eu-west-1", pacer};
    struct err e = {0};
    struct aws *a = NULL;

    if (!f->env_count) {
        fake_env(f, "AWS_ACCESS_KEY_ID", "AKIDHOME");
        fake_env(f, "AWS_SECRET_ACCESS_KEY", "secret");
    }
    a = aws_new(&f->ports, &o, &e);
    if (!a)
        fail_msg("%s", e.msg);
    return a;
}

static const struct aws_where home = {.run = "r 1", .job = "s1-t1-b1", .att = "2"};

static void describe(struct aws *a, struct seen *s)
{
    struct ec2_filters f = {0};

    ec2_filter(&f, "instance-state-name", STR("running"));
    s->id = ec2_describe_instances(a, &home, &f, on_instances, s);
    ec2_filters_release(&f);
}

static void stop(struct aws *a, struct fake_world *f, struct seen *s)
{
    STRS_CLEANUP struct strs ids = {0};

    strs_add(&ids, STR("i-1"));
    s->id = ec2_stop_instances(a, &home, &ids, NULL, &f->now, on_changes, s);
}

/* Makes the offset known. */
static void warm(struct aws *a, struct fake_world *f, int64_t ahead_ms)
{
    struct seen s = {0};
    const struct fake_answer answer = {.status = 200, .body = EC2_NONE, .ahead_ms = ahead_ms};

    describe(a, &s);
    (void)aws_turn(a, f->now.boot_ms);
    fake_answer(f, &answer);
    (void)aws_turn(a, f->now.boot_ms);
    assert_int_equal(s.count, 1);
    ec2_instances_release(&s.instances);
}

static void turn(struct aws *a, struct fake_world *f)
{
    (void)aws_turn(a, f->now.boot_ms);
}

static struct fake_world world; /* large; each test begins it anew */

static void a_call_completes_from_the_turn_alone(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    describe(a, &s);
    assert_int_equal(world.asked_count, 0);
    turn(a, &world);
    assert_int_equal(world.asked_count, 1);
    fake_reply(&world, 200, EC2_NONE);
    assert_int_equal(s.count, 0);
    turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    assert_int_equal(aws_in_hand(a), 0);
    ec2_instances_release(&s.instances);
    aws_free(a);
    fake_world_release(&world);
}

static void a_request_is_what_ec2_wants_and_says_for_whom(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    describe(a, &s);
    turn(a, &world);
    const struct fake_asked *q = fake_last(&world);
    assert_string_equal(q->url, "https://ec2.eu-west-1.amazonaws.com/");
    assert_string_equal(q->body, "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000&Filter.1.Name=instance-state-name"
                                 "&Filter.1.Value.1=running");
    assert_string_equal(fake_header(q, "host"), "ec2.eu-west-1.amazonaws.com");
    assert_string_equal(fake_header(q, "user-agent"), "ec2sched-worker/0.1.0 r%201/s1-t1-b1/2");
    assert_string_equal(fake_header(q, "x-amz-date"), "20260501T100000Z");
    assert_non_null(strstr(fake_header(q, "authorization"), "Credential=AKIDHOME/20260501/eu-west-1/ec2/aws4_request"));
    aws_free(a);
    assert_true(q->cancelled);
    assert_int_equal(s.count, 0);
    fake_world_release(&world);
}

static void a_reading_call_walks_all_pages(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    describe(a, &s);
    turn(a, &world);
    fake_reply(&world, 200, PAGE("i-3", "<nextToken>a+b</nextToken>"));
    turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "&NextToken=a%2Bb"));
    fake_reply(&world, 200, "<DescribeInstancesResponse><reservationSet/><nextToken>c</nextToken></DescribeInstancesResponse>");
    turn(a, &world);
    fake_reply(&world, 200, PAGE("i-1", ""));
    turn(a, &world);
    assert_int_equal(s.instances.n, 2);
    assert_string_equal(s.instances.at[0].id, "i-1");
    ec2_instances_release(&s.instances);

    describe(a, &s);
    turn(a, &world);
    fake_reply(&world, 200, PAGE("i-3", "<nextToken>x</nextToken>"));
    turn(a, &world);
    fake_reply(&world, 200, PAGE("i-3", "<nextToken>x</nextToken>"));
    turn(a, &world);
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
    struct aws *a = engine(&world, NULL);

    describe(a, &s);
    for (int i = 0; i < AWS_PAGES_MAX; i++) {
        assert_int_equal(s.count, 0);
        turn(a, &world);
        (void)snprintf(page, sizeof page, PAGE("i-3", "<nextToken>%d</nextToken>"), i);
        fake_reply(&world, 200, page);
    }
    turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.r.err.code, AWS_TOO_LARGE);
    aws_free(a);
    fake_world_release(&world);
}

static void a_reading_call_is_tried_again_within_its_bound(void **state)
{
    static const char *const bodies[] = {EC2_ERROR("RequestLimitExceeded", "slow"), "<html>502</html>",
                                         "<DescribeInstancesResponse><reservationSet>"};
    static const int statuses[] = {503, 502, 200};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct seen s = {0};
        fake_world_init(&world);
        struct aws *a = engine(&world, NULL);
        describe(a, &s);
        for (int j = 0; j < AWS_ATTEMPTS; j++) {
            turn(a, &world);
            assert_int_equal(fake_open(&world), 1);
            fake_reply(&world, statuses[i], bodies[i]);
            int64_t next = aws_turn(a, world.now.boot_ms);
            if (j + 1 == AWS_ATTEMPTS)
                break;
            assert_int_equal(s.count, 0);
            assert_true(next <= world.now.boot_ms + AWS_BACKOFF_MAX_MS);
            fake_pass(&world, next - world.now.boot_ms);
        }
        assert_int_equal(s.count, 1);
        assert_int_equal(s.r.attempts, AWS_ATTEMPTS);
        assert_true(err_is_retriable(&s.r.err));
        assert_false(s.r.unanswered);
        aws_free(a);
        fake_world_release(&world);
    }
}

static void a_reply_that_broke_off_leaves_nothing_behind(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    describe(a, &s);
    turn(a, &world);
    fake_reply(&world, 200, PAGE("i-8", "<nextToken>t</nextToken>"));
    turn(a, &world);
    fake_reply(&world, 200, "<DescribeInstancesResponse>");
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    turn(a, &world);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    turn(a, &world);
    assert_null(strstr(fake_last(&world)->body, "NextToken")); /* from the first page again */
    fake_reply(&world, 200, PAGE("i-9", ""));
    turn(a, &world);
    assert_int_equal(s.instances.n, 1);
    assert_string_equal(s.instances.at[0].id, "i-9");
    ec2_instances_release(&s.instances);
    aws_free(a);
    fake_world_release(&world);
}

static void what_is_refused_for_good_is_not_tried_again(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    describe(a, &s);
    turn(a, &world);
    fake_reply(&world, 403, EC2_ERROR("UnauthorizedOperation", "no"));
    turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    assert_string_equal(s.r.err.code, "UnauthorizedOperation");
    assert_string_equal(s.r.request_id, "r-9");
    assert_int_equal(world.asked_count, 1);
    aws_free(a);
    fake_world_release(&world);
}

static void no_changing_call_leaves_before_awss_clock_is_known(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    stop(a, &world, &s);
    turn(a, &world);
    assert_int_equal(world.asked_count, 0);
    assert_string_equal(s.r.err.code, AWS_CLOCK);
    assert_true(err_is_retriable(&s.r.err));
    assert_false(s.r.sent);
    warm(a, &world, 0);
    stop(a, &world, &s);
    turn(a, &world);
    assert_int_equal(fake_open(&world), 1);
    assert_int_equal(aws_unsettled(a), 1);
    fake_reply(&world, 200, STOPPED);
    turn(a, &world);
    assert_int_equal(s.changes, 1);
    assert_int_equal(aws_unsettled(a), 0);

    world.now.wall_ms += SKEW_JUMP_MAX_MS + 1; /* somebody set the clock */
    stop(a, &world, &s);
    turn(a, &world);
    assert_int_equal(fake_open(&world), 0);
    assert_string_equal(s.r.err.code, AWS_CLOCK);
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_is_signed_with_the_moment_of_its_check_and_the_offset(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    warm(a, &world, 120000);
    assert_int_equal(world.warnings, 1);
    warm(a, &world, 120000);
    assert_int_equal(world.warnings, 1); /* once, not with every reply */
    stop(a, &world, &s);
    fake_pass(&world, 3000);
    turn(a, &world);
    assert_string_equal(fake_header(fake_last(&world), "x-amz-date"), "20260501T100200Z");
    assert_int_equal(fake_last(&world)->timeout_ms, AWS_CHANGE_MS);
    aws_cancel(a, s.id);

    warm(a, &world, 3000); /* within what a Date header's resolution and a slow reply make */
    stop(a, &world, &s);
    turn(a, &world);
    assert_string_equal(fake_header(fake_last(&world), "x-amz-date"), "20260501T100003Z");
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_with_an_old_check_is_not_sent(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    warm(a, &world, 0);
    stop(a, &world, &s);
    fake_pass(&world, AWS_CHECK_MAX_MS + 1);
    turn(a, &world);
    assert_int_equal(fake_open(&world), 0);
    assert_string_equal(s.r.err.code, AWS_STALE);
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_is_never_sent_twice(void **state)
{
    static const struct {
        int status; /* 0: no reply, -1: none, and nothing was sent */
        const char *body;
        enum err_kind kind;
        bool unanswered;
    } rows[] = {
        {503, EC2_ERROR("RequestLimitExceeded", "slow"), ERR_THROTTLED, false},
        {500, EC2_ERROR("InternalError", "oops"), ERR_UNAVAILABLE, false},
        {504, "<html>gateway</html>", ERR_UNAVAILABLE, true},
        {200, "<StopInstancesResponse><inst", ERR_UNAVAILABLE, true},
        {200, "", ERR_UNAVAILABLE, true},
        {0, NULL, ERR_UNAVAILABLE, true},
        {-1, NULL, ERR_UNAVAILABLE, false},
        {400, EC2_ERROR("IncorrectInstanceState", "The instance 'i-0123456789abcdef0' is not in a state"), ERR_CONFLICT, false},
        {500, EC2_ERROR("InsufficientInstanceCapacity", "none"), ERR_CONFLICT, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {0};
        fake_world_init(&world);
        struct aws *a = engine(&world, NULL);
        warm(a, &world, 0);
        stop(a, &world, &s);
        turn(a, &world);
        if (rows[i].status > 0)
            fake_reply(&world, rows[i].status, rows[i].body);
        else
            fake_break(&world, rows[i].status == 0);
        turn(a, &world);
        fake_pass(&world, 60000);
        turn(a, &world);
        assert_int_equal(s.count, 1);
        assert_int_equal(world.asked_count, 2);
        assert_int_equal(s.r.err.kind, rows[i].kind);
        assert_int_equal(s.r.unanswered, rows[i].unanswered);
        assert_int_equal(s.r.attempts, 1);
        assert_int_equal(aws_unsettled(a), 0);
        aws_free(a);
        fake_world_release(&world);
    }
}

static void the_instances_that_an_error_names_are_told(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    warm(a, &world, 0);
    stop(a, &world, &s);
    turn(a, &world);
    fake_reply(&world, 400, EC2_ERROR("InvalidInstanceID.NotFound", "The instance IDs 'i-0123456789abcdef0, i-12345678' do not exist"));
    turn(a, &world);
    assert_int_equal(s.r.err.kind, ERR_NOT_FOUND);
    assert_int_equal(s.named, 2);
    assert_string_equal(s.first_named, "i-0123456789abcdef0");
    aws_free(a);
    fake_world_release(&world);
}

struct gate {
    int64_t wait_ms;
    size_t asked, throttled;
    struct pace last;
    char account[32], api[64];
};

static int64_t gate_ask(void *self, const struct pace *p)
{
    struct gate *g = self;

    g->asked++;
    g->last = *p;
    (void)snprintf(g->account, sizeof g->account, "%s", p->account);
    (void)snprintf(g->api, sizeof g->api, "%s", p->api);
    return g->wait_ms;
}

static void gate_throttled(void *self, const struct pace *p)
{
    (void)p;
    ((struct gate *)self)->throttled++;
}

static void the_pacer_is_asked_before_each_attempt(void **state)
{
    struct seen s = {0};
    struct gate g = {0};
    const struct pacer pacer = {gate_ask, gate_throttled, &g};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, &pacer);

    warm(a, &world, 0);
    assert_int_equal(g.asked, 1);
    g.wait_ms = 700;
    describe(a, &s);
    assert_int_equal(aws_turn(a, world.now.boot_ms), world.now.boot_ms + 700); /* a read waits inside */
    assert_int_equal(fake_open(&world), 0);
    g.wait_ms = 0;
    fake_pass(&world, 700);
    turn(a, &world);
    assert_int_equal(fake_open(&world), 1);
    fake_reply(&world, 503, EC2_ERROR("RequestLimitExceeded", "slow"));
    turn(a, &world);
    assert_int_equal(g.throttled, 1);
    aws_cancel(a, s.id);

    g.wait_ms = 1500;
    stop(a, &world, &s);
    turn(a, &world);
    assert_int_equal(s.count, 1); /* a change goes back to its lease */
    assert_string_equal(s.r.err.code, AWS_PACED);
    assert_int_equal(s.r.retry_after_ms, 1500);
    assert_string_equal(g.api, "StopInstances");
    assert_int_equal(g.last.resources, 1);
    assert_string_equal(g.account, "home");
    aws_free(a);
    fake_world_release(&world);
}

static void a_clock_that_was_off_is_corrected_and_asked_with_again(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);
    const struct fake_answer skewed = {.status = 403, .body = EC2_ERROR("AuthFailure", "no"), .ahead_ms = 3600000};

    describe(a, &s);
    turn(a, &world);
    fake_answer(&world, &skewed);
    turn(a, &world);
    assert_int_equal(world.asked_count, 2);
    assert_string_equal(fake_header(fake_last(&world), "x-amz-date"), "20260501T110000Z");
    fake_answer(&world, &skewed); /* now it is no skew any more */
    turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);

    describe(a, &s);
    turn(a, &world);
    fake_answer(&world, &skewed);
    turn(a, &world);
    assert_int_equal(s.count, 2); /* a genuine refusal */
    aws_free(a);
    fake_world_release(&world);
}

static void a_role_is_assumed_once_for_all_who_wait(void **state)
{
    struct seen one = {0}, two = {0};
    const struct aws_where where = {.region = "us-west-2", .role_arn = ROLE, .external_id = "x 1"};
    struct gate g = {0};
    const struct pacer pacer = {gate_ask, gate_throttled, &g};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, &pacer);
    struct ec2_filters none = {0};

    ec2_describe_instances(a, &where, &none, on_instances, &one);
    ec2_describe_instances(a, &where, &none, on_instances, &two);
    turn(a, &world);
    assert_int_equal(world.asked_count, 1);
    assert_string_equal(fake_last(&world)->body, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321"
                                                 "%3Arole%2FStop&RoleSessionName=ec2sched&DurationSeconds=3600&ExternalId=x%201");
    fake_reply(&world, 200, ASSUMED);
    turn(a, &world);
    assert_int_equal(world.asked_count, 3);
    for (size_t i = 1; i < 3; i++) {
        assert_string_equal(world.asked[i].url, "https://ec2.us-west-2.amazonaws.com/");
        assert_non_null(strstr(fake_header(&world.asked[i], "authorization"), "Credential=ASIAROLE/"));
        assert_string_equal(fake_header(&world.asked[i], "x-amz-security-token"), "role-token");
    }
    assert_string_equal(g.account, "210987654321");
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_without_credentials_goes_back_and_fetches_them(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    STRS_CLEANUP struct strs ids = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    strs_add(&ids, STR("i-1"));
    warm(a, &world, 0);
    ec2_stop_instances(a, &where, &ids, NULL, &world.now, on_changes, &s);
    turn(a, &world);
    assert_string_equal(s.r.err.code, AWS_CREDENTIALS);
    assert_true(err_is_retriable(&s.r.err));
    assert_true(s.r.retry_after_ms > 0);
    assert_non_null(strstr(fake_last(&world)->body, "AssumeRole"));
    fake_reply(&world, 200, ASSUMED);
    turn(a, &world);
    ec2_stop_instances(a, &where, &ids, NULL, &world.now, on_changes, &s);
    turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "StopInstances"));
    aws_free(a);
    fake_world_release(&world);
}

static void a_role_that_may_not_be_assumed_fails_those_who_wait(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    struct ec2_filters none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    ec2_describe_instances(a, &where, &none, on_instances, &s);
    turn(a, &world);
    fake_reply(&world, 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>");
    turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    assert_string_equal(s.r.err.code, "AccessDenied");
    assert_non_null(strstr(s.r.err.msg, ROLE));
    ec2_describe_instances(a, &where, &none, on_instances, &s);
    turn(a, &world);
    assert_int_equal(world.asked_count, 1); /* the cool-down */
    assert_int_equal(s.count, 2);

    const struct aws_where broken = {.role_arn = "Stop"};
    ec2_describe_instances(a, &broken, &none, on_instances, &s);
    turn(a, &world);
    assert_int_equal(s.r.err.kind, ERR_CONFIG); /* never home's credentials instead */
    aws_free(a);
    fake_world_release(&world);
}

static void credentials_that_aws_calls_expired_are_fetched_once_again(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    struct ec2_filters none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    ec2_describe_instances(a, &where, &none, on_instances, &s);
    turn(a, &world);
    fake_reply(&world, 200, ASSUMED);
    turn(a, &world);
    fake_reply(&world, 400, EC2_ERROR("ExpiredToken", "old"));
    turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "AssumeRole"));
    fake_reply(&world, 200, ASSUMED);
    turn(a, &world);
    fake_reply(&world, 400, EC2_ERROR("ExpiredToken", "old"));
    turn(a, &world);
    assert_int_equal(world.asked_count, 4); /* not for ever */
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    aws_free(a);
    fake_world_release(&world);
}

static void credentials_are_renewed_before_they_end(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    struct ec2_filters none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    ec2_describe_instances(a, &where, &none, on_instances, &s);
    turn(a, &world);
    fake_reply(&world, 200, ASSUMED);
    turn(a, &world);
    fake_reply(&world, 200, EC2_NONE);
    turn(a, &world);
    fake_pass(&world, 56 * 60 * 1000);
    ec2_describe_instances(a, &where, &none, on_instances, &s);
    turn(a, &world);
    turn(a, &world);
    assert_int_equal(fake_open(&world), 2); /* the call goes out with the old ones, while new ones are fetched */
    assert_non_null(strstr(world.asked[2].body, "DescribeInstances"));
    assert_non_null(strstr(world.asked[3].body, "AssumeRole"));
    aws_free(a);
    fake_world_release(&world);
}

static void an_empty_batch_is_refused_not_sent_to_all(void **state)
{
    struct seen s = {0};
    struct strs none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    warm(a, &world, 0);
    ec2_stop_instances(a, &home, &none, NULL, &world.now, on_changes, &s);
    ec2_describe_status(a, &home, &none, on_done, &s);
    turn(a, &world);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.r.err.kind, ERR_INVALID);
    assert_int_equal(fake_open(&world), 0);
    aws_free(a);
    fake_world_release(&world);
}

static void a_cancelled_call_says_nothing_more(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    describe(a, &s);
    turn(a, &world);
    aws_cancel(a, s.id);
    assert_true(fake_last(&world)->cancelled);
    aws_cancel(a, s.id);
    aws_cancel(a, 12345);
    turn(a, &world);
    assert_int_equal(s.count, 0);
    assert_int_equal(aws_in_hand(a), 0);
    aws_free(a);
    fake_world_release(&world);
}

static void a_reply_with_another_checksum_is_asked_for_again(void **state)
{
    struct seen s = {0};
    const struct fake_answer wrong = {200, "{\"Items\":[]}", 0, "x-amz-crc32", "1", NULL};
    const struct fake_answer right = {200, "{\"Items\":[]}", 0, "x-amz-crc32", "2770214093", NULL};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    dynamodb_scan(a, &home, "T", on_done, &s);
    turn(a, &world);
    fake_answer(&world, &wrong);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    turn(a, &world);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    turn(a, &world);
    assert_int_equal(world.asked_count, 2);
    fake_answer(&world, &right);
    turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    aws_free(a);
    fake_world_release(&world);
}

static void an_outage_empties_the_budget_of_retries(void **state)
{
    struct seen s = {0};
    size_t calls = 0;
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine(&world, NULL);

    for (; calls < 60; calls++) {
        describe(a, &s);
        for (int j = 0; j < AWS_ATTEMPTS; j++) {
            turn(a, &world);
            if (!fake_open(&world))
                break;
            fake_reply(&world, 500, "");
            turn(a, &world);
            fake_pass(&world, AWS_BACKOFF_MAX_MS);
        }
    }
    assert_int_equal(s.count, calls);
    assert_int_equal(world.asked_count, calls + 35); /* 500 / 14 */
    aws_free(a);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_call_completes_from_the_turn_alone),
        WEIGHED(a_request_is_what_ec2_wants_and_says_for_whom),
        WEIGHED(a_reading_call_walks_all_pages),
        WEIGHED(pages_have_a_bound),
        WEIGHED(a_reading_call_is_tried_again_within_its_bound),
        WEIGHED(a_reply_that_broke_off_leaves_nothing_behind),
        WEIGHED(what_is_refused_for_good_is_not_tried_again),
        WEIGHED(no_changing_call_leaves_before_awss_clock_is_known),
        WEIGHED(a_changing_call_is_signed_with_the_moment_of_its_check_and_the_offset),
        WEIGHED(a_changing_call_with_an_old_check_is_not_sent),
        WEIGHED(a_changing_call_is_never_sent_twice),
        WEIGHED(the_instances_that_an_error_names_are_told),
        WEIGHED(the_pacer_is_asked_before_each_attempt),
        WEIGHED(a_clock_that_was_off_is_corrected_and_asked_with_again),
        WEIGHED(a_role_is_assumed_once_for_all_who_wait),
        WEIGHED(a_changing_call_without_credentials_goes_back_and_fetches_them),
        WEIGHED(a_role_that_may_not_be_assumed_fails_those_who_wait),
        WEIGHED(credentials_that_aws_calls_expired_are_fetched_once_again),
        WEIGHED(credentials_are_renewed_before_they_end),
        WEIGHED(an_empty_batch_is_refused_not_sent_to_all),
        WEIGHED(a_cancelled_call_says_nothing_more),
        WEIGHED(a_reply_with_another_checksum_is_asked_for_again),
        WEIGHED(an_outage_empties_the_budget_of_retries),
    };

    return cmocka_run_group_tests_name("aws/call", tests, NULL, NULL);
}

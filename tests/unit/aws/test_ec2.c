#include "aws/ec2.h"

#include "aws/ec2_decode.h"
#include "base/mem.h"
#include "codec/xml.h"
#include "support/fake_world.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

typedef bool decoder(const struct aws_body *body, void *reply, struct err *e);

static bool decode(decoder *d, const char *text, void *reply)
{
    struct err e = {0};
    XML_CLEANUP struct xml *x = xml_parse(str_of(text), 1 << 20, &e);
    const struct aws_body b = {.xml = x};

    assert_non_null(x);
    return d(&b, reply, &e);
}

static void an_instance_is_read_whole(void **state)
{
    struct ec2_instances l = {0};

    (void)state;
    assert_true(decode(
        ec2_decode_instances,
        "<DescribeInstancesResponse "
        "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>"
        "<reservationSet><item><reservationId>r-1</reservationId><instancesSet><item><instanceId>i-0aa</"
        "instanceId>"
        "<instanceState><code>272</code><name>running</name></instanceState><reason>User initiated "
        "(2026-05-01 "
        "09:00:00 "
        "GMT)</reason><instanceType>m5.large</instanceType><launchTime>2026-05-01T08:00:00.000Z</launchTime>"
        "<placement><availabilityZone>eu-west-1a</availabilityZone><tenancy>default</tenancy></placement>"
        "<platform>windows</platform><vpcId>vpc-1</vpcId><rootDeviceType>ebs</"
        "rootDeviceType><stateReason><code>"
        "Client.UserInitiatedShutdown</code><message>m</message></stateReason><instanceLifecycle>spot"
        "</instanceLifecycle><spotInstanceRequestId>sir-1</spotInstanceRequestId><tagSet><item><key>Role</"
        "key>"
        "<value>a &lt; "
        "b</value></item><item><key>role</key><value/></item></tagSet><hibernationOptions><configured>"
        "true</configured></hibernationOptions><operator><managed>true</managed></operator></item></"
        "instancesSet>"
        "</item></reservationSet></DescribeInstancesResponse>",
        &l));
    assert_int_equal(l.n, 1);
    const struct ec2_instance *i = ec2_instances_find(&l, "i-0aa");
    assert_int_equal(i->state, EC2_RUNNING); /* 272 & 0xff */
    assert_string_equal(i->type, "m5.large");
    assert_string_equal(i->az, "eu-west-1a");
    assert_string_equal(i->vpc, "vpc-1");
    assert_string_equal(i->lifecycle, "spot");
    assert_string_equal(i->spot_request, "sir-1");
    assert_string_equal(i->root_device, "ebs");
    assert_string_equal(i->platform, "windows");
    assert_string_equal(i->reason_code, "Client.UserInitiatedShutdown");
    assert_true(i->transition_ms == 1777626000000);
    assert_true(i->launch_ms == 1777622400000);
    assert_true(i->hibernation && i->managed);
    assert_string_equal(ec2_tag_value(i, "Role"), "a < b");
    assert_string_equal(ec2_tag_value(i, "role"), "");
    assert_null(ec2_tag_value(i, "ROLE"));
    ec2_instances_release(&l);
}

#define ITEM(id, code)                                                                                       \
    "<item><instancesSet><item><instanceId>" id "</instanceId><instanceState>" code                          \
    "</instanceState></item></instancesSet></item>"
#define REPLY(items)                                                                                         \
    "<DescribeInstancesResponse><reservationSet>" items "</reservationSet></DescribeInstancesResponse>"

static void half_an_instance_is_no_answer(void **state)
{
    static const char *const broken[] = {
        REPLY(ITEM("i-1", "<code>16</code>") ITEM("", "<code>16</code>")),
        REPLY(ITEM("i-1", "<name>running</name>")),
        REPLY(ITEM("i-1", "<code>x</code>")),
        REPLY(ITEM("i-1", "<code>-16</code>")),
        REPLY(ITEM("i-1", "<code>99999999999999999999</code>")),
        "<DescribeInstancesResponse/>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct ec2_instances l = {0};
        assert_false(decode(ec2_decode_instances, broken[i], &l));
        assert_int_equal(l.n, 0);
    }
}

static void what_is_left_out_is_empty_and_not_a_guess(void **state)
{
    struct ec2_instances l = {0};

    (void)state;
    assert_true(decode(ec2_decode_instances, REPLY(ITEM("i-1", "<code>80</code>")), &l));
    assert_string_equal(l.at[0].lifecycle, "");
    assert_string_equal(l.at[0].reason_code, "");
    assert_true(l.at[0].launch_ms == 0 && l.at[0].transition_ms == 0);
    assert_false(l.at[0].hibernation);
    assert_int_equal(l.at[0].tag_count, 0);
    assert_null(ec2_instances_find(&l, "i-2"));
    ec2_instances_release(&l);
}

static void pages_merge_sorted_and_the_later_word_counts(void **state)
{
    struct ec2_instances l = {0};

    (void)state;
    assert_true(decode(ec2_decode_instances,
                       REPLY(ITEM("i-5", "<code>16</code>") ITEM("i-1", "<code>16</code>")), &l));
    assert_true(decode(
        ec2_decode_instances,
        REPLY(ITEM("i-9", "<code>0</code>") ITEM("i-5", "<code>64</code>") ITEM("i-0", "<code>0</code>")),
        &l));
    assert_true(decode(ec2_decode_instances, REPLY(""), &l));
    assert_int_equal(l.n, 4);
    for (size_t i = 1; i < l.n; i++)
        assert_true(strcmp(l.at[i - 1].id, l.at[i].id) < 0);
    assert_int_equal(ec2_instances_find(&l, "i-5")->state, EC2_STOPPING);
    ec2_instances_release(&l);
}

static void a_thousand_instances_a_page_are_found_again(void **state)
{
    struct ec2_instances l = {0};
    struct buf text = BUF_INIT(1 << 20);
    char id[32];

    (void)state;
    buf_adds(&text, "<DescribeInstancesResponse><reservationSet>");
    for (unsigned i = 0; i < EC2_PAGE; i++)
        buf_addf(&text, ITEM("i-%08x", "<code>16</code>"), i * 2654435761U);
    buf_adds(&text, "</reservationSet></DescribeInstancesResponse>");
    assert_false(text.over);
    assert_true(decode(ec2_decode_instances, buf_cstr(&text), &l));
    assert_int_equal(l.n, EC2_PAGE);
    for (unsigned i = 0; i < EC2_PAGE; i++) {
        (void)snprintf(id, sizeof id, "i-%08x", i * 2654435761U);
        assert_non_null(ec2_instances_find(&l, id));
    }
    ec2_instances_release(&l);
    buf_release(&text);
}

static void the_other_replies_are_read(void **state)
{
    struct ec2_changes c = {0};
    struct ec2_statuses s = {0};
    struct ec2_spot_requests r = {0};

    (void)state;
    assert_true(decode(
        ec2_decode_changes,
        "<StopInstancesResponse><instancesSet><item><instanceId>i-1</instanceId><currentState><code>64</code>"
        "</currentState><previousState><code>16</code></previousState></item></instancesSet></"
        "StopInstancesResponse>",
        &c));
    assert_int_equal(c.at[0].current, EC2_STOPPING);
    assert_int_equal(c.at[0].previous, EC2_RUNNING);
    ec2_changes_release(&c);
    assert_false(decode(ec2_decode_changes,
                        "<R><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></R>", &c));

    assert_true(
        decode(ec2_decode_statuses,
               "<R><instanceStatusSet><item><instanceId>i-1</instanceId><instanceState><code>16</code></"
               "instanceState>"
               "<systemStatus><status>ok</status></systemStatus><instanceStatus><status>initializing</status>"
               "</instanceStatus></item><item><instanceId>i-2</instanceId><instanceState><code>16</code></"
               "instanceState>"
               "<systemStatus><status>ok</status></systemStatus><instanceStatus><status>ok</status></"
               "instanceStatus></item>"
               "</instanceStatusSet></R>",
               &s));
    assert_false(ec2_status_ok(&s, "i-1"));
    assert_true(ec2_status_ok(&s, "i-2"));
    assert_false(ec2_status_ok(&s, "i-3"));
    ec2_statuses_release(&s);

    assert_true(decode(
        ec2_decode_spot_requests,
        "<R><spotInstanceRequestSet><item><spotInstanceRequestId>sir-1</"
        "spotInstanceRequestId><type>one-time</type>"
        "<state>active</state><status><code>fulfilled</code></status><instanceId>i-1</instanceId></item>"
        "</spotInstanceRequestSet></R>",
        &r));
    assert_string_equal(r.at[0].type, "one-time");
    assert_string_equal(r.at[0].status, "fulfilled");
    ec2_spot_requests_release(&r);
    assert_true(decode(ec2_decode_return, "<R><return>true</return></R>", NULL));
    assert_false(decode(ec2_decode_return, "<R><return>false</return></R>", NULL));
}

static struct fake_world world;
static const struct aws_where here = {0};

static void on_done(void *self, uint64_t id, struct aws_result *r)
{
    (void)id;
    *(struct err *)self = r->err;
}

static struct aws *engine(void)
{
    const struct aws_options o = {"test/1", "eu-west-1", NULL};
    struct err e = {0};

    fake_world_init(&world);
    fake_env(&world, "AWS_ACCESS_KEY_ID", "A");
    fake_env(&world, "AWS_SECRET_ACCESS_KEY", "s");
    struct aws *a = aws_new(&world.ports, &o, &e);
    assert_non_null(a);
    return a;
}

static void filter_values_are_literal(void **state)
{
    struct ec2_filters f = {0};
    struct err e = {0};

    (void)state;
    struct aws *a = engine();
    ec2_filter_tag(&f, "Environment", STR("ENV*?\\"));
    ec2_filter(&f, "instance-state-name", STR("pending"));
    ec2_filter(&f, "instance-state-name", STR("running"));
    (void)ec2_describe_instances(a, &here, &f, on_done, &e);
    (void)aws_turn(a, world.now.boot_ms);
    assert_string_equal(
        fake_last(&world)->body,
        "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000&Filter.1.Name=tag%3AEnvironment"
        "&Filter.1.Value.1=ENV%5C%2A%5C%3F%5C%5C&Filter.2.Name=instance-state-name&Filter.2.Value.1=pending"
        "&Filter.2.Value.2=running");
    ec2_filters_release(&f);
    aws_free(a);
    fake_world_release(&world);
}

static void what_ec2_would_not_take_is_not_sent(void **state)
{
    struct ec2_filters f = {0};
    STRS_CLEANUP struct strs ids = {0};
    struct err e = {0};

    (void)state;
    struct aws *a = engine();
    for (int i = 0; i <= EC2_VALUES_MAX; i++)
        ec2_filter(&f, "instance-id", STR("i-1"));
    (void)ec2_describe_instances(a, &here, &f, on_done, &e);
    (void)aws_turn(a, world.now.boot_ms);
    assert_string_equal(e.code, AWS_TOO_LARGE);
    for (int i = 0; i <= EC2_IDS_MAX; i++)
        strs_add(&ids, STR("i-1"));
    e = (struct err){0};
    (void)ec2_start_instances(a, &here, &ids, &world.now, on_done, &e);
    (void)aws_turn(a, world.now.boot_ms);
    assert_string_equal(e.code, AWS_TOO_LARGE);
    e = (struct err){0};
    (void)ec2_describe_status(a, &here, &ids, on_done, &e);
    (void)aws_turn(a, world.now.boot_ms);
    assert_string_equal(e.code, AWS_TOO_LARGE);
    assert_int_equal(world.asked_count, 0);
    ec2_filters_release(&f);
    aws_free(a);
    fake_world_release(&world);
}

static void changes_are_spelled_as_ec2_wants_them(void **state)
{
    STRS_CLEANUP struct strs ids = {0};
    const struct ec2_stop how = {.force = true, .hibernate = true};
    struct err e = {0};
    static const char *const bodies[] = {
        "Action=StartInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2",
        "Action=StopInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2&Hibernate=true&Force=true",
        "Action=ModifyInstanceAttribute&Version=2016-11-15&InstanceId=i-1&InstanceType.Value=m5.large",
    };
    const char *status = "Action=DescribeInstanceStatus&Version=2016-11-15&IncludeAllInstances=true"
                         "&InstanceId.1=i-1&InstanceId.2=i-2";

    (void)state;
    struct aws *a = engine();
    strs_add(&ids, STR("i-1"));
    strs_add(&ids, STR("i-2"));
    (void)ec2_describe_status(a, &here, &ids, on_done, &e);
    (void)aws_turn(a, world.now.boot_ms);
    assert_string_equal(fake_last(&world)->body, status);
    fake_reply(&world, 200,
               "<DescribeInstanceStatusResponse><instanceStatusSet/></DescribeInstanceStatusResponse>");
    (void)aws_turn(a, world.now.boot_ms);
    (void)ec2_start_instances(a, &here, &ids, &world.now, on_done, &e);
    (void)ec2_stop_instances(a, &here, &ids, &how, &world.now, on_done, &e);
    (void)ec2_modify_type(a, &here, "i-1", "m5.large", &world.now, on_done, &e);
    (void)aws_turn(a, world.now.boot_ms);
    assert_int_equal(world.asked_count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(world.asked[i + 1].body, bodies[i]);
    aws_free(a);
    fake_world_release(&world);
}

static void a_dry_run_says_so_in_the_request_and_may_be_asked_again(void **state)
{
    STRS_CLEANUP struct strs ids = {0};
    struct err e = {0};
    static const char *const bodies[EC2_ACTIONS] = {
        [EC2_DESCRIBE_INSTANCES] = "Action=DescribeInstances&Version=2016-11-15&DryRun=true",
        [EC2_DESCRIBE_STATUS] = "Action=DescribeInstanceStatus&Version=2016-11-15&DryRun=true",
        [EC2_DESCRIBE_SPOT] = "Action=DescribeSpotInstanceRequests&Version=2016-11-15&DryRun=true",
        [EC2_START] =
            "Action=StartInstances&Version=2016-11-15&DryRun=true&InstanceId.1=i-1&InstanceId.2=i-2",
        [EC2_STOP] = "Action=StopInstances&Version=2016-11-15&DryRun=true&InstanceId.1=i-1&InstanceId.2=i-2",
    };

    (void)state;
    struct aws *a = engine();
    strs_add(&ids, STR("i-1"));
    strs_add(&ids, STR("i-2"));
    for (int what = 0; what < EC2_ACTIONS; what++) {
        (void)ec2_dry_run(a, &here, (enum ec2_action)what, &ids, on_done, &e);
        (void)aws_turn(a, world.now.boot_ms);
        assert_string_equal(fake_last(&world)->body, bodies[what]);
        assert_int_equal(aws_unsettled(a), 0); /* it changes nothing: a drain need not wait for it */
    }
    (void)ec2_dry_run(a, &here, EC2_STOP, NULL, on_done, &e); /* none would not be a question about any */
    (void)aws_turn(a, world.now.boot_ms);
    assert_string_equal(e.code, AWS_TOO_LARGE);
    assert_int_equal(world.asked_count, EC2_ACTIONS);
    aws_free(a);
    fake_world_release(&world);
}

static void on_dry_run(void *self, uint64_t id, struct aws_result *r)
{
    (void)id;
    *(enum ec2_right *)self = ec2_dry_run_answer(r);
}

#define REFUSED(code) "<Response><Errors><Error><Code>" code "</Code></Error></Errors></Response>"

static void only_the_two_words_of_a_dry_run_decide_about_a_permission(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum ec2_right right;
    } answers[] = {
        {412, REFUSED("DryRunOperation"), EC2_RIGHT_ALLOWED},
        {400, REFUSED("DryRunOperation"), EC2_RIGHT_ALLOWED}, /* the code decides, not the status */
        {403, REFUSED("UnauthorizedOperation"), EC2_RIGHT_MISSING},
        {400, REFUSED("InvalidInstanceID.NotFound"), EC2_RIGHT_UNKNOWN},
        {412, "", EC2_RIGHT_UNKNOWN},
        {403, "<html>a proxy</html>", EC2_RIGHT_UNKNOWN},
        {200, "<DescribeInstancesResponse/>", EC2_RIGHT_UNKNOWN},
    };

    (void)state;
    struct aws *a = engine();
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        enum ec2_right right = (enum ec2_right)99;
        (void)ec2_dry_run(a, &here, EC2_DESCRIBE_INSTANCES, NULL, on_dry_run, &right);
        (void)aws_turn(a, world.now.boot_ms);
        fake_reply(&world, answers[i].status, answers[i].body);
        (void)aws_turn(a, world.now.boot_ms);
        assert_int_equal(right, answers[i].right);
    }
    aws_free(a);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(an_instance_is_read_whole),
        WEIGHED(half_an_instance_is_no_answer),
        WEIGHED(what_is_left_out_is_empty_and_not_a_guess),
        WEIGHED(pages_merge_sorted_and_the_later_word_counts),
        WEIGHED(a_thousand_instances_a_page_are_found_again),
        WEIGHED(the_other_replies_are_read),
        WEIGHED(filter_values_are_literal),
        WEIGHED(what_ec2_would_not_take_is_not_sent),
        WEIGHED(changes_are_spelled_as_ec2_wants_them),
        WEIGHED(a_dry_run_says_so_in_the_request_and_may_be_asked_again),
        WEIGHED(only_the_two_words_of_a_dry_run_decide_about_a_permission),
    };

    return cmocka_run_group_tests_name("aws/ec2", tests, NULL, NULL);
}

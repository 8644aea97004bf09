#include "aws/pacing.h"
#include "support/weigh.h"

#include <stdio.h>

static int64_t ask(const struct pacing *s, const char *account, const char *region, const char *api, size_t n)
{
    const struct pacer *p = pacing_pacer(s);
    const struct pace q = {.account = account,
                           .region = region,
                           .service = "ec2",
                           .api = api,
                           .workload = "",
                           .who = "w",
                           .changes = true,
                           .resources = n,
                           .now_ms = 1000};

    return p->ask(p->self, &q);
}

static void each_account_region_and_api_has_a_bucket_of_its_own(void **state)
{
    struct pacing *s = pacing_new(&(struct pacing_options){.time_scale = 1});

    (void)state;
    assert_int_equal(ask(s, "1", "eu-west-1", "StartInstances", 1000), 0);
    assert_true(ask(s, "1", "eu-west-1", "StartInstances", 1000) > 0);
    assert_int_equal(ask(s, "2", "eu-west-1", "StartInstances", 1000), 0);
    assert_int_equal(ask(s, "1", "eu-west-2", "StartInstances", 1000), 0);
    assert_int_equal(ask(s, "1", "eu-west-1", "StopInstances", 1000), 0);
    pacing_free(s);
}

static void the_published_numbers_are_those_of_each_api(void **state)
{
    static const struct {
        const char *service, *api;
        bool changes;
        int burst;
    } rows[] = {{"ec2", "StartInstances", true, 5},       {"ec2", "StopInstances", true, 50},
                {"ec2", "DescribeInstances", false, 100}, {"ec2", "ModifyInstanceAttribute", true, 50},
                {"ssm", "SendCommand", true, 10000},      {"ssm", "ListCommandInvocations", false, 10000},
                {"dynamodb", "Query", false, 10000}};
    struct pacing *s = pacing_new(&(struct pacing_options){.time_scale = 1});
    const struct pacer *p = pacing_pacer(s);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct pace q = {.account = "1",
                               .region = "r",
                               .service = rows[i].service,
                               .api = rows[i].api,
                               .workload = "",
                               .who = "w",
                               .changes = rows[i].changes,
                               .now_ms = 5};
        int n = 0;
        while (n < 10000 && p->ask(p->self, &q) == 0)
            n++;
        assert_int_equal(n, rows[i].burst);
    }
    pacing_free(s);
}

static void who_may_learn_only_begins_without_a_limit(void **state)
{
    struct pacing *s = pacing_new(&(struct pacing_options){.time_scale = 1, .learn = true});
    const struct pacer *p = pacing_pacer(s);
    const struct pace q = {.account = "1",
                           .region = "r",
                           .service = "ec2",
                           .api = "StartInstances",
                           .workload = "",
                           .who = "w",
                           .changes = true,
                           .resources = 200,
                           .now_ms = 1000};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(p->ask(p->self, &q), 0);
    p->throttled(p->self, &q);
    assert_int_equal(p->ask(p->self, &q), 200 * 1000 / 2);
    pacing_free(s);
}

static void the_number_of_buckets_is_bounded(void **state)
{
    struct pacing *s = pacing_new(&(struct pacing_options){.time_scale = 1});
    char account[16];

    (void)state;
    for (int i = 0; i < PACING_BUCKETS_MAX + 10; i++) {
        (void)snprintf(account, sizeof account, "%d", i);
        assert_int_equal(ask(s, account, "r", "StartInstances", 1000), 0);
    }
    assert_int_equal(ask(s, "0", "r", "StartInstances", 1000), 0); /* forgotten: it begins anew */
    assert_true(ask(s, account, "r", "StartInstances", 1000) > 0);
    pacing_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(each_account_region_and_api_has_a_bucket_of_its_own),
        WEIGHED(the_published_numbers_are_those_of_each_api),
        WEIGHED(who_may_learn_only_begins_without_a_limit),
        WEIGHED(the_number_of_buckets_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

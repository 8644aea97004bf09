#include "awssim/core.h"
#include "awssim/signature.h"
#include "support/weigh.h"

#include "base/moment.h"

#include <stdio.h>
#include <string.h>

struct seen {
    size_t calls, stopped;
    int64_t last_ms;
};

static void note(void *self, const struct awssim_event *event)
{
    struct seen *s = self;

    s->calls += event->kind == AWSSIM_CALL;
    s->stopped += event->kind == AWSSIM_STATE && strcmp(event->to, "stopped") == 0;
    assert_true(event->at.boot_ms >= s->last_ms); /* effects are told in the order of their moments */
    s->last_ms = event->at.boot_ms;
}

/* One EC2 call, signed with the default credential at `now`. */
static void ask(struct awssim *sim, struct instant now, const char *body, struct awssim_reply *reply)
{
    BUF_CLEANUP struct buf canonical = BUF_INIT(65536);
    BUF_CLEANUP struct buf authorization = BUF_INIT(1024);
    unsigned char key[SIGNATURE_KEY_BYTES];
    char date[MOMENT_MAX], digest[65];

    moment_amz(now.wall_ms, date);
    const struct signature s = {.date = str_n(date, 8),
                                .region = STR("us-east-1"),
                                .service = STR("ec2"),
                                .signed_headers = STR("host;x-amz-date")};
    struct http_header headers[] = {{STR("Host"), STR("ec2.us-east-1.amazonaws.com")},
                                    {STR("X-Amz-Date"), str_of(date)},
                                    {STR("Authorization"), STR("")}};
    const struct awssim_request request = {.now = now,
                                           .method = STR("POST"),
                                           .target = STR("/"),
                                           .headers = headers,
                                           .header_count = 3,
                                           .body = str_of(body)};
    signature_key(STR("simulated"), &s, key);
    signature_canonical(&s, &request, &canonical);
    signature_digest(&s, buf_view(&canonical), str_of(date), key, digest);
    buf_addf(&authorization,
             "AWS4-HMAC-SHA256 Credential=AKIASIMULATED0000001/%.8s/us-east-1/ec2/aws4_request, "
             "SignedHeaders=host;x-amz-date, Signature=%s",
             date, digest);
    headers[2].value = buf_view(&authorization);
    awssim_request(sim, &request, reply);
}

static struct awssim *fleet(uint64_t seed)
{
    struct err e = {0};
    const struct awssim_config config = {
        .scenario = STR(
            "{\"latency_ms\":[1,50],\"fleets\":[{\"prefix\":\"i-0a\",\"count\":10000,\"stop_ms\":30000}]}"),
        .seed = seed};
    struct awssim *sim = awssim_new(&config, (struct instant){1000, 1700000000000}, &e);

    assert_non_null(sim);
    return sim;
}

static void ten_thousand_instances_stop_in_virtual_time(void **state)
{
    struct awssim *sim = fleet(1);
    struct seen seen = {0};
    struct instant now = {1000, 1700000000000};

    (void)state;
    awssim_listen(sim, note, &seen);
    for (int batch = 0; batch < 200; batch++) {
        BUF_CLEANUP struct buf body = BUF_INIT(65536);
        struct awssim_reply reply;
        buf_adds(&body, "Action=StopInstances&Version=2016-11-15");
        for (int i = 0; i < 50; i++)
            buf_addf(&body, "&InstanceId.%d=i-0a%015x", i + 1, (unsigned)(batch * 50 + i));
        now.boot_ms += 100;
        now.wall_ms += 100;
        ask(sim, now, buf_cstr(&body), &reply);
        assert_int_equal(reply.status, 200);
        assert_true(reply.delay_ms >= 1 && reply.delay_ms <= 50);
        awssim_reply_release(&reply);
    }
    while (awssim_next(sim) != INT64_MAX) {
        int64_t step = awssim_next(sim) - now.boot_ms;
        now.boot_ms += step;
        now.wall_ms += step;
        awssim_advance(sim, now);
    }
    assert_int_equal(seen.calls, 200);
    assert_int_equal(seen.stopped, 10000);
    assert_int_equal(now.boot_ms, 1000 + 200 * 100 + 30000);
    awssim_free(sim);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    struct buf text[3];

    (void)state;
    for (int run = 0; run < 3; run++) {
        struct awssim *sim = fleet(run == 2 ? 8 : 7);
        int64_t seq = 0;
        text[run] = (struct buf)BUF_INIT(1 << 20);
        for (int i = 1; i <= 5; i++) {
            struct awssim_reply reply;
            ask(sim, (struct instant){i * INT64_C(1000), 1700000000000 + i * INT64_C(1000)},
                "Action=StopInstances&Version=2016-11-15&InstanceId.1=i-0a000000000000001", &reply);
            buf_addf(&text[run], "%d %s\n", (int)reply.delay_ms, buf_cstr(&reply.body));
            awssim_reply_release(&reply);
        }
        awssim_print_log(sim, &seq, &text[run]);
        awssim_free(sim);
    }
    assert_string_equal(buf_cstr(&text[0]), buf_cstr(&text[1]));
    assert_string_not_equal(buf_cstr(&text[0]), buf_cstr(&text[2]));
    for (int run = 0; run < 3; run++)
        buf_release(&text[run]);
}

/* A call with a digest of zeroes, to this host: what the refusal says. */
static void refused_with(const char *host, const char *code, const char *words)
{
    struct awssim *sim = fleet(1);
    struct awssim_reply reply;
    const struct http_header headers[] = {
        {STR("Host"), str_of(host)},
        {STR("X-Amz-Date"), STR("20231114T221320Z")},
        {STR("Authorization"),
         STR("AWS4-HMAC-SHA256 Credential=AKIASIMULATED0000001/20231114/us-east-1/ec2/aws4_request, "
             "SignedHeaders=host;x-amz-date, Signature="
             "0000000000000000000000000000000000000000000000000000000000000000")}};

    awssim_request(sim,
                   &(struct awssim_request){.now = {1000, 1700000000000},
                                            .method = STR("POST"),
                                            .target = STR("/"),
                                            .headers = headers,
                                            .header_count = 3,
                                            .body = STR("Action=DescribeInstances&Version=2016-11-15")},
                   &reply);
    assert_int_equal(reply.status, 401);
    assert_non_null(strstr(buf_cstr(&reply.body), code));
    assert_non_null(strstr(buf_cstr(&reply.body), words));
    awssim_reply_release(&reply);
    awssim_free(sim);
}

static void a_host_that_names_a_region_must_be_the_signatures(void **state)
{
    (void)state;
    refused_with("ec2.eu-west-1.amazonaws.com", "AuthFailure", "(region)");
}

static void a_digest_that_is_not_the_requests_is_refused(void **state)
{
    (void)state;
    refused_with("ec2.us-east-1.amazonaws.com", "AuthFailure",
                 "The Canonical String for this request should have been");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(ten_thousand_instances_stop_in_virtual_time),
        WEIGHED(the_same_seed_gives_the_same_bytes),
        WEIGHED(a_digest_that_is_not_the_requests_is_refused),
        WEIGHED(a_host_that_names_a_region_must_be_the_signatures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * fuzz_ec2 - EC2's replies from anybody: every decoder, twice into one reply (two pages), never more than it
 * says it holds.
 */
#include "aws/ec2_decode.h"
#include "aws/errors.h"
#include "codec/xml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void instances(const struct aws_body *b)
{
    struct ec2_instances l = {0};
    struct err e = {0};

    for (int page = 0; page < 2; page++)
        (void)!ec2_decode_instances(b, &l, &e);
    for (size_t i = 0; i < l.n; i++) {
        BUG_IF(i && strcmp(l.at[i - 1].id, l.at[i].id) >= 0);
        BUG_IF(l.at[i].state < 0 || l.at[i].state > 255);
        BUG_IF(ec2_instances_find(&l, l.at[i].id) != &l.at[i]);
    }
    ec2_instances_release(&l);
}

enum { TEXT_MAX = 1024 * 1024 };

/* Read one by one they are the same as of a tree. */
static void one_by_one(struct str text, const struct aws_body *b)
{
    struct ec2_instances l = {0}, whole = {0};
    const struct xml_list list = {"reservationSet", ec2_decode_reservation, &l};
    struct err e = {0};
    XML_CLEANUP struct xml *x = xml_parse_list(text, TEXT_MAX, NULL, &list, &e);
    const struct aws_body left = {.xml = x};
    bool ok = x && ec2_decode_instances(&left, &l, &e);

    BUG_IF(ok && (!ec2_decode_instances(b, &whole, &e) || l.n != whole.n));
    for (size_t i = 0; ok && i < l.n; i++)
        BUG_IF(strcmp(l.at[i].id, whole.at[i].id) != 0);
    ec2_instances_release(&l);
    ec2_instances_release(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct str text = {(const char *)data, n};
    const struct http_reply reply = {.status = 400, .body = text};
    struct ec2_changes c = {0};
    struct ec2_statuses s = {0};
    struct ec2_spot_requests r = {0};
    STRS_CLEANUP struct strs ids = {0};
    struct aws_error a;
    struct err e = {0};
    XML_CLEANUP struct xml *x = xml_parse(text, TEXT_MAX, &e);
    const struct aws_body b = {.xml = x};

    aws_error_read(AWS_EC2_QUERY, &reply, &a);
    aws_error_ids(text, &ids);
    if (!x)
        return 0;
    instances(&b);
    one_by_one(text, &b);
    (void)!ec2_decode_changes(&b, &c, &e);
    (void)!ec2_decode_statuses(&b, &s, &e);
    (void)!ec2_decode_spot_requests(&b, &r, &e);
    ec2_changes_release(&c);
    ec2_statuses_release(&s);
    ec2_spot_requests_release(&r);
    return 0;
}

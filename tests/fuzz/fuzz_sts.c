/*
 * fuzz_sts - STS's replies from anybody: every decoder, twice into one reply. Credentials are whole, with an
 * end, or there are none.
 */
#include "aws/errors.h"
#include "aws/sts_decode.h"
#include "base/mem.h"
#include "codec/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void decode(struct str text)
{
    enum { TEXT_MAX = 1024 * 1024 };
    const struct http_reply reply = {.status = 403, .body = text};
    struct sts_identity who = {0};
    struct sts_assumed role = {0};
    struct aws_error refused;
    struct err e = {0};
    XML_CLEANUP struct xml *x = xml_parse(text, TEXT_MAX, &e);
    const struct aws_body b = {.xml = x};

    aws_error_read(AWS_QUERY, &reply, &refused);
    if (!x)
        return;
    for (int page = 0; page < 2; page++) {
        BUG_IF(sts_decode_identity(&b, &who, &e) && !who.account[0]);
        bool ok = sts_decode_assumed(&b, &role, &e);
        BUG_IF(ok && (!credentials_ok(&role.credentials) || !role.credentials.token[0]));
        ok = sts_decode_web_identity(&b, &role, &e);
        BUG_IF(ok && (!credentials_ok(&role.credentials) || !role.credentials.token[0]));
    }
    sts_identity_release(&who);
    sts_assumed_release(&role);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mem_account account = {0};

    (void)mem_account_set(&account);
    decode(str_n((const char *)data, n));
    BUG_IF(account.bytes || account.blocks);
    return 0;
}

/*
 * protocol_sigv4 - our signer as a program, for test_sigv4.py to hold against botocore's.
 *
 * Reads requests as lines of twelve words, each the lower-case hex of its bytes or '-' for none: s3 (0 or 1),
 * method, path, query, headers (NAME:VALUE lines), body, region, service, access key, secret, token,
 * wall-clock milliseconds. Answers a line each: the Authorization header, as it is. Each is also verified
 * with our verifier, and with one byte of the secret changed, which must fail.
 */
#include "aws/sigv4.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 12, LINE_MAX_BYTES = 4 * 1024 * 1024, HEADERS_MAX = 40 };

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c - 'a' + 10;
}

static void read_word(struct str hex, struct buf *out)
{
    for (size_t i = 0; i + 1 < hex.n; i += 2)
        buf_addc(out, (char)(nibble(hex.p[i]) * 16 + nibble(hex.p[i + 1])));
}

static size_t read_headers(struct str text, struct http_header *out)
{
    size_t n = 0;

    while (text.n) {
        struct str line;
        (void)str_cut(text, '\n', &line, &text);
        BUG_IF(n == HEADERS_MAX);
        BUG_IF(!str_cut(line, ':', &out[n].name, &out[n].value));
        n++;
    }
    return n;
}

static void verify(const struct sigv4_request *r, const struct http_header *plain,
                   const struct sigv4_signed *s, const char *secret)
{
    struct http_header all[HEADERS_MAX + 3];
    struct sigv4_request received = *r;
    struct sigv4_claim claim = {0};
    struct err e = {0};
    int64_t at = 0;
    char *wrong = xstrdup(secret);

    for (size_t i = 0; i < r->header_count; i++)
        all[i] = plain[i];
    all[received.header_count++] = (struct http_header){STR("X-Amz-Date"), str_of(s->date)};
    all[received.header_count++] = (struct http_header){STR("Authorization"), buf_view(&s->authorization)};
    if (s->token.n)
        all[received.header_count++] = (struct http_header){STR("X-Amz-Security-Token"), buf_view(&s->token)};
    received.headers = all;
    BUG_IF(!sigv4_claim_read(buf_view(&s->authorization), &claim, &e));
    BUG_IF(!sigv4_verify(&received, &claim, secret, &at, &e));
    wrong[0] ^= 1;
    BUG_IF(sigv4_verify(&received, &claim, wrong, &at, &e) || strcmp(e.code, "SignatureDoesNotMatch") != 0);
    xfree(wrong);
}

static void answer(struct str line)
{
    struct buf w[WORDS];
    struct http_header headers[HEADERS_MAX];
    struct sigv4_signed s = {0};
    struct err e = {0};
    int64_t wall_ms = 0;

    for (size_t i = 0; i < WORDS; i++) {
        struct str word;
        (void)str_cut(line, ' ', &word, &line);
        w[i] = (struct buf)BUF_INIT(LINE_MAX_BYTES);
        if (!str_is(word, "-"))
            read_word(word, &w[i]);
    }
    BUG_IF(!str_to_i64(buf_view(&w[11]), &wall_ms));
    const struct sigv4_request r = {.method = buf_view(&w[1]),
                                    .path = buf_view(&w[2]),
                                    .query = buf_view(&w[3]),
                                    .headers = headers,
                                    .header_count = read_headers(buf_view(&w[4]), headers),
                                    .body = buf_view(&w[5]),
                                    .s3 = str_is(buf_view(&w[0]), "1")};
    const struct sigv4_key key = {buf_cstr(&w[8]), buf_cstr(&w[9]), buf_cstr(&w[10])};
    const struct sigv4_scope scope = {buf_cstr(&w[6]), buf_cstr(&w[7])};
    if (sigv4_sign(&r, &key, &scope, wall_ms, &s, &e)) {
        verify(&r, headers, &s, key.secret);
        (void)printf("%s\n", buf_cstr(&s.authorization));
    } else {
        (void)printf("error: %s\n", e.msg);
    }
    sigv4_signed_release(&s);
    for (size_t i = 0; i < WORDS; i++)
        buf_release(&w[i]);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    while ((n = getline(&line, &cap, stdin)) > 0)
        answer(str_trim(str_n(line, (size_t)n)));
    free(line);
    return EXIT_SUCCESS;
}

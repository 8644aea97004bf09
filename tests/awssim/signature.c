#include "awssim/signature.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "codec/form.h"

#include <stdlib.h>
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

static bool read_scope(struct str credential, struct signature *out)
{
    struct str rest;

    return str_cut(credential, '/', &out->access_key, &rest) && str_cut(rest, '/', &out->date, &rest) &&
           str_cut(rest, '/', &out->region, &rest) && str_cut(rest, '/', &out->service, &rest) &&
           str_is(rest, "aws4_request") && out->access_key.n && out->date.n == 8 && out->region.n &&
           out->service.n;
}

bool signature_read(struct str authorization, struct signature *out)
{
    struct str word, rest, part, name, value, credential = STR("");

    *out = (struct signature){0};
    if (!str_cut(authorization, ' ', &word, &rest) || !str_is(word, ALGORITHM))
        return false;
    while (rest.n) {
        (void)str_cut(rest, ',', &part, &rest);
        if (!str_cut(str_trim(part), '=', &name, &value))
            return false;
        if (str_is(name, "Credential"))
            credential = value;
        else if (str_is(name, "SignedHeaders"))
            out->signed_headers = value;
        else if (str_is(name, "Signature"))
            out->digest = value;
    }
    return read_scope(credential, out) && out->signed_headers.n && out->digest.n == CRYPTO_SHA256_HEX;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(struct str header, struct str lower_name)
{
    if (header.n != lower_name.n)
        return false;
    for (size_t i = 0; i < header.n; i++)
        if (lower(header.p[i]) != lower_name.p[i])
            return false;
    return true;
}

static bool is_signed(const struct signature *s, struct str header)
{
    struct str name, rest = s->signed_headers;

    while (rest.n) {
        (void)str_cut(rest, ';', &name, &rest);
        if (same_name(header, name))
            return true;
    }
    return false;
}

static bool is_there(const struct awssim_request *request, struct str lower_name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (same_name(request->headers[i].name, lower_name))
            return true;
    return false;
}

static bool starts_nocase(struct str s, const char *prefix)
{
    return s.n >= strlen(prefix) && str_is_nocase(str_n(s.p, strlen(prefix)), prefix);
}

bool signature_covers(const struct signature *s, const struct awssim_request *request)
{
    struct str name, before = STR(""), rest = s->signed_headers;

    while (rest.n) {
        (void)str_cut(rest, ';', &name, &rest);
        if (!is_there(request, name) || str_cmp(before, name) >= 0)
            return false;
        before = name;
    }
    for (size_t i = 0; i < request->header_count; i++) {
        struct str h = request->headers[i].name;
        if ((str_is_nocase(h, "host") || starts_nocase(h, "x-amz-")) && !is_signed(s, h))
            return false;
    }
    return is_signed(s, STR("host")) && is_there(request, STR("host"));
}

/* Removes "." and ".." and doubled slashes, then encodes what is left once more. */
static void add_path(struct str path, struct buf *out)
{
    STRS_CLEANUP struct strs kept = {0};
    struct str part, rest = path;
    bool folder =
        path.n == 0 || path.p[path.n - 1] == '/' || str_ends(path, STR("/.")) || str_ends(path, STR("/.."));

    while (rest.n) {
        (void)str_cut(rest, '/', &part, &rest);
        if (str_is(part, "..")) {
            if (kept.n)
                xfree(kept.at[--kept.n]);
        } else if (part.n && !str_is(part, "."))
            strs_add(&kept, part);
    }
    for (size_t i = 0; i < kept.n; i++) {
        buf_addc(out, '/');
        form_encode(str_of(kept.at[i]), out);
    }
    if (!kept.n || folder)
        buf_addc(out, '/');
}

struct pair {
    char *name, *value; /* encoded anew */
};

static int by_name_then_value(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c ? c : strcmp(x->value, y->value);
}

static char *encode_anew(struct str wire)
{
    BUF_CLEANUP struct buf plain = BUF_INIT(65536);
    struct buf out = BUF_INIT(262144);

    if (form_decode(wire, &plain))
        form_encode(buf_view(&plain), &out);
    return buf_take(&out);
}

static void add_query(struct str query, struct buf *out)
{
    enum { PAIRS_MAX = 256 };
    struct pair pairs[PAIRS_MAX];
    struct str part, name, value, rest = query;
    size_t n = 0;

    while (rest.n && n < PAIRS_MAX) {
        (void)str_cut(rest, '&', &part, &rest);
        if (!part.n)
            continue;
        (void)str_cut(part, '=', &name, &value);
        pairs[n++] = (struct pair){encode_anew(name), encode_anew(value)};
    }
    if (n > 1)
        qsort(pairs, n, sizeof *pairs, by_name_then_value);
    for (size_t i = 0; i < n; i++) {
        buf_adds(out, i ? "&" : "");
        buf_adds(out, pairs[i].name);
        buf_addc(out, '=');
        buf_adds(out, pairs[i].value);
        xfree(pairs[i].name);
        xfree(pairs[i].value);
    }
}

/* Trimmed, runs of blanks as one. */
static void add_value(struct str value, struct buf *out)
{
    bool gap = false;

    value = str_trim(value);
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            gap = true;
            continue;
        }
        if (gap)
            buf_addc(out, ' ');
        gap = false;
        buf_addc(out, c);
    }
}

static void add_headers(const struct signature *s, const struct awssim_request *request, struct buf *out)
{
    struct str name, rest = s->signed_headers;

    while (rest.n) {
        bool first = true;
        (void)str_cut(rest, ';', &name, &rest);
        buf_add(out, name);
        buf_addc(out, ':');
        for (size_t i = 0; i < request->header_count; i++) {
            if (!same_name(request->headers[i].name, name))
                continue;
            if (!first)
                buf_addc(out, ',');
            first = false;
            add_value(request->headers[i].value, out);
        }
        buf_addc(out, '\n');
    }
}

void signature_canonical(const struct signature *s, const struct awssim_request *request, struct buf *out)
{
    struct str path, query;
    char hash[CRYPTO_SHA256_HEX + 1];

    (void)str_cut(request->target, '?', &path, &query);
    buf_add(out, request->method);
    buf_addc(out, '\n');
    add_path(path, out);
    buf_addc(out, '\n');
    add_query(query, out);
    buf_addc(out, '\n');
    add_headers(s, request, out);
    buf_addc(out, '\n');
    buf_add(out, s->signed_headers);
    buf_addc(out, '\n');
    crypto_sha256_hex(request->body, hash);
    buf_adds(out, hash);
}

void signature_key(struct str secret, const struct signature *s, unsigned char out[SIGNATURE_KEY_BYTES])
{
    BUF_CLEANUP struct buf first = BUF_INIT(4096);
    unsigned char a[SIGNATURE_KEY_BYTES], b[SIGNATURE_KEY_BYTES];

    buf_adds(&first, "AWS4");
    buf_add(&first, secret);
    crypto_hmac_sha256(buf_view(&first), s->date, a);
    crypto_hmac_sha256(str_n((const char *)a, sizeof a), s->region, b);
    crypto_hmac_sha256(str_n((const char *)b, sizeof b), s->service, a);
    crypto_hmac_sha256(str_n((const char *)a, sizeof a), STR("aws4_request"), out);
}

void signature_digest(const struct signature *s, struct str canonical, struct str amz_date,
                      const unsigned char key[SIGNATURE_KEY_BYTES], char out[2 * SIGNATURE_KEY_BYTES + 1])
{
    BUF_CLEANUP struct buf text = BUF_INIT(4096);
    char hash[CRYPTO_SHA256_HEX + 1];
    unsigned char mac[SIGNATURE_KEY_BYTES];

    crypto_sha256_hex(canonical, hash);
    buf_addf(&text, ALGORITHM "\n" STR_FMT "\n" STR_FMT "/" STR_FMT "/" STR_FMT "/aws4_request\n%s",
             STR_ARG(amz_date), STR_ARG(s->date), STR_ARG(s->region), STR_ARG(s->service), hash);
    crypto_hmac_sha256(str_n((const char *)key, SIGNATURE_KEY_BYTES), buf_view(&text), mac);
    crypto_hex(mac, sizeof mac, out);
}

#include "aws/sigv4.h"

#include "base/crypto.h"
#include "codec/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

/* What is rewritten on the way, or is the signature itself. */
static const char *const never_signed[] = {
    "authorization", "connection",        "expect",  "keep-alive", "proxy-authorization", "te",
    "trailer",       "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",     NULL,
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool escape_at(struct str s, size_t i, char *out)
{
    int high = i + 2 < s.n && s.p[i] == '%' ? hex_value(s.p[i + 1]) : -1;
    int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;

    *out = (char)(high * 16 + low);
    return low >= 0;
}

/* Decodes first, so that %2f and %2F sign alike; '+' is itself, a broken escape is a percent sign. */
static void encode_once(struct str s, bool path, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool escaped = escape_at(s, i, &c);
        if (!escaped)
            c = s.p[i];
        if (path && !escaped)
            form_encode_path(str_n(&c, 1), out);
        else
            form_encode(str_n(&c, 1), out);
        i += escaped ? 2 : 0;
    }
}

/* Without '.', '..' and doubled slashes; begins with a slash, and ends with one if the path did. */
static void normalise_path(struct str path, struct buf *out)
{
    bool slash = path.n && path.p[path.n - 1] == '/';
    struct str part;

    while (path.n) {
        (void)str_cut(path, '/', &part, &path);
        if (str_is(part, "..")) {
            while (out->n && out->p[out->n - 1] != '/')
                out->n--;
            out->n -= out->n ? 1 : 0;
        } else if (part.n && !str_is(part, ".")) {
            buf_addc(out, '/');
            buf_add(out, part);
        }
    }
    if (!out->n || (slash && out->p[out->n - 1] != '/'))
        buf_addc(out, '/');
}

static void add_path(const struct sigv4_request *r, struct buf *out)
{
    BUF_CLEANUP struct buf path = BUF_INIT(SIGV4_CANONICAL_MAX);

    if (r->s3) {
        encode_once(r->path.n ? r->path : STR("/"), true, out);
        return;
    }
    normalise_path(r->path, &path);
    out->over |= path.over;
    form_encode_path(buf_view(&path), out);
}

struct pair {
    struct str name, value;
    size_t order;
};

static int by_name_value(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    int c = str_cmp(x->name, y->name);

    return c ? c : str_cmp(x->value, y->value);
}

static bool add_query(struct str query, struct buf *out, struct err *e)
{
    BUF_CLEANUP struct buf text = BUF_INIT(SIGV4_CANONICAL_MAX);
    size_t ends[2 * SIGV4_PARAMS_MAX];
    struct pair pairs[SIGV4_PARAMS_MAX];
    size_t n = 0;

    while (query.n) {
        struct str one, name, value;
        (void)str_cut(query, '&', &one, &query);
        if (!one.n)
            continue;
        if (n == SIGV4_PARAMS_MAX)
            return err_set(e, ERR_INVALID, "more than %d query parameters", SIGV4_PARAMS_MAX);
        (void)str_cut(one, '=', &name, &value);
        encode_once(name, false, &text);
        ends[2 * n] = text.n;
        encode_once(value, false, &text);
        ends[2 * n++ + 1] = text.n;
    }
    for (size_t i = 0, at = 0; i < n; i++) {
        const char *base = buf_cstr(&text);
        pairs[i].name = str_n(base + at, ends[2 * i] - at);
        pairs[i].value = str_n(base + ends[2 * i], ends[2 * i + 1] - ends[2 * i]);
        at = ends[2 * i + 1];
    }
    if (n)
        qsort(pairs, n, sizeof *pairs, by_name_value);
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s" STR_FMT "=" STR_FMT, i ? "&" : "", STR_ARG(pairs[i].name),
                 STR_ARG(pairs[i].value));
    return buf_ok(&text, "query", e);
}

static bool may_sign(struct str name)
{
    for (size_t i = 0; never_signed[i]; i++)
        if (str_is_nocase(name, never_signed[i]))
            return false;
    return !(name.n > 14 && str_is_nocase(str_n(name.p, 14), "sec-websocket-"));
}

static int name_cmp(struct str a, struct str b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return (unsigned char)lower(a.p[i]) < (unsigned char)lower(b.p[i]) ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

static bool listed(struct str names, struct str name)
{
    struct str one;

    while (names.n) {
        (void)str_cut(names, ';', &one, &names);
        if (one.n && name_cmp(one, name) == 0)
            return true;
    }
    return false;
}

static int by_header(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    int c = name_cmp(x->name, y->name);

    return c ? c : (x->order > y->order) - (x->order < y->order);
}

/* Trimmed, and each inner run of blanks one space. */
static void add_value(struct str value, struct buf *out)
{
    bool blank = false;

    value = str_trim(value);
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        bool now = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (now && !blank)
            buf_addc(out, ' ');
        if (!now)
            buf_addc(out, c);
        blank = now;
    }
}

static bool all_present(struct str only, const struct pair *pairs, size_t n, struct err *e)
{
    struct str one;

    while (only.n) {
        bool found = false;
        (void)str_cut(only, ';', &one, &only);
        for (size_t i = 0; i < n && !found; i++)
            found = name_cmp(pairs[i].name, one) == 0;
        if (!found)
            return err_set(e, ERR_INVALID, "signed header '" STR_FMT "' is not there", STR_ARG(one));
    }
    return true;
}

/* Those that are to be signed, sorted; those of one name in the order of their arrival. */
static bool choose_headers(const struct sigv4_request *r, struct str only, struct pair *out, size_t *count,
                           struct err *e)
{
    size_t n = 0;

    for (size_t i = 0; i < r->header_count; i++) {
        struct str name = r->headers[i].name;
        if (only.n ? !listed(only, name) : !may_sign(name))
            continue;
        if (n == SIGV4_HEADERS_MAX)
            return err_set(e, ERR_INVALID, "more than %d headers to sign", SIGV4_HEADERS_MAX);
        out[n++] = (struct pair){name, r->headers[i].value, i};
    }
    if (!all_present(only, out, n, e))
        return false;
    if (n)
        qsort(out, n, sizeof *out, by_header);
    *count = n;
    return true;
}

static void add_lower(struct str name, struct buf *out)
{
    for (size_t i = 0; i < name.n; i++)
        buf_addc(out, lower(name.p[i]));
}

static bool add_headers(const struct sigv4_request *r, struct str only, struct buf *out, struct buf *names,
                        struct err *e)
{
    struct pair pairs[SIGV4_HEADERS_MAX];
    size_t n = 0;

    if (!choose_headers(r, only, pairs, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (i && name_cmp(pairs[i].name, pairs[i - 1].name) == 0) {
            buf_addc(out, ',');
        } else {
            buf_adds(out, i ? "\n" : "");
            buf_adds(names, i ? ";" : "");
            add_lower(pairs[i].name, out);
            add_lower(pairs[i].name, names);
            buf_addc(out, ':');
        }
        add_value(pairs[i].value, out);
    }
    buf_adds(out, n ? "\n" : "");
    return true;
}

bool sigv4_canonical(const struct sigv4_request *r, struct str only, struct buf *canonical, struct buf *names,
                     struct err *e)
{
    char hash[CRYPTO_SHA256_HEX + 1];
    struct str payload;

    crypto_sha256_hex(r->body, hash);
    payload = str_of(hash);
    if (r->s3)
        payload = http_header_get(r->headers, r->header_count, "x-amz-content-sha256");
    if (!payload.n)
        return err_set(e, ERR_INVALID, "S3 needs the header x-amz-content-sha256");
    buf_add(canonical, r->method);
    buf_addc(canonical, '\n');
    add_path(r, canonical);
    buf_addc(canonical, '\n');
    if (!add_query(r->query, canonical, e))
        return false;
    buf_addc(canonical, '\n');
    if (!add_headers(r, only, canonical, names, e))
        return false;
    buf_addc(canonical, '\n');
    buf_add(canonical, buf_view(names));
    buf_addc(canonical, '\n');
    buf_add(canonical, payload);
    return buf_ok(canonical, "canonical request", e) && buf_ok(names, "signed header names", e);
}

static struct str day_of(struct str amz_date)
{
    return str_n(amz_date.p, amz_date.n < 8 ? amz_date.n : 8);
}

void sigv4_string_to_sign(struct str canonical, struct str amz_date, const struct sigv4_scope *scope,
                          struct buf *out)
{
    char hash[CRYPTO_SHA256_HEX + 1];

    crypto_sha256_hex(canonical, hash);
    buf_addf(out, ALGORITHM "\n" STR_FMT "\n" STR_FMT "/%s/%s/aws4_request\n%s", STR_ARG(amz_date),
             STR_ARG(day_of(amz_date)), scope->region, scope->service, hash);
}

void sigv4_signature(const char *secret, struct str amz_date, const struct sigv4_scope *scope,
                     struct str string_to_sign, char out[SIGV4_SIGNATURE_MAX])
{
    enum { SECRET_MAX = 4096 };
    struct buf first = BUF_INIT(SECRET_MAX);
    unsigned char key[CRYPTO_SHA256_BYTES];
    const struct str key_view = {(const char *)key, sizeof key};

    buf_adds(&first, "AWS4");
    buf_adds(&first, secret);
    crypto_hmac_sha256(buf_view(&first), day_of(amz_date), key);
    crypto_hmac_sha256(key_view, str_of(scope->region), key);
    crypto_hmac_sha256(key_view, str_of(scope->service), key);
    crypto_hmac_sha256(key_view, STR("aws4_request"), key);
    crypto_hmac_sha256(key_view, string_to_sign, key);
    crypto_hex(key, sizeof key, out);
    crypto_wipe(key, sizeof key);
    crypto_wipe(first.p, first.n);
    buf_release(&first);
}

static bool check_headers(const struct sigv4_request *r, struct err *e)
{
    if (r->header_count + 2 > SIGV4_HEADERS_MAX)
        return err_set(e, ERR_INVALID, "%zu headers: at most %d", r->header_count, SIGV4_HEADERS_MAX - 2);
    if (!http_header_get(r->headers, r->header_count, "host").n)
        return err_set(e, ERR_INVALID, "a request without Host cannot be signed");
    for (size_t i = 0; i < r->header_count; i++) {
        struct str name = r->headers[i].name;
        if (str_has_control(name) || str_has_control(r->headers[i].value))
            return err_set(e, ERR_INVALID, "a control character in header %zu", i);
        if (str_is_nocase(name, "x-amz-date") || str_is_nocase(name, "x-amz-security-token"))
            return err_set(e, ERR_INVALID, "header '" STR_FMT "' is the signature's own", STR_ARG(name));
    }
    return true;
}

bool sigv4_sign(const struct sigv4_request *r, const struct sigv4_key *key, const struct sigv4_scope *scope,
                int64_t wall_ms, struct sigv4_signed *out, struct err *e)
{
    enum { AUTHORIZATION_MAX = 8192, TOKEN_MAX = 65536 };
    struct http_header headers[SIGV4_HEADERS_MAX];
    struct sigv4_request whole = *r;
    char signature[SIGV4_SIGNATURE_MAX];
    BUF_CLEANUP struct buf canonical = BUF_INIT(SIGV4_CANONICAL_MAX);
    BUF_CLEANUP struct buf names = BUF_INIT(SIGV4_CANONICAL_MAX);
    BUF_CLEANUP struct buf text = BUF_INIT(SIGV4_CANONICAL_MAX);
    struct str token = str_of(key->token);

    if (!key->id || !key->id[0] || !key->secret || !key->secret[0])
        return err_set(e, ERR_INVALID, "no access key to sign with");
    if (str_has_control(str_of(key->id)) || str_has_control(token))
        return err_set(e, ERR_INVALID, "a control character in the access key or its token");
    if (!check_headers(r, e))
        return false;
    moment_amz(wall_ms, out->date);
    for (size_t i = 0; i < r->header_count; i++)
        headers[i] = r->headers[i];
    headers[whole.header_count++] = (struct http_header){STR("x-amz-date"), str_of(out->date)};
    if (token.n)
        headers[whole.header_count++] = (struct http_header){STR("x-amz-security-token"), token};
    whole.headers = headers;
    if (!sigv4_canonical(&whole, STR(""), &canonical, &names, e))
        return false;
    sigv4_string_to_sign(buf_view(&canonical), str_of(out->date), scope, &text);
    sigv4_signature(key->secret, str_of(out->date), scope, buf_view(&text), signature);
    out->token = (struct buf)BUF_INIT(TOKEN_MAX);
    buf_add(&out->token, token);
    out->authorization = (struct buf)BUF_INIT(AUTHORIZATION_MAX);
    buf_addf(&out->authorization,
             ALGORITHM " Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s", key->id,
             out->date, scope->region, scope->service, buf_cstr(&names), signature);
    return buf_ok(&out->token, "session token", e) && buf_ok(&out->authorization, "authorization", e);
}

void sigv4_signed_release(struct sigv4_signed *s)
{
    if (s->token.p)
        crypto_wipe(s->token.p, s->token.n);
    buf_release(&s->token);
    buf_release(&s->authorization);
    s->date[0] = '\0';
}

static bool take_prefix(struct str *s, struct str prefix)
{
    if (!str_starts(*s, prefix))
        return false;
    *s = str_skip(*s, prefix.n);
    return true;
}

bool sigv4_claim_read(struct str authorization, struct sigv4_claim *out, struct err *e)
{
    struct str rest = str_trim(authorization);
    struct str part, scope = STR(""), end = STR("");
    bool have[3] = {false};

    if (!take_prefix(&rest, STR(ALGORITHM " ")))
        return err_set(e, ERR_INVALID, "Authorization: not " ALGORITHM);
    while (rest.n) {
        (void)str_cut(rest, ',', &part, &rest);
        part = str_trim(part);
        if (take_prefix(&part, STR("Credential=")) && !have[0]) {
            have[0] = true;
            scope = part;
        } else if (take_prefix(&part, STR("SignedHeaders=")) && !have[1]) {
            have[1] = true;
            out->names = part;
        } else if (take_prefix(&part, STR("Signature=")) && !have[2]) {
            have[2] = true;
            out->signature = part;
        } else {
            return err_set(e, ERR_INVALID, "Authorization: an unknown or repeated part");
        }
    }
    bool whole = str_cut(scope, '/', &out->id, &scope) && str_cut(scope, '/', &out->day, &scope) &&
                 str_cut(scope, '/', &out->region, &scope) && str_cut(scope, '/', &out->service, &end) &&
                 str_is(end, "aws4_request");
    if (!whole || !out->id.n || out->day.n != 8 || !out->names.n ||
        out->signature.n != SIGV4_SIGNATURE_MAX - 1)
        return err_set(e, ERR_INVALID, "Authorization: incomplete");
    return true;
}

static bool deny(struct err *e, const char *code, const char *why)
{
    (void)err_set(e, ERR_DENIED, "%s", why);
    return err_code(e, code);
}

static bool all_signed(const struct sigv4_request *r, struct str names)
{
    if (!listed(names, STR("host")) || !listed(names, STR("x-amz-date")))
        return false;
    for (size_t i = 0; i < r->header_count; i++) {
        struct str name = r->headers[i].name;
        if (name.n > 6 && str_is_nocase(str_n(name.p, 6), "x-amz-") && !listed(names, name))
            return false;
    }
    return true;
}

bool sigv4_verify(const struct sigv4_request *r, const struct sigv4_claim *claim, const char *secret,
                  int64_t *signed_ms, struct err *e)
{
    struct str date = http_header_get(r->headers, r->header_count, "x-amz-date");
    char region[64];
    char service[64];
    const struct sigv4_scope scope = {region, service};
    char signature[SIGV4_SIGNATURE_MAX];
    struct err why = {0};
    BUF_CLEANUP struct buf canonical = BUF_INIT(SIGV4_CANONICAL_MAX);
    BUF_CLEANUP struct buf names = BUF_INIT(SIGV4_CANONICAL_MAX);
    BUF_CLEANUP struct buf text = BUF_INIT(SIGV4_CANONICAL_MAX);

    if (!moment_parse(date, signed_ms) || date.n != 16 || !str_eq(day_of(date), claim->day))
        return deny(e, "IncompleteSignature", "x-amz-date is missing, malformed, or not of the scope's day");
    if (!all_signed(r, claim->names))
        return deny(e, "IncompleteSignature", "host, x-amz-date and every x-amz-* header must be signed");
    if (claim->region.n >= sizeof region || claim->service.n >= sizeof service)
        return deny(e, "IncompleteSignature", "the credential's scope is malformed");
    (void)snprintf(region, sizeof region, STR_FMT, STR_ARG(claim->region));
    (void)snprintf(service, sizeof service, STR_FMT, STR_ARG(claim->service));
    if (!sigv4_canonical(r, claim->names, &canonical, &names, &why))
        return deny(e, "IncompleteSignature", why.msg);
    sigv4_string_to_sign(buf_view(&canonical), date, &scope, &text);
    sigv4_signature(secret, date, &scope, buf_view(&text), signature);
    if (!crypto_equal(str_of(signature), claim->signature) || !str_eq(buf_view(&names), claim->names))
        return deny(e, "SignatureDoesNotMatch",
                    "the signature is not the one that this request and key make");
    return true;
}

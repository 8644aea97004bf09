#include "model/ids.h"

#include "base/crypto.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_utf8(struct str s)
{
    size_t n = 0;

    while (s.n && (n = str_utf8(s)) > 0)
        s = str_skip(s, n);
    return s.n == 0;
}

bool ids_workload_ok(struct str name)
{
    size_t at = 0;

    return name.n >= 1 && name.n <= IDS_WORKLOAD_MAX && !str_has_control(name) &&
           !str_find(name, STR("|"), &at) && is_utf8(name);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ids_run_ok(struct str id)
{
    if (id.n < 1 || id.n > IDS_RUN_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++)
        if (!is_digit(id.p[i]) && !is_letter(id.p[i]) && id.p[i] != '.' && id.p[i] != '_' && id.p[i] != '-')
            return false;
    return true;
}

bool ids_instance_ok(struct str id)
{
    if (!str_starts(id, STR("i-")) || id.n < 2 + 8 || id.n > 2 + 17)
        return false;
    for (size_t i = 2; i < id.n; i++)
        if (!is_digit(id.p[i]) && !(id.p[i] >= 'a' && id.p[i] <= 'f'))
            return false;
    return true;
}

int ids_partition(struct str workload, int partitions)
{
    uint32_t h = 2166136261U;

    BUG_IF(partitions < 1);
    for (size_t i = 0; i < workload.n; i++)
        h = (h ^ (unsigned char)workload.p[i]) * 16777619U;
    return (int)(h % (uint32_t)partitions);
}

static bool part(struct str text, int64_t *out)
{
    return text.n && is_digit(text.p[0]) && str_to_i64(text, out);
}

bool epoch_parse(struct str text, struct epoch *out)
{
    struct str g;
    struct str p;
    struct str o;
    struct str rest;

    return str_cut(text, ':', &g, &rest) && str_cut(rest, ':', &p, &o) && part(g, &out->generation) &&
           part(p, &out->partition) && part(o, &out->offset);
}

void epoch_format(const struct epoch *ep, char out[IDS_EPOCH_MAX])
{
    (void)snprintf(out, IDS_EPOCH_MAX, "%" PRId64 ":%" PRId64 ":%" PRId64, ep->generation, ep->partition,
                   ep->offset);
}

bool epoch_parse_in_view(struct str text, int partition, struct epoch *out)
{
    struct str g;
    struct str o;

    out->partition = partition;
    return str_cut(text, ':', &g, &o) && part(g, &out->generation) && part(o, &out->offset);
}

void epoch_format_in_view(const struct epoch *ep, char out[IDS_EPOCH_MAX])
{
    (void)snprintf(out, IDS_EPOCH_MAX, "%" PRId64 ":%" PRId64, ep->generation, ep->offset);
}

bool ids_split_run(struct str text, struct str *workload, struct str *run)
{
    for (size_t i = text.n; i > 0; i--) {
        if (text.p[i - 1] != '@')
            continue;
        *workload = str_n(text.p, i - 1);
        *run = str_skip(text, i);
        return ids_workload_ok(*workload) && ids_run_ok(*run);
    }
    return false;
}

void ids_job(const struct epoch *ep, int64_t step, size_t chunk, const char *const *members, size_t n,
             char out[IDS_JOB_MAX])
{
    enum { HASH_DIGITS = 12, MEMBERS_BYTES = 64 * 1024 };
    char hash[CRYPTO_SHA256_HEX + 1];
    BUF_CLEANUP struct buf all = BUF_INIT(MEMBERS_BYTES);

    for (size_t i = 0; i < n; i++) {
        buf_adds(&all, members[i]);
        buf_addc(&all, '\n');
    }
    BUG_IF(all.over); /* a job has at most 1,000 members of at most 19 bytes */
    crypto_sha256_hex(buf_view(&all), hash);
    (void)snprintf(out, IDS_JOB_MAX, "%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64 ".%zu#%.*s",
                   ep->generation, ep->partition, ep->offset, step, chunk, HASH_DIGITS, hash);
}

#include "real/redis_address.h"

#include "base/mem.h"
#include "base/str.h"

#include <curl/curl.h>
#include <stdio.h>

enum { URL_MAX = 4096, DB_MAX = 1000000 };

static void url_freep(CURLU **u)
{
    curl_url_cleanup(*u);
}

/* Empty when the part is absent. */
static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
    char *raw = NULL;

    if (curl_url_get(u, what, &raw, flags) != CURLUE_OK || !raw)
        return NULL;
    char *own = xstrdup(raw);
    curl_free(raw);
    return own;
}

static bool read_db(struct redis_address *a, struct str text, struct err *e)
{
    int64_t n = 0;

    if (!text.n)
        return true;
    if (!str_to_i64(text, &n) || n < 0 || n > DB_MAX)
        return err_set(e, ERR_CONFIG, "redis.url: the database is not a number from 0 to %d", DB_MAX);
    a->db = (int)n;
    return true;
}

static bool parse_socket(struct redis_address *a, struct str rest, struct err *e)
{
    struct str path, query;

    (void)str_cut(rest, '?', &path, &query);
    if (!str_starts(path, STR("/")))
        return err_set(e, ERR_CONFIG,
                       "redis.url: unix:// is followed by an absolute path: unix:///run/redis.sock");
    if (query.n && !str_starts(query, STR("db=")))
        return err_set(e, ERR_CONFIG, "redis.url: after unix:///path only ?db=N is known");
    a->socket = str_dup(path);
    a->base = xstrdup("http://localhost");
    a->shown = str_dup(rest);
    return read_db(a, query.n ? str_skip(query, 3) : query, e);
}

static bool parse_tcp(struct redis_address *a, const char *url, bool tls, struct err *e)
{
    CURLU *u CLEANUP(url_freep) = curl_url();
    char text[URL_MAX];

    BUG_IF(!u);
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return err_set(e, ERR_CONFIG, "redis.url: not a valid URL");
    char *host CLEANUP(xfreep) = part(u, CURLUPART_HOST, 0);
    char *port CLEANUP(xfreep) = part(u, CURLUPART_PORT, 0);
    char *path CLEANUP(xfreep) = part(u, CURLUPART_PATH, 0);
    if (!host || !host[0])
        return err_set(e, ERR_CONFIG, "redis.url: no host");
    (void)snprintf(text, sizeof text, "%s:%s", host, port ? port : "6379");
    a->shown = xstrdup(text);
    (void)snprintf(text, sizeof text, "%s://%s", tls ? "https" : "http", a->shown);
    a->base = xstrdup(text);
    a->username = part(u, CURLUPART_USER, CURLU_URLDECODE);
    a->password = part(u, CURLUPART_PASSWORD, CURLU_URLDECODE);
    return read_db(a, str_skip(str_of(path), path && path[0] ? 1 : 0), e);
}

bool redis_address_parse(struct redis_address *a, const char *url, struct err *e)
{
    struct str all = str_of(url);
    bool ok = false;

    if (all.n > URL_MAX / 2)
        ok = err_set(e, ERR_CONFIG, "redis.url: over %d bytes", URL_MAX / 2);
    else if (str_starts(all, STR("unix://")))
        ok = parse_socket(a, str_skip(all, 7), e);
    else if (str_starts(all, STR("redis://")) || str_starts(all, STR("rediss://")))
        ok = parse_tcp(a, url, str_starts(all, STR("rediss://")), e);
    else
        ok = err_set(e, ERR_CONFIG, "redis.url: redis://, rediss:// or unix:// is needed");
    if (!ok)
        redis_address_release(a);
    return ok;
}

void redis_address_release(struct redis_address *a)
{
    xfree(a->base);
    xfree(a->socket);
    xfree(a->username);
    xfree(a->password);
    xfree(a->shown);
    *a = (struct redis_address){0};
}

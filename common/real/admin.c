#include "real/admin.h"

#include "base/mem.h"
#include "base/str.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum { URL_MAX = 512, PORT_MAX = 65535 };

bool admin_split(const char *listen, char **host, char **port, struct err *e)
{
    struct str all = str_of(listen), name = all, number = STR("");
    int64_t n = 0;

    for (size_t i = all.n; i > 0; i--)
        if (all.p[i - 1] == ':') {
            name = str_n(all.p, i - 1);
            number = str_skip(all, i);
            break;
        }
    if (!str_to_i64(number, &n) || n < 0 || n > PORT_MAX)
        return err_set(e, ERR_CONFIG, "admin.listen %s: HOST:PORT is needed", listen);
    if (str_starts(name, STR("[")) && str_ends(name, STR("]")))
        name = str_n(name.p + 1, name.n - 2);
    *host = str_dup(name);
    *port = str_dup(number);
    return true;
}

static const char *ask_at(const char *host)
{
    if (!host[0] || !strcmp(host, "0.0.0.0"))
        return "127.0.0.1";
    return !strcmp(host, "::") ? "::1" : host;
}

static size_t drop(char *p, size_t size, size_t n, void *self)
{
    (void)p;
    (void)self;
    return size * n;
}

static bool get(const char *url, struct err *e)
{
    CURL *easy = curl_easy_init();
    long status = 0;

    BUG_IF(!easy);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ADMIN_HEALTH_MS);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    CURLcode code = curl_easy_perform(easy);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    if (code != CURLE_OK)
        return err_set(e, ERR_UNAVAILABLE, "%s: %s", url, curl_easy_strerror(code));
    return status == 200 || err_set(e, ERR_UNAVAILABLE, "%s: HTTP %ld", url, status);
}

bool admin_health(const char *listen, struct err *e)
{
    char *host CLEANUP(xfreep) = NULL, *port CLEANUP(xfreep) = NULL;
    char url[URL_MAX];

    if (!admin_split(listen, &host, &port, e) || !host || !port)
        return false;
    const char *at = ask_at(host);
    (void)snprintf(url, sizeof url, strchr(at, ':') ? "http://[%s]:%s/healthz" : "http://%s:%s/healthz", at,
                   port);
    return get(url, e);
}

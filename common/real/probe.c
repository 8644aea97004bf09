#include "real/probe.h"

#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum { URL_MAX = 512 };

struct probe {
    uint64_t id;
    process_probed *done;
    void *self;
    struct probes *all;
    CURL *easy;
    struct reactor_transfer transfer;
    char why[CURL_ERROR_SIZE];
    char host[256];
    int tcp_port;
    struct probe *prev, *next;
};

struct probes {
    struct reactor *reactor;
    struct probe *open;
};

static void probe_free(struct probe *p)
{
    reactor_transfer_remove(p->all->reactor, p->easy);
    curl_easy_cleanup(p->easy);
    xfree(p);
}

static void over(void *self, CURLcode result)
{
    struct probe *p = self;
    struct err e = {0};

    DL_DELETE(p->all->open, p);
    if (result != CURLE_OK)
        (void)err_set(&e, ERR_UNAVAILABLE, "%s:%d: %s", p->host, p->tcp_port,
                      p->why[0] ? p->why : curl_easy_strerror(result));
    p->done(p->self, p->id, &e);
    probe_free(p);
}

void probes_start(struct probes *all, uint64_t id, const char *host, int tcp_port, int64_t timeout_ms,
                  process_probed *done, void *self)
{
    struct probe *p = xcalloc(1, sizeof *p);
    char url[URL_MAX];
    bool v6 = strchr(host, ':') != NULL && host[0] != '[';

    p->id = id;
    p->done = done;
    p->self = self;
    p->all = all;
    p->tcp_port = tcp_port;
    p->transfer = (struct reactor_transfer){.over = over, .self = p};
    (void)snprintf(p->host, sizeof p->host, "%s", host);
    (void)snprintf(url, sizeof url, v6 ? "http://[%s]:%d/" : "http://%s:%d/", p->host, tcp_port);
    p->easy = reactor_easy(all->reactor);
    EASY_SET(p->easy, CURLOPT_URL, url); /* one that is not valid ends as a failed transfer */
    EASY_SET(p->easy, CURLOPT_CONNECT_ONLY, 1L);
    EASY_SET(p->easy, CURLOPT_PROXY, "");
    EASY_SET(p->easy, CURLOPT_FRESH_CONNECT, 1L);
    EASY_SET(p->easy, CURLOPT_TIMEOUT_MS,
             (long)(timeout_ms < 1         ? 1
                    : timeout_ms > INT_MAX ? INT_MAX
                                           : timeout_ms));
    EASY_SET(p->easy, CURLOPT_ERRORBUFFER, p->why);
    DL_APPEND(all->open, p);
    reactor_transfer_add(all->reactor, p->easy, &p->transfer);
}

struct probes *probes_new(struct reactor *r)
{
    struct probes *all = xcalloc(1, sizeof *all);

    all->reactor = r;
    return all;
}

void probes_free(struct probes *all)
{
    struct probe *p, *next;

    if (!all)
        return;
    DL_FOREACH_SAFE(all->open, p, next)
    {
        DL_DELETE(all->open, p);
        probe_free(p);
    }
    xfree(all);
}

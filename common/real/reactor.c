#include "real/reactor.h"

#include "base/mem.h"
#include "real/clock.h"

enum { CONNECTIONS_KEPT = 64 }; /* idle ones, over all hosts */

struct reactor_wait {
    struct curl_waitfd fds[REACTOR_FDS_MAX];
    unsigned n;
    int64_t until_ms;
};

struct reactor {
    CURLM *multi;
    char *ca_file;
    struct reactor_part parts[REACTOR_PARTS_MAX];
    size_t part_count;
    struct reactor_wait wait;
};

struct reactor *reactor_new(const char *ca_file, struct err *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)err_set(e, ERR_CONFIG, "libcurl cannot be initialised");
        return NULL;
    }
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
        (void)err_set(e, ERR_CONFIG,
                      "this libcurl resolves names on the calling thread: one with AsynchDNS is needed");
        return NULL;
    }
    struct reactor *r = xcalloc(1, sizeof *r);
    r->multi = curl_multi_init();
    BUG_IF(!r->multi);
    BUG_IF(curl_multi_setopt(r->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT) != CURLM_OK);
    r->ca_file = ca_file ? xstrdup(ca_file) : NULL;
    return r;
}

void reactor_free(struct reactor *r)
{
    if (!r)
        return;
    (void)curl_multi_cleanup(r->multi);
    xfree(r->ca_file);
    xfree(r);
}

void reactor_add(struct reactor *r, struct reactor_part part)
{
    BUG_IF(r->part_count == REACTOR_PARTS_MAX);
    r->parts[r->part_count++] = part;
}

void reactor_wait_fd(struct reactor_wait *w, int fd, bool read, bool write)
{
    BUG_IF(w->n == REACTOR_FDS_MAX);
    w->fds[w->n++] = (struct curl_waitfd){
        .fd = fd,
        .events = (short)((read ? CURL_WAIT_POLLIN : 0) | (write ? CURL_WAIT_POLLOUT : 0)),
    };
}

void reactor_wait_until(struct reactor_wait *w, int64_t at_ms)
{
    if (at_ms < w->until_ms)
        w->until_ms = at_ms;
}

static void deliver_transfers(struct reactor *r)
{
    CURLMsg *m;
    int left = 0;

    while ((m = curl_multi_info_read(r->multi, &left))) {
        void *private = NULL;
        CURLcode result = m->data.result; /* the message does not outlive the handle's removal */
        if (m->msg != CURLMSG_DONE)
            continue;
        BUG_IF(curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private) != CURLE_OK);
        struct reactor_transfer *t = private;
        t->over(t->self, result);
    }
}

void reactor_step(struct reactor *r, int64_t at_ms)
{
    struct reactor_wait *w = &r->wait;
    int64_t now = clock_boot_ms();
    int running = 0;

    w->n = 0;
    w->until_ms = at_ms;
    for (size_t i = 0; i < r->part_count; i++)
        r->parts[i].wait(r->parts[i].self, w, now);
    now = clock_boot_ms();
    int64_t left = w->until_ms <= now ? 0 : w->until_ms - now;
    /* A poll that fails was given a descriptor that is not open, or no memory: its owner finds out when it is
     * called. */
    (void)curl_multi_poll(r->multi, w->fds, w->n, (int)(left > REACTOR_WAIT_MS ? REACTOR_WAIT_MS : left),
                          NULL);
    BUG_IF(curl_multi_perform(r->multi, &running) != CURLM_OK);
    deliver_transfers(r);
    now = clock_boot_ms();
    for (size_t i = 0; i < r->part_count; i++)
        r->parts[i].dispatch(r->parts[i].self, now);
}

CURL *reactor_easy(struct reactor *r)
{
    CURL *easy = curl_easy_init();

    BUG_IF(!easy);
    EASY_SET(easy, CURLOPT_NOSIGNAL, 1L);
    EASY_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    EASY_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    EASY_SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    EASY_SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    EASY_SET(easy, CURLOPT_TCP_NODELAY, 1L);
    EASY_SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (r->ca_file)
        EASY_SET(easy, CURLOPT_CAINFO, r->ca_file);
    return easy;
}

void reactor_transfer_add(struct reactor *r, CURL *easy, struct reactor_transfer *t)
{
    EASY_SET(easy, CURLOPT_PRIVATE, t);
    BUG_IF(curl_multi_add_handle(r->multi, easy) != CURLM_OK);
}

void reactor_transfer_remove(struct reactor *r, CURL *easy)
{
    BUG_IF(curl_multi_remove_handle(r->multi, easy) != CURLM_OK);
}

#include "aws/s3.h"

#include "aws/endpoint.h"
#include "codec/form.h"

#include <string.h>

enum { URL_MAX = ENDPOINT_URL_MAX + 256, REPLY_MAX = 256 * 1024, CONNECT_MS = 5000 };

static const struct aws_service service = {.name = "s3", .signing = "s3", .prefix = "s3", .id = "S3"};

static void on_reply(void *self, uint64_t id, const struct http_reply *r)
{
    struct s3_asked *a = self;

    (void)id;
    a->done = true;
    if (r->err.kind != ERR_NONE)
        a->err = r->err;
    else if (r->status == 200 || r->status == 403)
        a->bucket = S3_THERE;
    else if (r->status == 301 || r->status == 307 || r->status == 400)
        a->bucket = S3_ELSEWHERE;
    else if (r->status == 404)
        a->bucket = S3_MISSING;
    else
        (void)err_set(&a->err, ERR_UNAVAILABLE, "s3 answers with status %d", r->status);
}

static bool url_of(const struct ports *ports, const char *region, const char *bucket, struct buf *url,
                   struct err *e)
{
    struct endpoint_settings settings = {0};
    struct endpoint at;

    if (strlen(bucket) > S3_BUCKET_MAX)
        return err_set(e, ERR_INVALID, "a bucket's name has at most %d characters", S3_BUCKET_MAX);
    if (!endpoint_settings_load(&ports->process, &settings, e))
        return false;
    bool ok = endpoint_resolve(&settings, &service, region, &at, e);
    endpoint_settings_release(&settings);
    if (!ok)
        return false;
    buf_adds(url, at.url);
    if (!str_ends(buf_view(url), STR("/")))
        buf_addc(url, '/');
    form_encode(str_of(bucket), url);
    buf_adds(url, "?list-type=2&max-keys=0");
    return buf_ok(url, "bucket URL", e);
}

void s3_ask_bucket(const struct ports *ports, const char *region, const char *bucket, struct s3_asked *out)
{
    BUF_CLEANUP struct buf url = BUF_INIT(URL_MAX);

    *out = (struct s3_asked){0};
    if (!url_of(ports, region, bucket, &url, &out->err)) {
        out->done = true;
        return;
    }
    (void)http_send(&ports->http,
                    &(struct http_request){.method = "GET",
                                           .url = buf_view(&url),
                                           .connect_timeout_ms = CONNECT_MS,
                                           .timeout_ms = S3_TIMEOUT_MS,
                                           .reply_max = REPLY_MAX},
                    on_reply, out);
}

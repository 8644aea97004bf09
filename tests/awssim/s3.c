#include "awssim/s3.h"

#include "awssim/sim.h"
#include "awssim/ssm.h"

#include <stdio.h>

static void say(struct awssim_reply *r, int status, const char *code, const char *message)
{
    r->status = status;
    r->headers[0].name = "Content-Type";
    (void)snprintf(r->headers[0].value, sizeof r->headers[0].value, "application/xml");
    r->header_count = 1;
    r->body = (struct buf)BUF_INIT(1024);
    buf_addf(
        &r->body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>",
        code, message);
    r->deliver_bytes = r->body.n;
}

bool s3_answer(const struct awssim *sim, const struct awssim_request *request, struct awssim_reply *reply)
{
    struct str path, query, name, key;

    (void)str_cut(request->target, '?', &path, &query);
    if (!str_is(request->method, "GET") || path.n < 2 || path.p[0] != '/')
        return false;
    (void)str_cut(str_skip(path, 1), '/', &name, &key);
    if (commands_knows_bucket(sim, name))
        say(reply, 403, "AccessDenied", "Access Denied");
    else
        say(reply, 404, "NoSuchBucket", "The specified bucket does not exist");
    return true;
}

#include "aws/json_call.h"

uint64_t json_call(struct aws *a, const struct json_call *c)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    struct err e = c->refused ? *c->refused : (struct err){0};

    json_print(c->body, &body);
    json_free(c->body);
    if (e.kind == ERR_NONE && !buf_ok(&body, c->op->action, &e))
        (void)err_code(&e, AWS_TOO_LARGE);
    const struct aws_call q = {.op = c->op,
                               .where = c->where,
                               .checked = c->checked,
                               .resources = c->resources,
                               .body = buf_view(&body),
                               .refused = &e,
                               .page = c->page,
                               .done = c->done,
                               .self = c->self};
    return aws_call(a, &q);
}

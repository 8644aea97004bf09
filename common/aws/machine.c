#include "aws/machine.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <string.h>

enum { URL_MAX = 2048 };

#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"

enum step { STEP_IDLE, STEP_TOKEN, STEP_ROLE, STEP_KEYS };

struct machine {
    const struct ports *ports;
    const struct credentials_plan *plan;
    enum step step;
    uint64_t request; /* 0: none under way */
    bool arrived;
    int status;
    struct err err;
    struct buf body, token;
    struct err refused; /* a request that could not be made */
};

static void drop(struct buf *b)
{
    if (b->p)
        crypto_wipe(b->p, b->n);
    buf_clear(b);
}

struct machine *machine_new(const struct ports *ports, const struct credentials_plan *plan)
{
    struct machine *m = xcalloc(1, sizeof *m);

    m->ports = ports;
    m->plan = plan;
    m->body = (struct buf)BUF_INIT(MACHINE_REPLY_MAX);
    m->token = (struct buf)BUF_INIT(CREDENTIALS_TOKEN_MAX);
    return m;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    if (m->request)
        http_cancel(&m->ports->http, m->request);
    drop(&m->body);
    drop(&m->token);
    buf_release(&m->body);
    buf_release(&m->token);
    xfree(m);
}

static void on_reply(void *self, uint64_t id, const struct http_reply *reply)
{
    struct machine *m = self;

    if (id != m->request)
        return;
    m->request = 0;
    m->arrived = true;
    m->status = reply->status;
    m->err = reply->err;
    drop(&m->body);
    if (reply->err.kind == ERR_NONE)
        buf_add(&m->body, reply->body);
}

static void ask(struct machine *m, const char *method, const char *path, const char *name, struct str value)
{
    BUF_CLEANUP struct buf url = BUF_INIT(URL_MAX);
    struct http_header header = {str_of(name), value};
    struct http_request r = {.method = method,
                             .headers = &header,
                             .header_count = value.n ? 1 : 0,
                             .connect_timeout_ms = MACHINE_CONNECT_MS,
                             .timeout_ms = MACHINE_TIMEOUT_MS,
                             .reply_max = MACHINE_REPLY_MAX,
                             .direct = true};

    buf_addf(&url, "%s%s", m->plan->url, path);
    m->arrived = false;
    if (!buf_ok(&url, "metadata URL", &m->refused))
        return;
    r.url = buf_view(&url);
    m->request = http_send(&m->ports->http, &r, on_reply, m);
}

static void ask_container(struct machine *m)
{
    BUF_CLEANUP struct buf file = BUF_INIT(CREDENTIALS_TOKEN_MAX);
    struct str token = str_of(m->plan->token);

    m->step = STEP_KEYS;
    if (m->plan->token_file) {
        const struct process *p = &m->ports->process;
        if (!p->ops->read_file(p->port, m->plan->token_file, &file, &m->refused)) {
            (void)err_wrap(&m->refused, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
            return;
        }
        token = str_trim(buf_view(&file));
    }
    if (str_has_control(token))
        (void)err_set(&m->refused, ERR_CONFIG,
                      "the container's authorization token has a control character in it");
    else
        ask(m, "GET", "", "Authorization", token);
    if (file.p)
        crypto_wipe(file.p, file.n);
}

void machine_begin(struct machine *m)
{
    BUG_IF(m->request);
    m->refused = (struct err){0};
    drop(&m->token);
    if (m->plan->source == CREDENTIALS_CONTAINER) {
        ask_container(m);
        return;
    }
    m->step = STEP_TOKEN;
    ask(m, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", STR("21600"));
}

static bool check_reply(const struct machine *m, struct err *e)
{
    static const char *const steps[] = {"", "token", "role", "keys"};
    const char *where =
        m->plan->source == CREDENTIALS_CONTAINER ? "the container's credentials" : "instance metadata";

    if (m->err.kind != ERR_NONE)
        return err_set(e, ERR_UNAVAILABLE, "%s (%s): %s%s", where, steps[m->step], m->err.msg,
                       m->step == STEP_TOKEN ? "; in a container the instance's hop limit must be 2" : "") ||
               err_code(e, AWS_NO_CREDENTIALS);
    if (m->status == 404 && m->step == STEP_ROLE)
        return err_set(e, ERR_CONFIG, "no AWS credentials: the instance has no role") ||
               err_code(e, AWS_NO_CREDENTIALS);
    if (m->status != 200)
        return err_set(
            e, m->status == 401 || m->status == 429 || m->status >= 500 ? ERR_UNAVAILABLE : ERR_DENIED,
            "%s (%s): HTTP %d", where, steps[m->step], m->status);
    return buf_ok(&m->body, where, e);
}

static bool next_role(struct machine *m, struct err *e)
{
    BUF_CLEANUP struct buf path = BUF_INIT(URL_MAX);
    struct str role, rest;

    (void)str_cut(str_trim(buf_view(&m->body)), '\n', &role, &rest);
    role = str_trim(role);
    for (size_t i = 0; i < role.n; i++) {
        char c = role.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (!c || !strchr("_+=,.@-", c)))
            return err_set(e, ERR_INVALID,
                           "instance metadata: the role's name has a character that no role has");
    }
    if (!role.n)
        return err_set(e, ERR_CONFIG, "no AWS credentials: the instance has no role") ||
               err_code(e, AWS_NO_CREDENTIALS);
    buf_addf(&path, ROLES_PATH STR_FMT, STR_ARG(role));
    m->step = STEP_KEYS;
    ask(m, "GET", buf_cstr(&path), "X-aws-ec2-metadata-token", buf_view(&m->token));
    return true;
}

static bool next_token(struct machine *m, struct err *e)
{
    struct str token = str_trim(buf_view(&m->body));

    if (!token.n || str_has_control(token))
        return err_set(e, ERR_INVALID, "instance metadata: no token");
    buf_add(&m->token, token);
    m->step = STEP_ROLE;
    ask(m, "GET", ROLES_PATH, "X-aws-ec2-metadata-token", buf_view(&m->token));
    return true;
}

static bool read_keys(const struct machine *m, struct credentials *out, struct err *e)
{
    JSON_CLEANUP struct json *j = json_parse(buf_view(&m->body), MACHINE_REPLY_MAX, e);

    return j && credentials_from_json(j, out, e);
}

enum machine_state machine_turn(struct machine *m, struct credentials *out, struct err *e)
{
    bool ok = true;

    if (m->refused.kind != ERR_NONE) {
        *e = m->refused;
        return MACHINE_FAILED;
    }
    if (!m->arrived)
        return MACHINE_BUSY;
    m->arrived = false;
    if (!check_reply(m, e))
        return MACHINE_FAILED;
    switch (m->step) {
    case STEP_TOKEN:
        ok = next_token(m, e);
        break;
    case STEP_ROLE:
        ok = next_role(m, e);
        break;
    case STEP_KEYS:
        ok = read_keys(m, out, e);
        drop(&m->body);
        drop(&m->token);
        return ok ? MACHINE_DONE : MACHINE_FAILED;
    case STEP_IDLE:
        BUG_IF(true);
    }
    if (ok && m->refused.kind != ERR_NONE) {
        *e = m->refused;
        ok = false;
    }
    return ok ? MACHINE_BUSY : MACHINE_FAILED;
}

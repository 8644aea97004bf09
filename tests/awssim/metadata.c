#include "awssim/metadata.h"

#include "awssim/setting.h"
#include "awssim/sim.h"
#include "base/mem.h"
#include "base/moment.h"

#include <stdio.h>
#include <string.h>

enum { TOKENS_MAX = 64, TOKEN_DIGITS = 40, TTL_MAX_S = 21600 };

struct token {
    char text[TOKEN_DIGITS + 1];
    int64_t until_ms;
};

struct metadata {
    bool imds;
    char *role, *container_token, *region;
    int64_t session_s;
    struct token tokens[TOKENS_MAX]; /* the oldest makes room */
    size_t next;
};

struct metadata *metadata_new(const struct json *settings, const char *region, struct err *e)
{
    static const char *const known[] = {"imds", "role", "container_token", "session_s", NULL};
    struct metadata *m = xcalloc(1, sizeof *m);

    m->imds = true;
    m->session_s = TTL_MAX_S;
    m->region = xstrdup(region);
    if (settings &&
        (!setting_known(settings, "metadata", known, e) || !setting_bool(settings, "imds", &m->imds, e) ||
         !setting_str(settings, "role", &m->role, e) ||
         !setting_int(settings, "session_s", &m->session_s, e) ||
         !setting_str(settings, "container_token", &m->container_token, e))) {
        metadata_free(m);
        return NULL;
    }
    return m;
}

void metadata_free(struct metadata *m)
{
    if (!m)
        return;
    xfree(m->role);
    xfree(m->container_token);
    xfree(m->region);
    xfree(m);
}

static bool say(struct awssim_reply *r, int status, const char *type)
{
    r->status = status;
    r->headers[0].name = "Content-Type";
    (void)snprintf(r->headers[0].value, sizeof r->headers[0].value, "%s", type);
    r->header_count = 1;
    r->deliver_bytes = r->body.n;
    return true;
}

static struct str header(const struct awssim_request *request, const char *name)
{
    return http_header_get(request->headers, request->header_count, name);
}

static bool make_token(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *r)
{
    struct metadata *m = sim->metadata;
    struct token *t = &m->tokens[m->next % TOKENS_MAX];
    int64_t ttl_s;

    if (!m->imds || header(request, "x-forwarded-for").n)
        return say(r, 403, "text/plain");
    if (!str_to_i64(header(request, "x-aws-ec2-metadata-token-ttl-seconds"), &ttl_s) || ttl_s < 1 ||
        ttl_s > TTL_MAX_S)
        return say(r, 400, "text/plain");
    m->next++;
    chance_hex(&sim->chance, TOKEN_DIGITS, t->text);
    t->until_ms = request->now.boot_ms + ttl_s * 1000;
    buf_adds(&r->body, t->text);
    return say(r, 200, "text/plain");
}

static bool token_ok(const struct metadata *m, const struct awssim_request *request)
{
    struct str given = header(request, "x-aws-ec2-metadata-token");

    for (size_t i = 0; i < TOKENS_MAX; i++)
        if (given.n && str_is(given, m->tokens[i].text))
            return request->now.boot_ms < m->tokens[i].until_ms;
    return false;
}

static bool begin_session(struct awssim *sim, const struct awssim_request *request, struct auth_session *out)
{
    const struct metadata *m = sim->metadata;
    const struct auth_role *role = m->role ? auth_role(sim->auth, m->role) : NULL;

    return role &&
           auth_begin_session(sim->auth, role, "i-metadata", m->session_s, request->now, &sim->chance, out);
}

static bool give_session(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *r)
{
    struct auth_session s;
    char until[MOMENT_MAX], now[MOMENT_MAX];

    if (!begin_session(sim, request, &s))
        return say(r, 404, "text/plain");
    moment_rfc3339(s.expires_wall_ms, until);
    moment_rfc3339(request->now.wall_ms, now);
    buf_addf(&r->body,
             "{\"Code\":\"Success\",\"LastUpdated\":\"%s\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"%s\","
             "\"SecretAccessKey\":\"%s\",\"Token\":\"%s\",\"Expiration\":\"%s\",\"RoleArn\":\"%s\"}",
             now, s.access_key, s.secret_key, s.token, until, sim->metadata->role);
    return say(r, 200, "application/json");
}

static const char *role_name(const struct metadata *m)
{
    const char *slash = m->role ? strrchr(m->role, '/') : NULL;

    return slash ? slash + 1 : NULL;
}

static bool answer_imds(struct awssim *sim, const struct awssim_request *request, struct str path,
                        struct awssim_reply *r)
{
    const struct metadata *m = sim->metadata;
    const struct str roles = STR("/latest/meta-data/iam/security-credentials/");
    const char *name = role_name(m);

    if (str_is(request->method, "PUT") && str_is(path, "/latest/api/token"))
        return make_token(sim, request, r);
    if (!m->imds)
        return say(r, 403, "text/plain");
    if (!token_ok(m, request))
        return say(r, 401, "text/plain");
    if (str_is(path, "/latest/meta-data/placement/region")) {
        buf_adds(&r->body, m->region);
        return say(r, 200, "text/plain");
    }
    if (!name || !str_starts(path, roles))
        return say(r, 404, "text/plain");
    if (str_eq(path, roles)) {
        buf_adds(&r->body, name);
        return say(r, 200, "text/plain");
    }
    if (!str_is(str_skip(path, roles.n), name))
        return say(r, 404, "text/plain");
    return give_session(sim, request, r);
}

bool metadata_answer(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *r)
{
    const struct str imds = STR("/_/imds");
    struct str path, query;

    (void)str_cut(request->target, '?', &path, &query);
    if (!str_starts(path, STR("/_/")))
        return false;
    buf_release(&r->body);
    r->body = (struct buf)BUF_INIT(65536);
    if (str_starts(path, imds))
        return answer_imds(sim, request, str_skip(path, imds.n), r);
    if (!str_is(path, "/_/container/credentials"))
        return say(r, 404, "text/plain");
    if (sim->metadata->container_token &&
        !str_is(header(request, "authorization"), sim->metadata->container_token))
        return say(r, 401, "text/plain");
    return give_session(sim, request, r);
}

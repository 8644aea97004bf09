/* STS and SNS: who am I, another role's session, and a message that is only noted. */
#include "awssim/markup.h"
#include "awssim/sim.h"

#include <string.h>

static void write_session(struct call *c, const struct auth_session *s)
{
    markup_open(&c->body, "Credentials");
    markup_text(&c->body, "AccessKeyId", s->access_key);
    markup_text(&c->body, "SecretAccessKey", s->secret_key);
    markup_text(&c->body, "SessionToken", s->token);
    markup_moment(&c->body, "Expiration", s->expires_wall_ms);
    markup_close(&c->body, "Credentials");
    markup_open(&c->body, "AssumedRoleUser");
    markup_text(&c->body, "AssumedRoleId", s->user_id);
    markup_text(&c->body, "Arn", s->arn);
    markup_close(&c->body, "AssumedRoleUser");
}

static bool denied(struct call *c, const char *arn)
{
    return call_fail(c, 403, "AccessDenied", "User: %s is not authorized to perform: sts:%s on resource: %s",
                     c->who ? c->who->arn : "anonymous", c->operation, arn);
}

static bool read_duration(struct call *c, const struct auth_role *role, int64_t *seconds)
{
    enum { SHORTEST_S = 900, CHAINED_S = 3600 };
    const char *text = params_get(&c->params, "DurationSeconds");
    bool chained = c->who && strstr(c->who->arn, ":assumed-role/");

    *seconds = CHAINED_S;
    if (!text)
        return true;
    if (!str_to_i64(str_of(text), seconds) || *seconds < SHORTEST_S)
        return call_fail(c, 400, "ValidationError",
                         "1 validation error detected: Value '%s' at 'durationSeconds' is not valid", text);
    if (chained && *seconds > CHAINED_S)
        return call_fail(c, 400, "ValidationError",
                         "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
                         "by role chaining.");
    return *seconds <= role->max_session_s ||
           call_fail(c, 400, "ValidationError",
                     "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
}

static bool begin_session(struct awssim *sim, struct call *c, const struct auth_role *role)
{
    const char *name = params_get(&c->params, "RoleSessionName");
    struct auth_session session;
    int64_t seconds;

    if (!name || strlen(name) < 2 || strlen(name) > 64)
        return call_fail(c, 400, "ValidationError",
                         "1 validation error detected: Value at 'roleSessionName' is not valid");
    if (!read_duration(c, role, &seconds))
        return false;
    if (!auth_begin_session(sim->auth, role, name, seconds, c->now, &sim->chance, &session))
        return call_fail(c, 400, "Throttling", "Rate exceeded");
    write_session(c, &session);
    return true;
}

static bool assume_role(struct awssim *sim, struct call *c)
{
    const char *arn = params_get(&c->params, "RoleArn");
    const char *external = params_get(&c->params, "ExternalId");
    const struct auth_role *role = arn ? auth_role(sim->auth, arn) : NULL;

    if (!arn)
        return call_fail(c, 400, "ValidationError", "1 validation error detected: Value null at 'roleArn'");
    if (!role || (role->trusts.n && !strs_has(&role->trusts, str_of(c->who->arn))) ||
        (role->external_id && (!external || strcmp(external, role->external_id) != 0)))
        return denied(c, arn);
    return begin_session(sim, c, role);
}

static bool assume_by_web(struct awssim *sim, struct call *c)
{
    const char *arn = params_get(&c->params, "RoleArn");
    const char *token = params_get(&c->params, "WebIdentityToken");
    const struct auth_role *role = arn ? auth_role(sim->auth, arn) : NULL;

    if (!token || !arn)
        return call_fail(c, 400, "ValidationError",
                         "1 validation error detected: RoleArn and WebIdentityToken are needed");
    if (!role || !role->web_identity_token)
        return denied(c, arn);
    if (strcmp(token, role->web_identity_token) != 0)
        return call_fail(c, 400, "InvalidIdentityToken",
                         "No OpenIDConnect provider found in your account for this token");
    return begin_session(sim, c, role);
}

static bool caller_identity(struct awssim *sim, struct call *c)
{
    (void)sim;
    markup_text(&c->body, "Arn", c->who->arn);
    markup_text(&c->body, "UserId", c->who->user_id);
    markup_text(&c->body, "Account", c->who->account);
    return true;
}

static bool publish(struct awssim *sim, struct call *c)
{
    enum { MESSAGE_MAX = 262144 };
    const char *topic = params_get(&c->params, "TopicArn");
    const char *message = params_get(&c->params, "Message");
    char id[CHANCE_UUID_BYTES];

    if (!topic || strncmp(topic, "arn:", 4) != 0)
        return call_fail(c, 400, "InvalidParameter", "Invalid parameter: TopicArn");
    if (!message || !message[0] || strlen(message) > MESSAGE_MAX)
        return call_fail(c, 400, "InvalidParameter", "Invalid parameter: Message");
    chance_uuid(&sim->chance, id);
    markup_text(&c->body, "MessageId", id);
    return true;
}

const struct operation sts_operations[] = {
    {"AssumeRole", assume_role},
    {"AssumeRoleWithWebIdentity", assume_by_web, .unsigned_ = true},
    {"GetCallerIdentity", caller_identity},
    {0},
};

const struct operation sns_operations[] = {
    {"Publish", publish, .changes = true},
    {0},
};

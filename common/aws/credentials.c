#include "aws/credentials.h"

#include "aws/profile.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/moment.h"

#include <string.h>

static const char container_host[] = "http://169.254.170.2";
static const char instance_host[] = "http://169.254.169.254";
static const char instance_host_ipv6[] = "http://[fd00:ec2::254]";

static void wipe(char **p)
{
    if (*p)
        crypto_wipe(*p, strlen(*p));
    xfreep(p);
}

void credentials_release(struct credentials *c)
{
    wipe(&c->id);
    wipe(&c->secret);
    wipe(&c->token);
    xfreep(&c->account);
    c->expires_ms = 0;
}

bool credentials_ok(const struct credentials *c)
{
    return c->id && c->id[0] && c->secret && c->secret[0];
}

bool credentials_from_json(const struct json *j, struct credentials *out, struct err *e)
{
    struct str code = json_str_or_empty(json_get(j, "Code"));
    struct str expires = json_str_or_empty(json_get(j, "Expiration"));
    struct str token = json_str_or_empty(json_get(j, "Token"));
    struct credentials c = {.expires_ms = INT64_MAX};

    if (code.n && !str_is(code, "Success")) {
        (void)err_set(e, ERR_DENIED, "no credentials: " STR_FMT ": " STR_FMT, STR_ARG(code),
                      STR_ARG(json_str_or_empty(json_get(j, "Message"))));
        BUF_CLEANUP struct buf text = BUF_INIT(ERR_CODE_MAX - 1);
        buf_add(&text, code);
        return err_code(e, buf_cstr(&text));
    }
    if (json_get(j, "Expiration") && !moment_parse(expires, &c.expires_ms))
        return err_set(e, ERR_INVALID, "credentials: Expiration is not a time");
    c.id = str_dup(json_str_or_empty(json_get(j, "AccessKeyId")));
    c.secret = str_dup(json_str_or_empty(json_get(j, "SecretAccessKey")));
    c.token = token.n ? str_dup(token) : NULL;
    struct str account = json_str_or_empty(json_get(j, "AccountId"));
    c.account = account.n ? str_dup(account) : NULL;
    if (!credentials_ok(&c)) {
        credentials_release(&c);
        return err_set(e, ERR_INVALID, "credentials: AccessKeyId or SecretAccessKey is missing");
    }
    *out = c;
    return true;
}

static const char *env(const struct process *process, const char *name)
{
    const char *value = process->ops->env(process->port, name);

    return value && value[0] ? value : NULL;
}

static char *dup_or_null(const char *s)
{
    return s && s[0] ? xstrdup(s) : NULL;
}

enum found { NOT_THERE, FOUND, BROKEN };

static enum found from_environment(const struct process *process, struct credentials_plan *out, struct err *e)
{
    const char *id = env(process, "AWS_ACCESS_KEY_ID");
    const char *secret = env(process, "AWS_SECRET_ACCESS_KEY");
    const char *expires = env(process, "AWS_CREDENTIAL_EXPIRATION");

    if (!id && !secret)
        return NOT_THERE;
    if (!id || !secret) {
        (void)err_set(e, ERR_CONFIG, "%s is set without %s",
                      id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                      id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
        return BROKEN;
    }
    out->source = CREDENTIALS_STATIC;
    out->fixed.expires_ms = INT64_MAX;
    if (expires && !moment_parse(str_of(expires), &out->fixed.expires_ms)) {
        (void)err_set(e, ERR_CONFIG, "AWS_CREDENTIAL_EXPIRATION: '%s' is not a time", expires);
        return BROKEN;
    }
    out->fixed.id = xstrdup(id);
    out->fixed.secret = xstrdup(secret);
    out->fixed.token = dup_or_null(env(process, "AWS_SESSION_TOKEN"));
    out->fixed.account = dup_or_null(env(process, "AWS_ACCOUNT_ID"));
    return FOUND;
}

static enum found from_web_identity(const struct process *process, struct credentials_plan *out,
                                    struct err *e)
{
    const char *file = env(process, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role = env(process, "AWS_ROLE_ARN");

    if (!file)
        return NOT_THERE; /* AWS_ROLE_ARN alone is used by nobody's SDK */
    if (!role) {
        (void)err_set(e, ERR_CONFIG, "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
        return BROKEN;
    }
    const char *session = env(process, "AWS_ROLE_SESSION_NAME");
    out->source = CREDENTIALS_WEB_IDENTITY;
    out->token_file = xstrdup(file);
    out->role_arn = xstrdup(role);
    out->session = xstrdup(session ? session : "ec2sched");
    return FOUND;
}

static const char *unsupported_key(const struct profiles *p, const char *section)
{
    static const char *const keys[] = {
        "role_arn",       "source_profile",     "credential_source",       "sso_start_url", "sso_session",
        "sso_account_id", "credential_process", "web_identity_token_file", "login_session", NULL};

    for (size_t i = 0; keys[i]; i++)
        if (profiles_get(p, section, keys[i]))
            return keys[i];
    return NULL;
}

static enum found read_profile(const struct profiles *p, const char *section, bool named,
                               struct credentials_plan *out, struct err *e)
{
    const char *id = profiles_get(p, section, "aws_access_key_id");
    const char *secret = profiles_get(p, section, "aws_secret_access_key");
    const char *other = unsupported_key(p, section);

    if (named && !profiles_has(p, section)) {
        (void)err_set(e, ERR_CONFIG, "AWS_PROFILE: neither shared file has the section '%s'", section);
        return BROKEN;
    }
    if (other) {
        (void)err_set(e, ERR_CONFIG,
                      "profile '%s': %s is not supported: use keys, a container's or an instance's role",
                      section, other);
        return BROKEN;
    }
    if (!id && !secret)
        return NOT_THERE;
    if (!id || !id[0] || !secret || !secret[0]) {
        (void)err_set(e, ERR_CONFIG,
                      "profile '%s': aws_access_key_id and aws_secret_access_key come as a pair", section);
        return BROKEN;
    }
    out->source = CREDENTIALS_STATIC;
    out->fixed = (struct credentials){xstrdup(id), xstrdup(secret),
                                      dup_or_null(profiles_get(p, section, "aws_session_token")),
                                      dup_or_null(profiles_get(p, section, "aws_account_id")), INT64_MAX};
    return FOUND;
}

static enum found from_profile(const struct process *process, struct credentials_plan *out, struct err *e)
{
    struct profiles p = {0};
    BUF_CLEANUP struct buf section = BUF_INIT(512);
    bool named = env(process, "AWS_PROFILE") || env(process, "AWS_DEFAULT_PROFILE");

    profile_section(process, &section);
    if (!buf_ok(&section, "AWS_PROFILE", e) || !profiles_load(process, &p, e))
        return BROKEN;
    enum found f = read_profile(&p, buf_cstr(&section), named, out, e);
    profiles_release(&p);
    return f;
}

static bool is_loopback(struct str host)
{
    struct str part;
    size_t parts = 0;

    if (!str_starts(host, STR("127.")))
        return false;
    for (bool more = true; more; parts++) {
        int64_t value = 0;
        more = str_cut(host, '.', &part, &host);
        if (part.n > 3 || !str_to_i64(part, &value) || value < 0 || value > 255)
            return false;
    }
    return parts == 4;
}

/* https, or one of the addresses that belong to the machine: the header carries a secret. */
static bool allowed_container_url(struct str url)
{
    static const char *const hosts[] = {"localhost",      "169.254.170.2", "169.254.170.23",
                                        "[fd00:ec2::23]", "[::1]",         NULL};
    struct str authority, path, host, port;
    size_t at = 0;

    if (str_has_control(url) || str_find(url, STR("@"), &at) || str_find(url, STR("\\"), &at))
        return false;
    if (str_starts(url, STR("https://")))
        return url.n > 8;
    if (!str_starts(url, STR("http://")))
        return false;
    (void)str_cut(str_skip(url, 7), '/', &authority, &path);
    (void)str_cut(authority, ':', &host, &port);
    if (authority.n && authority.p[0] == '[' && str_find(authority, STR("]"), &at))
        host = str_n(authority.p, at + 1);
    for (size_t i = 0; hosts[i]; i++)
        if (str_is(host, hosts[i]))
            return true;
    return is_loopback(host);
}

static enum found from_container(const struct process *process, struct credentials_plan *out, struct err *e)
{
    const char *relative = env(process, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = env(process, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *token = env(process, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    BUF_CLEANUP struct buf url = BUF_INIT(2048);

    if (!relative && !full)
        return NOT_THERE;
    if (relative)
        buf_addf(&url, "%s%s%s", container_host, relative[0] == '/' ? "" : "/", relative);
    else
        buf_adds(&url, full);
    if (url.over || !allowed_container_url(buf_view(&url))) {
        (void)err_set(
            e, ERR_CONFIG,
            "AWS_CONTAINER_CREDENTIALS_%s_URI: only https and the machine's own addresses may be asked",
            relative ? "RELATIVE" : "FULL");
        return BROKEN;
    }
    if (token && str_has_control(str_of(token))) {
        (void)err_set(e, ERR_CONFIG, "AWS_CONTAINER_AUTHORIZATION_TOKEN: a control character in it");
        return BROKEN;
    }
    out->source = CREDENTIALS_CONTAINER;
    out->url = buf_take(&url);
    out->token = token ? xstrdup(token) : NULL;
    out->token_file = dup_or_null(env(process, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    return FOUND;
}

static bool from_instance(const struct process *process, struct credentials_plan *out, struct err *e)
{
    const char *disabled = env(process, "AWS_EC2_METADATA_DISABLED");
    const char *endpoint = env(process, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = env(process, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    if (disabled && str_is_nocase(str_of(disabled), "true"))
        return err_set(e, ERR_CONFIG,
                       "no AWS credentials: none in the environment or the shared files, no container's, and "
                       "AWS_EC2_METADATA_DISABLED is true") ||
               err_code(e, AWS_NO_CREDENTIALS);
    if (mode && !str_is_nocase(str_of(mode), "ipv4") && !str_is_nocase(str_of(mode), "ipv6"))
        return err_set(e, ERR_CONFIG, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: '%s' is neither IPv4 nor IPv6",
                       mode);
    if (!endpoint)
        endpoint = mode && str_is_nocase(str_of(mode), "ipv6") ? instance_host_ipv6 : instance_host;
    struct str base = str_of(endpoint);
    if (!str_starts(base, STR("http://")) && !str_starts(base, STR("https://")))
        return err_set(e, ERR_CONFIG, "AWS_EC2_METADATA_SERVICE_ENDPOINT: '%s' is not a URL", endpoint);
    while (base.p[base.n - 1] == '/')
        base.n--;
    out->source = CREDENTIALS_INSTANCE;
    out->url = str_dup(base);
    return true;
}

bool credentials_choose(const struct process *process, struct credentials_plan *out, struct err *e)
{
    static enum found (*const sources[])(const struct process *, struct credentials_plan *, struct err *) = {
        from_environment, from_web_identity, from_profile, from_container, NULL};

    *out = (struct credentials_plan){0};
    for (size_t i = 0; sources[i]; i++) {
        enum found f = sources[i](process, out, e);
        if (f == BROKEN)
            credentials_plan_release(out);
        if (f != NOT_THERE)
            return f == FOUND;
    }
    return from_instance(process, out, e);
}

void credentials_plan_release(struct credentials_plan *p)
{
    credentials_release(&p->fixed);
    wipe(&p->token);
    xfree(p->url);
    xfree(p->token_file);
    xfree(p->role_arn);
    xfree(p->session);
    *p = (struct credentials_plan){0};
}

int64_t credentials_refresh_at(int64_t got_ms, int64_t expires_ms, int64_t jitter)
{
    enum { MARGIN_MS = 5 * 60 * 1000, TENTH = 10, THOUSAND = 1000 };
    int64_t life = expires_ms - got_ms;

    if (expires_ms == INT64_MAX)
        return INT64_MAX;
    if (life <= 0)
        return got_ms;
    int64_t margin = life / TENTH > MARGIN_MS ? life / TENTH : MARGIN_MS;
    margin += margin / TENTH * jitter / THOUSAND;
    if (margin > life / 2)
        margin = life / 2; /* short-lived ones: half-way */
    return expires_ms - margin;
}

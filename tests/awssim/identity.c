#include "awssim/identity.h"

#include "awssim/setting.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/moment.h"

#include <stdio.h>
#include <string.h>

enum { DERIVED_KEPT = 8, SCOPE_MAX = 160 };

struct derived {
    char scope[SCOPE_MAX];
    unsigned char key[SIGNATURE_KEY_BYTES];
};

struct entry { /* an identity, in the table */
    struct identity identity;
    struct derived derived[DERIVED_KEPT];
    size_t next; /* the derived key that makes room */
    bool session;
    UT_hash_handle hh;
};

struct auth {
    struct entry *keys;
    struct auth_role *roles;
    size_t role_count, sessions;
    int64_t window_s;
};

static void free_entry(struct entry *n)
{
    xfree(n->identity.access_key);
    xfree(n->identity.secret_key);
    xfree(n->identity.token);
    xfree(n->identity.principal.account);
    xfree(n->identity.principal.arn);
    xfree(n->identity.principal.user_id);
    strs_release(&n->identity.principal.deny);
    xfree(n);
}

static void free_role(struct auth_role *r)
{
    xfree(r->arn);
    xfree(r->account);
    xfree(r->external_id);
    xfree(r->web_identity_token);
    strs_release(&r->trusts);
    strs_release(&r->deny);
}

void auth_free(struct auth *a)
{
    struct entry *n = NULL, *next = NULL;

    if (!a)
        return;
    HASH_ITER(hh, a->keys, n, next)
    {
        HASH_DEL(a->keys, n);
        free_entry(n);
    }
    for (size_t i = 0; i < a->role_count; i++)
        free_role(&a->roles[i]);
    xfree(a->roles);
    xfree(a);
}

static void keep(struct auth *a, struct entry *n)
{
    HASH_ADD_KEYPTR(hh, a->keys, n->identity.access_key, strlen(n->identity.access_key), n);
}

static bool complete_key(struct entry *n, const char *account, struct err *e)
{
    struct identity *i = &n->identity;

    if (!i->access_key || !i->secret_key)
        return err_set(e, ERR_CONFIG, "credentials: access_key and secret_key are needed");
    if (!i->principal.account)
        i->principal.account = xstrdup(account);
    if (strlen(i->principal.account) > 32)
        return err_set(e, ERR_CONFIG, "credentials: account is too long");
    if (!i->principal.arn) {
        struct buf arn = BUF_INIT(256);
        buf_addf(&arn, "arn:aws:iam::%s:user/simulated", i->principal.account);
        i->principal.arn = buf_take(&arn);
    }
    i->principal.user_id = xstrdup("AIDASIMULATED0000001");
    return true;
}

static bool load_key(struct auth *a, const struct json *j, const char *account, struct instant now,
                     struct err *e)
{
    static const char *const known[] = {"access_key", "secret_key", "session_token", "account",
                                        "arn",        "expires_s",  "deny",          NULL};
    struct entry *n = xcalloc(1, sizeof *n);
    struct identity *i = &n->identity;
    int64_t expires_s = 0;

    bool ok = setting_known(j, "credentials", known, e) && setting_str(j, "access_key", &i->access_key, e) &&
              setting_str(j, "secret_key", &i->secret_key, e) &&
              setting_str(j, "session_token", &i->token, e) &&
              setting_str(j, "account", &i->principal.account, e) &&
              setting_str(j, "arn", &i->principal.arn, e) && setting_int(j, "expires_s", &expires_s, e) &&
              setting_strs(j, "deny", &i->principal.deny, e) && complete_key(n, account, e);
    if (ok && identities_find(a, str_of(i->access_key)))
        ok = err_set(e, ERR_CONFIG, "credentials: '%s' twice", i->access_key);
    if (!ok) {
        free_entry(n);
        return false;
    }
    if (json_get(j, "expires_s"))
        i->expires_wall_ms = now.wall_ms + expires_s * 1000;
    keep(a, n);
    return true;
}

/* 123456789012 of arn:aws:iam::123456789012:role/name */
static char *account_of(const char *arn)
{
    struct str part = STR(""), rest = str_of(arn);

    for (int i = 0; i < 5; i++)
        (void)str_cut(rest, ':', &part, &rest);
    return part.n > 0 && part.n <= 32 ? str_dup(part) : NULL;
}

static bool load_role(struct auth *a, const struct json *j, struct err *e)
{
    static const char *const known[] = {"arn",  "external_id",   "web_identity_token", "trusts",
                                        "deny", "max_session_s", "session_s",          NULL};
    a->roles = xrealloc(a->roles, (a->role_count + 1) * sizeof *a->roles);
    struct auth_role *r = &a->roles[a->role_count++];

    *r = (struct auth_role){.max_session_s = 3600};
    if (!setting_known(j, "roles", known, e) || !setting_str(j, "arn", &r->arn, e) ||
        !setting_str(j, "external_id", &r->external_id, e) ||
        !setting_str(j, "web_identity_token", &r->web_identity_token, e) ||
        !setting_strs(j, "trusts", &r->trusts, e) || !setting_strs(j, "deny", &r->deny, e) ||
        !setting_int(j, "max_session_s", &r->max_session_s, e) ||
        !setting_int(j, "session_s", &r->session_s, e))
        return false;
    if (r->arn)
        r->account = account_of(r->arn);
    return r->account || err_set(e, ERR_CONFIG, "roles: an arn with an account is needed");
}

static bool load(struct auth *a, const struct auth_config *config, struct instant now, struct err *e)
{
    for (const struct json *j = json_first(config->credentials); j; j = json_next(j))
        if (!load_key(a, j, config->account, now, e))
            return false;
    for (const struct json *j = json_first(config->roles); j; j = json_next(j))
        if (!load_role(a, j, e))
            return false;
    if (!a->keys) {
        struct entry *n = xcalloc(1, sizeof *n);
        n->identity.access_key = xstrdup("AKIASIMULATED0000001");
        n->identity.secret_key = xstrdup("simulated");
        if (!complete_key(n, config->account, e)) {
            free_entry(n);
            return false;
        }
        keep(a, n);
    }
    return true;
}

struct auth *auth_new(const struct auth_config *config, struct instant now, struct err *e)
{
    struct auth *a = xcalloc(1, sizeof *a);

    a->window_s = config->window_s;
    if (!load(a, config, now, e)) {
        auth_free(a);
        return NULL;
    }
    return a;
}

struct identity *identities_find(const struct auth *a, struct str access_key)
{
    struct entry *n;

    HASH_FIND(hh, a->keys, access_key.p, access_key.n, n);
    return n ? &n->identity : NULL;
}

int64_t identities_window_s(const struct auth *a)
{
    return a->window_s;
}

const unsigned char *identity_signing_key(struct identity *who, const struct signature *s)
{
    struct entry *n = (struct entry *)who; /* the identity is its first member */
    char scope[SCOPE_MAX];

    (void)snprintf(scope, sizeof scope, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(s->date), STR_ARG(s->region),
                   STR_ARG(s->service));
    for (size_t i = 0; i < DERIVED_KEPT; i++)
        if (strcmp(n->derived[i].scope, scope) == 0)
            return n->derived[i].key;
    struct derived *d = &n->derived[n->next++ % DERIVED_KEPT];
    (void)snprintf(d->scope, sizeof d->scope, "%s", scope);
    signature_key(str_of(who->secret_key), s, d->key);
    return d->key;
}

const struct auth_role *auth_role(const struct auth *a, const char *arn)
{
    for (size_t i = 0; i < a->role_count; i++)
        if (strcmp(a->roles[i].arn, arn) == 0)
            return &a->roles[i];
    return NULL;
}

/* Sessions are forgotten an hour after their end: until then a late request is told that its token has
 * expired. */
static void forget_sessions(struct auth *a, int64_t wall_ms)
{
    const int64_t hour_ms = INT64_C(3600000);
    struct entry *n = NULL, *next = NULL;

    HASH_ITER(hh, a->keys, n, next)
    {
        if (!n->session || n->identity.expires_wall_ms + hour_ms > wall_ms)
            continue;
        HASH_DEL(a->keys, n);
        free_entry(n);
        a->sessions--;
    }
}

/* arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME */
static char *session_arn(const struct auth_role *role, const char *name)
{
    struct buf arn = BUF_INIT(2048);
    const char *slash = strrchr(role->arn, '/');

    buf_addf(&arn, "arn:aws:sts::%s:assumed-role/%s/%s", role->account, slash ? slash + 1 : "role", name);
    return buf_take(&arn);
}

bool auth_begin_session(struct auth *a, const struct auth_role *role, const char *name, int64_t seconds,
                        struct instant now, struct chance *chance, struct auth_session *out)
{
    char text[65];
    struct buf user_id = BUF_INIT(1024);

    if (a->sessions >= AUTH_SESSIONS_MAX)
        forget_sessions(a, now.wall_ms);
    if (a->sessions >= AUTH_SESSIONS_MAX)
        return false;
    struct entry *n = xcalloc(1, sizeof *n);
    struct identity *i = &n->identity;

    chance_hex(chance, 16, text);
    for (char *p = text; *p; p++)
        *p = *p >= 'a' ? (char)(*p - 'a' + 'A') : *p;
    struct buf key = BUF_INIT(64);
    buf_addf(&key, "ASIA%s", text);
    i->access_key = buf_take(&key);
    chance_hex(chance, 40, text);
    i->secret_key = xstrdup(text);
    chance_hex(chance, 64, text);
    i->token = xstrdup(text);
    i->expires_wall_ms = now.wall_ms + (role->session_s ? role->session_s : seconds) * 1000;
    i->principal.account = xstrdup(role->account);
    i->principal.arn = session_arn(role, name);
    buf_addf(&user_id, "AROASIMULATED0000001:%s", name);
    i->principal.user_id = buf_take(&user_id);
    strs_copy(&i->principal.deny, &role->deny);
    n->session = true;
    keep(a, n);
    a->sessions++;
    *out = (struct auth_session){i->access_key,    i->secret_key,        i->token,
                                 i->principal.arn, i->principal.user_id, i->expires_wall_ms};
    return true;
}

#include "aws/endpoint.h"

#include "aws/profile.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { REGION_MAX = 31 };

struct partition {
    const char *name;
    const char *begins[10]; /* regions begin with one of these and a hyphen; then \w+-\d+ */
    const char *suffix, *dualstack;
};

/* Longer beginnings first: us-gov- before us-. */
static const struct partition partitions[] = {
    {"aws-cn", {"cn"}, "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-us-gov", {"us-gov"}, "amazonaws.com", "api.aws"},
    {"aws-eusc", {"eusc"}, "amazonaws.eu", "api.amazonwebservices.eu"},
    {"aws-iso", {"us-iso"}, "c2s.ic.gov", "api.aws.ic.gov"},
    {"aws-iso-b", {"us-isob"}, "sc2s.sgov.gov", "api.aws.scloud"},
    {"aws-iso-e", {"eu-isoe"}, "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"aws-iso-f", {"us-isof"}, "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"aws", {"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"}, "amazonaws.com", "api.aws"},
};

bool endpoint_region_valid(const char *region)
{
    size_t n = strlen(region);

    if (n == 0 || n > REGION_MAX || region[0] == '-' || region[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((region[i] >= 'a' && region[i] <= 'z') || (region[i] >= '0' && region[i] <= '9') ||
              region[i] == '-'))
            return false;
    return true;
}

static const struct partition *partition_of(const char *region)
{
    enum { COUNT = sizeof partitions / sizeof *partitions };

    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; partitions[i].begins[j]; j++) {
            size_t n = strlen(partitions[i].begins[j]);
            if (strncmp(region, partitions[i].begins[j], n) == 0 && region[n] == '-')
                return &partitions[i];
        }
    }
    return &partitions[COUNT - 1];
}

const char *endpoint_partition(const char *region)
{
    return partition_of(region)->name;
}

static const char *env(const struct process *process, const char *name)
{
    const char *value = process->ops->env(process->port, name);

    return value && value[0] ? value : NULL;
}

static bool read_flag(const struct process *process, const struct profiles *p, const char *section,
                      const char *variable, const char *key, bool *out, struct err *e)
{
    const char *value = env(process, variable);

    if (!value)
        value = profiles_get(p, section, key);
    if (!value)
        return true;
    *out = str_is_nocase(str_of(value), "true");
    if (*out || str_is_nocase(str_of(value), "false"))
        return true;
    return err_set(e, ERR_CONFIG, "%s: '%s' is neither true nor false", variable, value);
}

static void add_url(struct endpoint_settings *s, const char *id, const char *url)
{
    BUG_IF(s->url_count == ENDPOINT_OVERRIDES_MAX);
    if (url && url[0])
        s->urls[s->url_count++] = (struct endpoint_url){id, xstrdup(url)};
}

static const char *service_url(const struct profiles *p, const char *section, const char *id)
{
    char key[64];
    BUF_CLEANUP struct buf services = BUF_INIT(512);
    const char *name = profiles_get(p, section, "services");

    if (!name)
        return NULL;
    buf_addf(&services, "services %s", name);
    (void)snprintf(key, sizeof key, "%s.endpoint_url", id);
    for (size_t i = 0; key[i]; i++)
        key[i] = (char)tolower((unsigned char)key[i]);
    return profiles_get(p, buf_cstr(&services), key);
}

static void load_urls(const struct process *process, const struct profiles *p, const char *section,
                      struct endpoint_settings *out)
{
    static const char *const ids[] = {"EC2", "SSM", "DYNAMODB", "STS", "S3", NULL};
    const char *all = env(process, "AWS_ENDPOINT_URL");
    char variable[64];

    for (size_t i = 0; ids[i]; i++) {
        (void)snprintf(variable, sizeof variable, "AWS_ENDPOINT_URL_%s", ids[i]);
        const char *url = env(process, variable);
        if (!url && !all)
            url = service_url(p, section, ids[i]);
        add_url(out, ids[i], url);
    }
    add_url(out, "", all ? all : profiles_get(p, section, "endpoint_url"));
}

bool endpoint_settings_load(const struct process *process, struct endpoint_settings *out, struct err *e)
{
    struct profiles p = {0};
    BUF_CLEANUP struct buf section = BUF_INIT(512);
    const char *region = env(process, "AWS_REGION");

    *out = (struct endpoint_settings){0};
    profile_section(process, &section);
    if (!buf_ok(&section, "AWS_PROFILE", e) || !profiles_load(process, &p, e))
        return false;
    const char *s = buf_cstr(&section);
    bool ok = read_flag(process, &p, s, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &out->fips, e) &&
              read_flag(process, &p, s, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint",
                        &out->dualstack, e) &&
              read_flag(process, &p, s, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                        "ignore_configured_endpoint_urls", &out->ignore_urls, e);
    if (!region)
        region = env(process, "AWS_DEFAULT_REGION");
    if (!region)
        region = profiles_get(&p, s, "region");
    if (region && region[0])
        out->region = xstrdup(region);
    if (ok && out->region && !endpoint_region_valid(out->region))
        ok = err_set(e, ERR_CONFIG, "'%s' is not the name of a region", out->region);
    if (ok)
        load_urls(process, &p, s, out);
    profiles_release(&p);
    if (!ok)
        endpoint_settings_release(out);
    return ok;
}

void endpoint_settings_release(struct endpoint_settings *s)
{
    for (size_t i = 0; i < s->url_count; i++)
        xfree(s->urls[i].url);
    xfree(s->region);
    *s = (struct endpoint_settings){0};
}

static const char *configured(const struct endpoint_settings *s, const char *id)
{
    if (s->ignore_urls)
        return NULL;
    for (size_t i = 0; i < s->url_count; i++)
        if (!s->urls[i].id[0] || strcmp(s->urls[i].id, id) == 0)
            return s->urls[i].url;
    return NULL;
}

/*
 * scheme://authority[/path]: no user, query or fragment; the default port is left out of Host, as HTTP
 * clients do.
 */
static bool split_url(const char *url, struct endpoint *out, struct err *e)
{
    struct str rest = str_of(url);
    bool tls = str_starts(rest, STR("https://"));
    struct str authority, path;

    if (!tls && !str_starts(rest, STR("http://")))
        return err_set(e, ERR_CONFIG, "endpoint '%s': neither http:// nor https://", url);
    rest = str_skip(rest, tls ? 8 : 7);
    bool more = str_cut(rest, '/', &authority, &path);
    for (size_t i = 0; i < rest.n; i++)
        if ((unsigned char)rest.p[i] <= 0x20 || strchr("?#@\\\x7f", rest.p[i]))
            return err_set(e, ERR_CONFIG, "endpoint '%s': a character that a plain URL does not have", url);
    struct str port = tls ? STR(":443") : STR(":80");
    if (str_ends(authority, port))
        authority.n -= port.n;
    if (!authority.n || rest.n + 16 > ENDPOINT_URL_MAX)
        return err_set(e, ERR_CONFIG, "endpoint '%.200s': no host, or too long", url);
    while (path.n && path.p[path.n - 1] == '/')
        path.n--;
    (void)snprintf(out->host, sizeof out->host, STR_FMT, STR_ARG(authority));
    (void)snprintf(out->path, sizeof out->path, "/" STR_FMT, STR_ARG(more ? path : STR("")));
    int n = snprintf(out->url, sizeof out->url, "%s://%s%s", tls ? "https" : "http", out->host, out->path);
    BUG_IF(n < 0 || (size_t)n >= sizeof out->url);
    return true;
}

/* GovCloud's plain names are FIPS names: of all services that we speak, see the rule sets. */
static bool plain_is_fips(const struct endpoint_settings *s, const struct partition *p)
{
    return !s->dualstack && strcmp(p->name, "aws-us-gov") == 0;
}

bool endpoint_resolve(const struct endpoint_settings *s, const struct aws_service *service,
                      const char *region, struct endpoint *out, struct err *e)
{
    const char *url = configured(s, service->id);
    char text[ENDPOINT_URL_MAX];

    if (!region || !region[0])
        return err_set(e, ERR_CONFIG, "%s: no region: neither AWS_REGION nor an option names one",
                       service->name) ||
               err_code(e, AWS_NO_REGION);
    if (!endpoint_region_valid(region))
        return err_set(e, ERR_CONFIG, "%s: '%.64s' is not the name of a region", service->name, region);
    (void)snprintf(out->region, sizeof out->region, "%s", region);
    if (url && (s->fips || s->dualstack))
        return err_set(e, ERR_CONFIG,
                       "%s: a configured endpoint URL cannot be combined with FIPS or dual stack",
                       service->name);
    if (url)
        return split_url(url, out, e);
    const struct partition *p = partition_of(region);
    const char *fips = s->fips && !plain_is_fips(s, p) ? "-fips" : "";
    (void)snprintf(text, sizeof text, "https://%s%s.%s.%s", service->prefix, fips, region,
                   s->dualstack ? p->dualstack : p->suffix);
    return split_url(text, out, e);
}

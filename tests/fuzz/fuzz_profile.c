/*
 * fuzz_profile - AWS's shared files as anybody may have written them: taken, or refused with a file, a line
 * and no value in the words; what is taken can be found.
 *
 * The input up to the first NUL is the credentials file, the rest the config file.
 */
#include "aws/profile.h"
#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct files {
    struct str credentials, config;
};

static const char *env_get(void *port, const char *name)
{
    (void)port;
    return strcmp(name, "HOME") == 0 ? "/h" : strcmp(name, "AWS_PROFILE") == 0 ? "p" : NULL;
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    const struct files *f = port;

    buf_add(out, str_is(STR("/h/.aws/config"), path) ? f->config : f->credentials);
    return buf_ok(out, path, e);
}

static void load(const struct process *process)
{
    struct profiles p = {0};
    struct err e = {0};

    bool ok = profiles_load(process, &p, &e);
    BUG_IF(!ok && (e.kind != ERR_CONFIG || !strstr(e.msg, "/h/.aws/") || p.n));
    for (size_t i = 0; ok && i < p.n; i++) {
        BUG_IF(!profiles_has(&p, p.at[i].section));
        BUG_IF(p.at[i].key && !profiles_get(&p, p.at[i].section, p.at[i].key));
    }
    profiles_release(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct process_ops ops = {.env = env_get, .read_file = read_file};
    struct mem_account account = {0};
    struct files files;
    const struct process process = {&ops, &files};

    (void)mem_account_set(&account);
    (void)str_cut(str_n((const char *)data, n), '\0', &files.credentials, &files.config);
    load(&process);
    BUG_IF(account.bytes || account.blocks);
    return 0;
}

/*
 * Whatever a file of options or a command line holds: it is taken, or refused with a place and a reason;
 * secrets stay out of what is shown, and nothing is left.
 *
 * The input up to the first NUL is the file; each line behind it is a word of the command line.
 */
#include "conf/options.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *env_get(void *port, const char *name)
{
    (void)port;
    (void)name;
    return NULL;
}

static void env_names(void *port, const char *prefix, struct strs *names)
{
    (void)port;
    (void)prefix;
    (void)names;
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    if (str_is(STR("/etc/ec2sched/ec2sched.conf"), path)) {
        buf_add(out, *(const struct str *)port);
        return buf_ok(out, path, e);
    }
    return err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
}

static void words(struct str text, struct strs *argv)
{
    struct str line;

    strs_add(argv, STR("ec2sched"));
    while (text.n && argv->n < 100) {
        (void)str_cut(text, '\n', &line, &text);
        if (!str_find(line, STR("\0"), &(size_t){0}))
            strs_add(argv, line);
    }
}

static void load(struct str file, struct str line, const char *listen)
{
    static const struct process_ops ops = {.env = env_get, .env_names = env_names, .read_file = read_file};
    const struct options_program program = {"ec2sched", "fuzz", NULL, listen};
    const struct process process = {&ops, &file};
    STRS_CLEANUP struct strs argv = {0};
    STRS_CLEANUP struct strs rest = {0};
    STRS_CLEANUP struct strs warnings = {0};
    enum options_exit exit = OPTIONS_GO;
    struct options o = {0};
    struct err e = {0};

    words(line, &argv);
    bool ok = options_load(&o, &program, &process, (int)argv.n, argv.at, listen ? NULL : &rest, &warnings,
                           &exit, &e);
    BUG_IF(!ok && (e.kind != ERR_CONFIG || !e.msg[0]));
    if (ok && exit != OPTIONS_HELP && exit != OPTIONS_VERSION) {
        BUF_CLEANUP struct buf shown = BUF_INIT((size_t)1 << 24);
        options_print(&o, &shown);
        BUG_IF(shown.over || !o.redis.prefix);
    }
    options_release(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mem_account account = {0};
    struct str file;
    struct str line;

    (void)mem_account_set(&account);
    (void)str_cut(str_n((const char *)data, n), '\0', &file, &line);
    load(file, line, "127.0.0.1:1");
    load(file, line, NULL);
    BUG_IF(account.bytes || account.blocks);
    return 0;
}

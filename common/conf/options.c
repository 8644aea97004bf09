#include "conf/options.h"

#include "base/mem.h"
#include "conf/options_table.h"

#include <stdlib.h>
#include <string.h>

/*
 * Reading goes in two steps. Every source is first only collected, as text under a name; a stronger source
 * replaces a weaker one. Then each option is set once: so a secret's file is read only if it counts, and an
 * error names the one place to change.
 */

static const char default_file[] = "/etc/ec2sched/ec2sched.conf";

enum { FILE_MAX_BYTES = 1024 * 1024, GIVEN_MAX = 4096 };

enum rank { FROM_FILE, FROM_ENV, FROM_FLAG };

struct given {
    char *name, *text;
    char *where; /* "--redis.url", "EC2SCHED_REDIS_URL", "/etc/ec2sched/ec2sched.conf:12" */
    enum rank rank;
};

struct reading {
    struct options *o;
    const struct options_program *program;
    const struct process *process;
    struct given *given;
    size_t n;
    struct strs *rest, *warnings;
    char *config; /* the file that was asked for; NULL: the usual one, if there */
    enum options_exit exit;
};

static void reading_release(struct reading *r)
{
    for (size_t i = 0; i < r->n; i++) {
        xfree(r->given[i].name);
        option_wipe(&r->given[i].text); /* may be a secret */
        xfree(r->given[i].where);
    }
    xfree(r->given);
    xfree(r->config);
}

/* ---- names ---- */

static struct str passed_prefix(void)
{
    return STR("kafka.x.");
}

/* A property of librdkafka's behind kafka.x. */
static bool is_passed(struct str name)
{
    if (!str_starts(name, passed_prefix()) || name.n == passed_prefix().n)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') ||
              name.p[i] == '.'))
            return false;
    return true;
}

static bool is_known(struct str name)
{
    return option_find(name) || is_passed(name);
}

static bool is_secret_name(struct str name)
{
    static const char *const marks[] = {"password", "secret", "key", "token", "oauthbearer.config", "jaas"};
    size_t at = 0;

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (str_find(name, str_of(marks[i]), &at))
            return true;
    return false;
}

static bool refuse_unknown(const char *what, struct str name, const char *where, struct err *e)
{
    const char *near = option_nearest(name);

    (void)err_set(e, ERR_CONFIG, "%s: unknown %s: %s%s", where, what,
                  near ? "did you mean " : "--help lists all", near ? near : "");
    return false;
}

/* ---- collecting ---- */

static struct given *find_given(const struct reading *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_is(name, r->given[i].name))
            return &r->given[i];
    return NULL;
}

/* Sources come in any order; of the same rank the later one counts, but in a file, where it is a mistake. */
static bool give(struct reading *r, struct str name, struct str text, enum rank rank, const char *where,
                 struct err *e)
{
    struct given *g = find_given(r, name);

    if (g && g->rank > rank)
        return true;
    if (g && g->rank == rank && rank == FROM_FILE)
        return err_set(e, ERR_CONFIG, "%s: %s stands already at %s: remove one of them", where, g->name,
                       g->where);
    if (!g) {
        if (r->n == GIVEN_MAX)
            return err_set(e, ERR_CONFIG, "%s: more than %d options", where, GIVEN_MAX);
        r->given = xrealloc(r->given, (r->n + 1) * sizeof *r->given);
        g = &r->given[r->n++];
        *g = (struct given){.name = str_dup(name)};
    }
    option_wipe(&g->text);
    xfree(g->where);
    g->text = str_dup(text);
    g->where = xstrdup(where);
    g->rank = rank;
    return true;
}

/* One word of the command line, and perhaps its value behind it. */
struct flag {
    struct str name, value;
    bool has_value; /* --name=value */
};

static bool is_flag(struct str word)
{
    return word.n > 2 && str_starts(word, STR("--"));
}

static struct flag flag_of(const char *word)
{
    struct flag f = {0};

    f.has_value = str_cut(str_skip(str_of(word), 2), '=', &f.name, &f.value);
    return f;
}

/* The flags that are not options: false if this is none of them. */
static bool is_question(struct reading *r, const struct flag *f)
{
    if (f->has_value)
        return false;
    if (str_is(f->name, "help"))
        r->exit = OPTIONS_HELP;
    else if (str_is(f->name, "version"))
        r->exit = OPTIONS_VERSION;
    else if (str_is(f->name, "health") && r->program->listen)
        r->exit = OPTIONS_HEALTH;
    else
        return false;
    return true;
}

/* What stands alone for an option that is there or not. */
static bool implies_true(struct str name)
{
    const struct option *row = option_find(name);

    return row && row->kind == OPTION_BOOL;
}

static bool read_flag(struct reading *r, struct flag *f, const char *next, bool *used_next, struct err *e)
{
    bool config = str_is(f->name, "config");
    CLEANUP(xfreep) char *name = str_dup(f->name);

    if (!f->has_value && implies_true(f->name)) {
        f->value = STR("true");
    } else if (!f->has_value) {
        if (!next || is_flag(str_of(next)))
            return err_set(e, ERR_CONFIG,
                           "--%s: needs a value (one that begins with -- is written --%s=VALUE)", name, name);
        f->value = str_of(next);
        *used_next = true;
    }
    if (config) {
        xfree(r->config);
        r->config = str_dup(f->value);
        return true;
    }
    BUF_CLEANUP struct buf where = BUF_INIT(ERR_MSG_MAX);
    buf_addf(&where, "--%s", name);
    if (!strs_has(&r->o->flags, f->name))
        strs_add(&r->o->flags, f->name);
    return give(r, f->name, f->value, FROM_FLAG, buf_cstr(&where), e);
}

/* Not ours: the verb's, if there are verbs. */
static bool leave(struct reading *r, const char *word, struct err *e)
{
    struct str w = str_of(word);

    if (r->rest) {
        strs_add(r->rest, w);
        return true;
    }
    if (!is_flag(w))
        return err_set(e, ERR_CONFIG, "'%.60s': unexpected word: options are written --name VALUE", word);
    struct flag f = flag_of(word);
    BUF_CLEANUP struct buf where = BUF_INIT(ERR_MSG_MAX / 2);
    buf_addf(&where, "--" STR_FMT, f.name.n > 60 ? 60 : (int)f.name.n,
             f.name.p); /* without its value: it may be a secret */
    return refuse_unknown("option", f.name, buf_cstr(&where), e);
}

/* The word at *i, and perhaps the next one, on which *i then stands. */
static bool read_word(struct reading *r, char *const *argv, int argc, int *i, struct err *e)
{
    const char *word = argv[*i];
    bool used_next = false;

    if (strcmp(word, "-h") == 0) {
        r->exit = OPTIONS_HELP;
        return true;
    }
    if (!is_flag(str_of(word)))
        return leave(r, word, e);
    struct flag f = flag_of(word);
    if (is_question(r, &f))
        return true;
    if (!is_known(f.name) && !str_is(f.name, "config"))
        return leave(r, word, e);
    if (!read_flag(r, &f, *i + 1 < argc ? argv[*i + 1] : NULL, &used_next, e))
        return false;
    *i += used_next;
    return true;
}

static bool read_flags(struct reading *r, int argc, char *const *argv, struct err *e)
{
    bool ours = true; /* until "--": behind it all is the verb's */

    for (int i = 1; i < argc; i++) {
        ours = ours && strcmp(argv[i], "--") != 0;
        if (ours ? !read_word(r, argv, argc, &i, e) : !leave(r, argv[i], e))
            return false;
    }
    return true;
}

static bool read_line(struct reading *r, struct str line, const char *where, struct err *e)
{
    struct str key;
    struct str value;

    line = str_trim(line);
    if (!line.n || line.p[0] == '#')
        return true;
    if (!str_cut(line, '=', &key, &value))
        return err_set(e, ERR_CONFIG, "%s: not of the form key = value", where);
    key = str_trim(key);
    if (!is_known(key))
        return refuse_unknown("key", key, where, e);
    return give(r, key, str_trim(value), FROM_FILE, where, e);
}

static bool read_lines(struct reading *r, const char *path, struct str text, struct err *e)
{
    struct str line;
    int number = 0;

    while (text.n) {
        (void)str_cut(text, '\n', &line, &text);
        BUF_CLEANUP struct buf where = BUF_INIT(ERR_MSG_MAX / 2);
        buf_addf(&where, "%.200s:%d", path, ++number);
        if (!read_line(r, line, buf_cstr(&where), e))
            return false;
    }
    return true;
}

static bool read_file(struct reading *r, struct err *e)
{
    const char *path = r->config ? r->config : default_file;
    const struct process *p = r->process;
    BUF_CLEANUP struct buf text = BUF_INIT(FILE_MAX_BYTES);
    struct err why = {0};

    if (!p->ops->read_file(p->port, path, &text, &why)) {
        if (why.kind == ERR_NOT_FOUND && !r->config)
            return true;
        return err_set(e, ERR_CONFIG, "--config: %s", why.msg);
    }
    if (!read_lines(r, path, buf_view(&text), e))
        return false;
    r->o->config = xstrdup(path);
    return true;
}

/*
 * EC2SCHED_KAFKA_X_SASL_USERNAME -> kafka.x.sasl.username. No name of ours or of librdkafka's has an
 * underscore.
 */
static void name_of_variable(struct str variable, struct buf *name)
{
    variable = str_skip(variable, sizeof "EC2SCHED_" - 1);
    for (size_t i = 0; i < variable.n; i++) {
        char c = variable.p[i];
        buf_addc(name, c == '_' ? '.' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

static void warn_unknown(struct reading *r, const char *variable, struct str name)
{
    const char *near = option_nearest(name);
    char known[OPTION_VARIABLE_MAX];
    BUF_CLEANUP struct buf line = BUF_INIT(ERR_MSG_MAX);

    if (near)
        option_variable(str_of(near), known);
    buf_addf(&line, "%.200s: no such option, ignored%s%s", variable, near ? ": did you mean " : "",
             near ? known : "");
    strs_add(r->warnings, buf_view(&line));
}

static bool read_variable(struct reading *r, const char *variable, struct err *e)
{
    const char *value = r->process->ops->env(r->process->port, variable);
    BUF_CLEANUP struct buf name = BUF_INIT(OPTION_VARIABLE_MAX);

    if (!value || !*value || strcmp(variable, "EC2SCHED_CONFIG") == 0)
        return true; /* empty is how container tools write "not set" */
    name_of_variable(str_of(variable), &name);
    if (name.over || !is_known(buf_view(&name))) {
        warn_unknown(r, variable, buf_view(&name));
        return true;
    }
    return give(r, buf_view(&name), str_of(value), FROM_ENV, variable, e);
}

static bool read_env(struct reading *r, struct err *e)
{
    const struct process *p = r->process;
    STRS_CLEANUP struct strs names = {0};

    p->ops->env_names(p->port, "EC2SCHED_", &names);
    strs_sort(&names);
    for (size_t i = 0; i < names.n; i++)
        if (!read_variable(r, names.at[i], e))
            return false;
    const char *config = p->ops->env(p->port, "EC2SCHED_CONFIG");
    if (!r->config && config && *config)
        r->config = xstrdup(config);
    return true;
}

/* ---- setting ---- */

static bool set_defaults(struct reading *r, struct err *e)
{
    for (const struct option *row = option_table; row->name; row++)
        if (row->initial && !option_set(r->o, row, str_of(row->initial), r->process, e))
            return err_wrap(e, "%s (default)", row->name);
    return true;
}

/* What the protocol's proof rests on, or what has a name of its own here. */
static const char *why_not_passed(struct str property)
{
    static const char *const fixed[] = {
        "group.id",           "acks",
        "enable.idempotence", "request.required.acks",
        "enable.auto.commit", "auto.commit.enable",
        "isolation.level",    "enable.auto.offset.store",
        "transactional.id",   "partition.assignment.strategy",
    };

    if (str_is(property, "bootstrap.servers") || str_is(property, "metadata.broker.list"))
        return "is called kafka.brokers here";
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (str_is(property, fixed[i]))
            return "is set by the protocol itself: remove it";
    return NULL;
}

static bool pass(struct options *o, const struct given *g, const struct process *process, struct err *e)
{
    struct str property = str_skip(str_of(g->name), passed_prefix().n);
    const char *why = why_not_passed(property);
    bool secret = is_secret_name(property);
    char *value = NULL;

    if (why)
        return err_set(e, ERR_CONFIG, "%s", why);
    if (str_has_control(str_of(g->text)))
        return err_set(e, ERR_CONFIG, "must not hold control characters");
    if (!secret)
        value = xstrdup(g->text);
    else if (!option_secret(str_of(g->text), process, &value, e))
        return false;
    o->kafka.x = xrealloc(o->kafka.x, (o->kafka.x_count + 1) * sizeof *o->kafka.x);
    o->kafka.x[o->kafka.x_count++] = (struct options_pair){str_dup(property), value, secret};
    return true;
}

static bool set_given(struct reading *r, struct err *e)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct given *g = &r->given[i];
        const struct option *row = option_find(str_of(g->name));
        bool ok = row ? option_set(r->o, row, str_of(g->text), r->process, e) : pass(r->o, g, r->process, e);
        if (!ok && g->rank == FROM_FLAG)
            return err_wrap(e, "%s", g->where);
        if (!ok)
            return err_wrap(e, "%s: %s", g->where, g->name);
    }
    return true;
}

static void set_implied(struct options *o, const struct options_program *p)
{
    if (!o->redis.prefix)
        o->redis.prefix = xstrdup(o->kafka.prefix);
    if (!o->admin.listen && p->listen)
        o->admin.listen = xstrdup(p->listen);
}

static bool load(struct reading *r, int argc, char *const *argv, struct err *e)
{
    if (!read_flags(r, argc, argv, e))
        return false;
    if (r->exit == OPTIONS_HELP || r->exit == OPTIONS_VERSION)
        return true; /* to be had whatever the rest says */
    if (!read_env(r, e) || !read_file(r, e) || !set_defaults(r, e) || !set_given(r, e))
        return false;
    set_implied(r->o, r->program);
    return true;
}

bool options_load(struct options *o, const struct options_program *p, const struct process *process, int argc,
                  char *const *argv, struct strs *rest, struct strs *warnings, enum options_exit *exit,
                  struct err *e)
{
    struct reading r = {.o = o, .program = p, .process = process, .rest = rest, .warnings = warnings};

    *o = (struct options){0};
    bool ok = load(&r, argc, argv, e);
    *exit = r.exit;
    reading_release(&r);
    if (!ok) {
        e->kind = ERR_CONFIG;
        options_release(o);
    }
    return ok;
}

const char *options_nearest(struct str name)
{
    return option_nearest(name);
}

void options_release(struct options *o)
{
    for (const struct option *row = option_table; row->name; row++)
        option_release(o, row);
    for (size_t i = 0; i < o->kafka.x_count; i++) {
        xfree(o->kafka.x[i].name);
        option_wipe(&o->kafka.x[i].value);
    }
    xfree(o->kafka.x);
    xfree(o->config);
    strs_release(&o->flags);
    *o = (struct options){0};
}

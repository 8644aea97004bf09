#include "aws/profile.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <string.h>

enum { PATH_BYTES_MAX = 4096, SECTION_MAX = 512 };

struct reading {
    struct profiles *out;
    const char *path;
    bool config;
    char *section, *parent; /* owned */
};

static void add(struct profiles *p, const char *section, struct str key, struct str value)
{
    if ((p->n & (p->n - 1)) == 0)
        p->at = xrealloc(p->at, (p->n ? 2 * p->n : 1) * sizeof *p->at);
    p->at[p->n++] = (struct profile_entry){xstrdup(section), key.n ? str_dup(key) : NULL, str_dup(value)};
}

static struct str without_comment(struct str s)
{
    for (size_t i = 1; i < s.n; i++)
        if ((s.p[i] == '#' || s.p[i] == ';') && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
            return str_n(s.p, i);
    return s;
}

static bool read_section(struct reading *r, struct str line)
{
    BUF_CLEANUP struct buf name = BUF_INIT(SECTION_MAX);
    struct str inner, kind, rest;

    line = str_trim(without_comment(line));
    if (line.n < 3 || line.p[line.n - 1] != ']')
        return false;
    inner = str_trim(str_n(line.p + 1, line.n - 2));
    bool two = str_cut(inner, ' ', &kind, &rest);
    if (r->config && two)
        buf_addf(&name, STR_FMT " " STR_FMT, STR_ARG(kind), STR_ARG(str_trim(rest)));
    else if (r->config || str_is(inner, "default"))
        buf_add(&name, inner);
    else
        buf_addf(&name, "profile " STR_FMT, STR_ARG(inner));
    if (name.over || !inner.n)
        return false;
    if (str_is(buf_view(&name), "profile default")) { /* both spellings are the one */
        buf_clear(&name);
        buf_adds(&name, "default");
    }
    xfree(r->section);
    r->section = buf_take(&name);
    xfreep(&r->parent);
    add(r->out, r->section, STR(""), STR(""));
    return true;
}

static bool read_pair(struct reading *r, struct str line)
{
    BUF_CLEANUP struct buf key = BUF_INIT(SECTION_MAX);
    bool nested = line.p[0] == ' ' || line.p[0] == '\t';
    struct str name, value;

    if (!r->section || !str_cut(line, '=', &name, &value))
        return false;
    name = str_trim(name);
    value = str_trim(without_comment(value));
    if (!name.n || (nested && !r->parent))
        return false;
    if (nested)
        buf_addf(&key, "%s.", r->parent);
    buf_add(&key, name);
    if (key.over)
        return false;
    if (!nested) {
        xfreep(&r->parent);
        r->parent = value.n ? NULL : str_dup(name);
    }
    add(r->out, r->section, buf_view(&key), value);
    return true;
}

static bool read_lines(struct reading *r, struct str text, struct err *e)
{
    struct str line;

    for (size_t number = 1; text.n; number++) {
        (void)str_cut(text, '\n', &line, &text);
        struct str bare = str_trim(line);
        if (!bare.n || bare.p[0] == '#' || bare.p[0] == ';')
            continue;
        if (r->out->n >= PROFILE_ENTRIES_MAX)
            return err_set(e, ERR_CONFIG, "%s: more than %d lines", r->path, PROFILE_ENTRIES_MAX);
        bool ok = line.p[0] == '[' ? read_section(r, bare) : read_pair(r, line);
        if (!ok)
            return err_set(e, ERR_CONFIG, "%s line %zu: neither a section nor key = value", r->path, number);
    }
    return true;
}

static bool read_file(const struct process *process, struct profiles *out, const char *variable,
                      const char *name, bool config, struct err *e)
{
    BUF_CLEANUP struct buf path = BUF_INIT(PATH_BYTES_MAX);
    struct buf text = BUF_INIT(PROFILE_FILE_MAX);
    const char *given = process->ops->env(process->port, variable);
    const char *home = process->ops->env(process->port, "HOME");
    struct err why = {0};

    if (given && given[0] && (given[0] != '~' || !home))
        buf_adds(&path, given);
    else if (given && given[0])
        buf_addf(&path, "%s%s", home, given + 1);
    else if (home && home[0])
        buf_addf(&path, "%s/.aws/%s", home, name);
    else
        return true;
    if (!buf_ok(&path, variable, e))
        return false;
    bool ok = process->ops->read_file(process->port, buf_cstr(&path), &text, &why);
    if (!ok && why.kind == ERR_NOT_FOUND && !(given && given[0])) {
        buf_release(&text);
        return true;
    }
    struct reading r = {out, buf_cstr(&path), config, NULL, NULL};
    if (ok)
        ok = read_lines(&r, buf_view(&text), e);
    else
        (void)err_set(e, ERR_CONFIG, "%s: %s", buf_cstr(&path), why.msg);
    if (text.p)
        crypto_wipe(text.p, text.n);
    buf_release(&text);
    xfree(r.section);
    xfree(r.parent);
    return ok;
}

bool profiles_load(const struct process *process, struct profiles *out, struct err *e)
{
    *out = (struct profiles){0};
    if (read_file(process, out, "AWS_SHARED_CREDENTIALS_FILE", "credentials", false, e) &&
        read_file(process, out, "AWS_CONFIG_FILE", "config", true, e))
        return true;
    profiles_release(out);
    return false;
}

void profiles_release(struct profiles *p)
{
    for (size_t i = 0; i < p->n; i++) {
        xfree(p->at[i].section);
        xfree(p->at[i].key);
        crypto_wipe(p->at[i].value, strlen(p->at[i].value));
        xfree(p->at[i].value);
    }
    xfree(p->at);
    *p = (struct profiles){0};
}

const char *profiles_get(const struct profiles *p, const char *section, const char *key)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i].key && strcmp(p->at[i].section, section) == 0 && strcmp(p->at[i].key, key) == 0)
            return p->at[i].value;
    return NULL;
}

bool profiles_has(const struct profiles *p, const char *section)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->at[i].section, section) == 0)
            return true;
    return false;
}

void profile_section(const struct process *process, struct buf *out)
{
    const char *name = process->ops->env(process->port, "AWS_PROFILE");

    if (!name || !name[0])
        name = process->ops->env(process->port, "AWS_DEFAULT_PROFILE");
    if (!name || !name[0] || strcmp(name, "default") == 0)
        buf_adds(out, "default");
    else
        buf_addf(out, "profile %s", name);
}

#include "sim/sim_process.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { NOTES_MAX = 1000 };

struct file {
    char *path, *text;
    size_t n;
    const struct sim_process_client *lock; /* of a note */
    struct file *next;
};

struct sim_disk {
    struct file *files;
    bool full;
    sim_disk_noted *noted;
    void *noted_self;
};

struct sim_process_client {
    struct sim_disk *d;
    struct scheduler *s;
    uint64_t owner, last_id;
    const char *const *env;
    char host[64];
    struct file *note;
    bool dying; /* with this note */
};

struct never { /* a completion of what is not there */
    struct sim_process_client *c;
    uint64_t id;
    process_exited *exited;
    process_probed *probed;
    void *self;
};

static struct file *find(const struct sim_disk *d, const char *path)
{
    struct file *f = d->files;

    while (f && strcmp(f->path, path) != 0)
        f = f->next;
    return f;
}

static struct file *make(struct sim_disk *d, const char *path)
{
    struct file *f = xcalloc(1, sizeof *f);

    f->path = xstrdup(path);
    f->next = d->files;
    d->files = f;
    return f;
}

static void fill(struct file *f, struct str text)
{
    xfree(f->text);
    f->text = str_dup(text);
    f->n = text.n;
}

static void file_free(struct file *f)
{
    xfree(f->path);
    xfree(f->text);
    xfree(f);
}

struct sim_disk *sim_disk_new(void)
{
    return xcalloc(1, sizeof(struct sim_disk));
}

void sim_disk_free(struct sim_disk *d)
{
    while (d && d->files) {
        struct file *f = d->files;
        d->files = f->next;
        file_free(f);
    }
    xfree(d);
}

void sim_disk_put(struct sim_disk *d, const char *path, struct str text)
{
    struct file *f = find(d, path), **at = &d->files;

    if (text.p) {
        fill(f ? f : make(d, path), text);
        return;
    }
    while (*at && *at != f)
        at = &(*at)->next;
    if (*at) {
        *at = f->next;
        file_free(f);
    }
}

void sim_disk_set_full(struct sim_disk *d, bool full)
{
    d->full = full;
}

void sim_disk_listen(struct sim_disk *d, sim_disk_noted *noted, void *self)
{
    d->noted = noted;
    d->noted_self = self;
}

/* ---- the port ---- */

static const char *env(void *port, const char *name)
{
    const struct sim_process_client *c = port;
    size_t n = strlen(name);

    if (strcmp(name, "HOSTNAME") == 0)
        return c->host;
    for (const char *const *e = c->env; *e; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

static void env_names(void *port, const char *prefix, struct strs *names)
{
    const struct sim_process_client *c = port;
    struct str name, value;

    for (const char *const *e = c->env; *e; e++)
        if (str_cut(str_of(*e), '=', &name, &value) && str_starts(name, str_of(prefix)))
            strs_add(names, name);
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    const struct file *f = find(((struct sim_process_client *)port)->d, path);

    if (!f)
        return err_set(e, ERR_NOT_FOUND, "%s: No such file or directory", path);
    buf_add(out, str_n(f->text, f->n));
    return buf_ok(out, path, e);
}

static bool list_folder(void *port, const char *path, struct strs *names, struct err *e)
{
    const struct sim_process_client *c = port;
    size_t n = strlen(path);
    bool any = false;

    for (const struct file *f = c->d->files; f; f = f->next) {
        if (strncmp(f->path, path, n) != 0 || f->path[n] != '/')
            continue;
        any = true;
        if (!strchr(f->path + n + 1, '/'))
            strs_add(names, str_of(f->path + n + 1));
    }
    strs_sort(names);
    return any || err_set(e, ERR_NOT_FOUND, "%s: No such file or directory", path);
}

static bool write_file(void *port, const char *path, struct str data, struct err *e)
{
    struct sim_disk *d = ((struct sim_process_client *)port)->d;
    struct file *f = find(d, path);

    if (d->full)
        return err_set(e, ERR_UNAVAILABLE, "%s: No space left on device", path);
    fill(f ? f : make(d, path), data);
    return true;
}

static bool note_open(void *port, const char *folder, struct buf *old, struct err *e)
{
    struct sim_process_client *c = port;
    char path[512];

    for (int i = 0; i < NOTES_MAX; i++) {
        (void)snprintf(path, sizeof path, "%.400s/in-hand.%d", folder, i);
        struct file *f = find(c->d, path);
        if (f && f->lock)
            continue;
        if (!f)
            f = make(c->d, path);
        f->lock = c;
        c->note = f;
        buf_add(old, str_n(f->text, f->n));
        return buf_ok(old, "the in-hand note", e);
    }
    return err_set(e, ERR_UNAVAILABLE, "%s: all notes are taken", folder);
}

static bool note_write(void *port, struct str text, struct err *e)
{
    struct sim_process_client *c = port;

    BUG_IF(!c->note || text.n > PROCESS_NOTE_MAX);
    if (c->d->full)
        return err_set(e, ERR_UNAVAILABLE, "the in-hand note: No space left on device");
    if (c->dying)
        return true;
    fill(c->note, text);
    c->dying = c->d->noted && c->d->noted(c->d->noted_self, c->owner, text);
    return true;
}

static void never(void *self)
{
    struct never *n = self;
    struct err e = {0};

    (void)err_set(&e, ERR_NOT_FOUND, "No such file or directory");
    if (n->exited)
        n->exited(n->self, n->id, &(struct process_exit){.err = e});
    else
        n->probed(n->self, n->id, &e);
    xfree(n);
}

static uint64_t fail_soon(struct sim_process_client *c, process_exited *exited, process_probed *probed,
                          void *self)
{
    struct never *n = xcalloc(1, sizeof *n);

    *n = (struct never){c, ++c->last_id, exited, probed, self};
    (void)scheduler_after(c->s, 1, &(struct completion){c->owner, "process.failed", never, xfree, n});
    return n->id;
}

static uint64_t run(void *port, const char *const *argv, int64_t timeout_ms, size_t out_max,
                    process_exited *done, void *self)
{
    (void)argv;
    (void)timeout_ms;
    (void)out_max;
    return fail_soon(port, done, NULL, self);
}

static uint64_t probe(void *port, const char *host, int tcp_port, int64_t timeout_ms, process_probed *done,
                      void *self)
{
    (void)host;
    (void)tcp_port;
    (void)timeout_ms;
    return fail_soon(port, NULL, done, self);
}

static const struct process_ops ops = {
    .env = env,
    .env_names = env_names,
    .read_file = read_file,
    .list_folder = list_folder,
    .write_file = write_file,
    .note_open = note_open,
    .note_write = note_write,
    .run = run,
    .probe = probe,
};

struct sim_process_client *sim_process_client_new(struct sim_disk *d, struct scheduler *s, uint64_t owner,
                                                  const char *const *env_of, const char *host)
{
    struct sim_process_client *c = xcalloc(1, sizeof *c);

    *c = (struct sim_process_client){.d = d, .s = s, .owner = owner, .env = env_of};
    (void)snprintf(c->host, sizeof c->host, "%s", host);
    return c;
}

void sim_process_client_free(struct sim_process_client *c)
{
    if (c && c->note)
        c->note->lock = NULL;
    xfree(c);
}

struct process sim_process_port(struct sim_process_client *c)
{
    return (struct process){.ops = &ops, .port = c};
}

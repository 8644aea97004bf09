#include "real/process.h"

#include "base/mem.h"
#include "real/command.h"
#include "real/files.h"
#include "real/note.h"
#include "real/probe.h"

#include <stdlib.h>

struct process_port {
    struct note note;
    struct commands *commands;
    struct probes *probes;
    uint64_t last_id;
};

static const char *get_env(void *port, const char *name)
{
    (void)port;
    return getenv(name); /* nobody in this process changes the environment */
}

static void get_env_names(void *port, const char *prefix, struct strs *names)
{
    struct str name;
    struct str value;

    (void)port;
    for (char **e = environ; *e; e++)
        if (str_starts(str_of(*e), str_of(prefix)) && str_cut(str_of(*e), '=', &name, &value))
            strs_add(names, name);
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    (void)port;
    return files_read(path, out, e);
}

static bool list_folder(void *port, const char *path, struct strs *names, struct err *e)
{
    (void)port;
    return files_list(path, names, e);
}

static bool write_file(void *port, const char *path, struct str data, struct err *e)
{
    (void)port;
    return files_write(path, data, e);
}

static bool open_note(void *port, const char *folder, struct buf *old, struct err *e)
{
    return note_open(&((struct process_port *)port)->note, folder, old, e);
}

static bool write_note(void *port, struct str text, struct err *e)
{
    return note_write(&((struct process_port *)port)->note, text, e);
}

static uint64_t run(void *port, const char *const *argv, int64_t timeout_ms, size_t out_max,
                    process_exited *done, void *self)
{
    struct process_port *p = port;

    commands_run(p->commands, ++p->last_id, argv, timeout_ms, out_max, done, self);
    return p->last_id;
}

static uint64_t probe(void *port, const char *host, int tcp_port, int64_t timeout_ms, process_probed *done,
                      void *self)
{
    struct process_port *p = port;

    probes_start(p->probes, ++p->last_id, host, tcp_port, timeout_ms, done, self);
    return p->last_id;
}

static const struct process_ops ops = {
    .env = get_env,
    .env_names = get_env_names,
    .read_file = read_file,
    .list_folder = list_folder,
    .write_file = write_file,
    .note_open = open_note,
    .note_write = write_note,
    .run = run,
    .probe = probe,
};

struct process_port *process_port_new(struct reactor *r)
{
    struct process_port *p = xcalloc(1, sizeof *p);

    p->commands = commands_new(r);
    p->probes = probes_new(r);
    return p;
}

void process_port_free(struct process_port *p)
{
    if (!p)
        return;
    commands_free(p->commands);
    probes_free(p->probes);
    note_close(&p->note);
    xfree(p);
}

struct process process_port_of(struct process_port *p)
{
    return (struct process){.ops = &ops, .port = p};
}

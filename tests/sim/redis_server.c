#include "sim/redis_server.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "sim/redis_command.h"
#include "sim/redis_lua.h"
#include "sim/redis_number.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TABLES_MAX = 8, COMMANDS_MAX = 96, NAME_MAX_BYTES = 32, NOTICE_MAX = 256, INFO_MAX = 16384 };

struct counted {
    const struct redis_command *command;
    uint64_t calls;
};

struct redis_server {
    struct redis_server_host host;
    struct redis_keys *keys[REDIS_DATABASES], *dumped;
    struct redis_lua *lua;
    struct redis_table scripts; /* those that it knows; the interpreter may have more of them compiled */
    struct counted commands[COMMANDS_MAX];
    size_t command_count;
    unsigned trouble;
    uint64_t written;
    char run_id[REDIS_ID_MAX];
    struct redis_call *script; /* that runs now; NULL: none */
    bool dirty;                /* it has written */
};

static const char oom[] = "OOM command not allowed when used memory > 'maxmemory'.";
static const char readonly[] = "READONLY You can't write against a read only replica.";
static const char loading[] = "LOADING Redis is loading the dataset in memory";

static void call_from_script(void *self, const struct str *words, size_t n, struct buf *out);
static void refuse(struct redis_server *s, const char *what);

static void refuse_of_script(void *self, const char *what)
{
    refuse(self, what);
}

/* ---- its life ---- */

struct redis_server *redis_server_new(const struct redis_server_host *host, const char *run_id)
{
    struct redis_server *s = xcalloc(1, sizeof *s);

    s->host = *host;
    s->scripts.holding = &redis_holds_scores;
    for (int i = 0; i < REDIS_DATABASES; i++)
        s->keys[i] = redis_keys_new();
    s->dumped = redis_keys_new();
    redis_server_admit(s, redis_commands_of_hashes);
    redis_server_admit(s, redis_commands_of_sets);
    redis_server_admit(s, redis_commands_of_keys);
    redis_server_admit(s, redis_commands_of_scripts);
    s->lua = redis_lua_new(&(struct redis_lua_host){call_from_script, refuse_of_script, s});
    redis_server_restart(s, run_id);
    return s;
}

void redis_server_free(struct redis_server *s)
{
    if (!s)
        return;
    for (int i = 0; i < REDIS_DATABASES; i++)
        redis_keys_release(s->keys[i]);
    redis_keys_release(s->dumped);
    redis_lua_free(s->lua);
    redis_table_release(&s->scripts);
    xfree(s);
}

void redis_server_admit(struct redis_server *s, const struct redis_command *table)
{
    for (; table->name; table++) {
        BUG_IF(s->command_count == COMMANDS_MAX);
        s->commands[s->command_count++].command = table;
    }
}

void redis_server_trouble(struct redis_server *s, unsigned trouble)
{
    s->trouble = trouble;
}

unsigned redis_server_troubled(const struct redis_server *s)
{
    return s->trouble;
}

void redis_server_forget_scripts(struct redis_server *s)
{
    redis_table_release(&s->scripts);
}

void redis_server_wipe(struct redis_server *s)
{
    struct redis_data nothing;

    for (int i = 0; i < REDIS_DATABASES; i++)
        nothing.keys[i] = redis_keys_new();
    redis_server_load(s, &nothing);
    redis_data_release(&nothing);
}

void redis_server_restart(struct redis_server *s, const char *run_id)
{
    BUG_IF(strlen(run_id) >= sizeof s->run_id);
    memcpy(s->run_id, run_id, strlen(run_id) + 1);
    redis_server_forget_scripts(s);
    redis_server_reset_counts(s);
}

const char *redis_server_run_id(const struct redis_server *s)
{
    return s->run_id;
}

uint64_t redis_server_written(const struct redis_server *s)
{
    return s->written;
}

/* ---- its data ---- */

void redis_server_save(const struct redis_server *s, struct redis_data *out)
{
    for (int i = 0; i < REDIS_DATABASES; i++)
        out->keys[i] = redis_keys_share(s->keys[i]);
}

void redis_server_load(struct redis_server *s, const struct redis_data *data)
{
    for (int i = 0; i < REDIS_DATABASES; i++) {
        struct redis_keys *was = s->keys[i];
        s->keys[i] = redis_keys_share(data->keys[i]);
        redis_keys_release(was);
    }
    s->written++;
}

void redis_data_release(struct redis_data *d)
{
    for (int i = 0; i < REDIS_DATABASES; i++)
        redis_keys_release(d->keys[i]);
    *d = (struct redis_data){0};
}

struct redis_keys **redis_server_keys(struct redis_server *s, int db)
{
    return &s->keys[db];
}

struct redis_keys **redis_server_dumped(struct redis_server *s)
{
    return &s->dumped;
}

/* ---- one command ---- */

static struct counted *find_command(struct redis_server *s, struct str name)
{
    for (size_t i = 0; i < s->command_count; i++)
        if (str_is_nocase(name, s->commands[i].command->name))
            return &s->commands[i];
    return NULL;
}

static void refuse(struct redis_server *s, const char *what)
{
    if (!s->host.refuse)
        err_bug("the simulated Redis", 0, what);
    s->host.refuse(s->host.self, what);
}

static bool fits(const struct redis_command *command, size_t n)
{
    return command->arity < 0 ? n >= (size_t)-command->arity : n == (size_t)command->arity;
}

static void run(struct redis_server *s, struct counted *counted, struct redis_call *c)
{
    counted->calls++;
    if (counted->command->flags & REDIS_WRITES)
        s->written++;
    counted->command->run(c);
}

/* Why the server does not run a command of a client now; NULL: it does. */
static const char *refused(const struct redis_server *s, const struct redis_command *command)
{
    if ((s->trouble & REDIS_OOM) && (command->flags & REDIS_GROWS))
        return oom;
    if ((s->trouble & REDIS_READONLY) && (command->flags & REDIS_WRITES))
        return readonly;
    if ((s->trouble & REDIS_IS_LOADING) && !(command->flags & REDIS_ALWAYS))
        return loading;
    return NULL;
}

/* A script that has written once is not stopped half way. */
static const char *refused_in_script(const struct redis_server *s, const struct redis_command *command,
                                     size_t n)
{
    if (!fits(command, n))
        return "ERR Wrong number of args calling Redis command from script";
    if (command->flags & REDIS_NOT_IN_SCRIPT)
        return "ERR This Redis command is not allowed from script";
    if ((s->trouble & REDIS_READONLY) && (command->flags & REDIS_WRITES) && !s->dirty)
        return readonly;
    if ((s->trouble & REDIS_OOM) && (command->flags & REDIS_GROWS) && !s->dirty)
        return oom;
    return NULL;
}

static void unknown(struct redis_call *c)
{
    char what[NOTICE_MAX];

    (void)snprintf(what, sizeof what, "the command %.*s",
                   c->words[0].n > NAME_MAX_BYTES ? NAME_MAX_BYTES : (int)c->words[0].n, c->words[0].p);
    redis_call_refuse(c, what);
}

void redis_server_execute(struct redis_server *s, int db, const struct str *words, size_t n, struct buf *out)
{
    BUG_IF(db < 0 || db >= REDIS_DATABASES || n == 0);
    struct counted *counted = find_command(s, words[0]);
    struct redis_call c = {.server = s,
                           .keys = &s->keys[db],
                           .now_ms = s->host.now_ms(s->host.self),
                           .words = words,
                           .n = n,
                           .out = out};

    if (!counted) {
        unknown(&c);
        return;
    }
    const char *why = refused(s, counted->command);
    if (!fits(counted->command, n))
        redis_call_arity(&c);
    else if (why)
        redis_call_error(&c, why);
    else
        run(s, counted, &c);
}

static void call_from_script(void *self, const struct str *words, size_t n, struct buf *out)
{
    struct redis_server *s = self;
    struct counted *counted = find_command(s, words[0]);
    struct redis_call c = *s->script;

    c.words = words;
    c.n = n;
    c.out = out;
    if (!counted) {
        unknown(&c);
        return;
    }
    const char *why = refused_in_script(s, counted->command, n);
    if (why) {
        redis_call_error(&c, why);
        return;
    }
    s->dirty = s->dirty || (counted->command->flags & REDIS_WRITES);
    run(s, counted, &c);
}

/* ---- scripts ---- */

bool redis_server_load_script(struct redis_server *s, struct str text, char sha[REDIS_SHA_MAX],
                              struct buf *error)
{
    bool made = false;

    crypto_sha1_hex(text, sha);
    if (!redis_lua_load(s->lua, sha, text, error))
        return false;
    (void)redis_table_put(&s->scripts, str_of(sha), &made);
    return true;
}

bool redis_server_knows_script(const struct redis_server *s, const char *sha)
{
    return redis_table_find(&s->scripts, str_of(sha)) != NULL;
}

void redis_server_run_script(struct redis_call *c, const char *sha, size_t keys)
{
    enum { BEFORE_KEYS = 3 };
    struct redis_server *s = c->server;
    const struct str *first = c->words + BEFORE_KEYS;

    BUG_IF(s->script || keys > c->n - BEFORE_KEYS);
    s->script = c;
    s->dirty = false;
    redis_lua_run(s->lua, sha, first, keys, first + keys, c->n - BEFORE_KEYS - keys, c->out);
    s->script = NULL;
}

/* ---- INFO ---- */

void redis_server_reset_counts(struct redis_server *s)
{
    for (size_t i = 0; i < s->command_count; i++)
        s->commands[i].calls = 0;
}

static bool wanted(struct str section, const char *name)
{
    return section.n == 0 ? strcmp(name, "commandstats") != 0 : str_is_nocase(section, name);
}

void redis_server_info(const struct redis_server *s, struct str section, struct buf *out)
{
    if (wanted(section, "server"))
        buf_addf(out, "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:%s\r\n",
                 s->run_id);
    if (wanted(section, "memory"))
        buf_addf(out, "# Memory\r\nused_memory:%d\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
                 1 << 20);
    if (wanted(section, "replication"))
        buf_addf(out, "# Replication\r\nrole:%s\r\n", s->trouble & REDIS_READONLY ? "slave" : "master");
    if (!wanted(section, "commandstats"))
        return;
    buf_adds(out, "# Commandstats\r\n");
    for (size_t i = 0; i < s->command_count; i++)
        if (s->commands[i].calls)
            buf_addf(out, "cmdstat_%s:calls=%" PRIu64 ",usec=0,usec_per_call=0.00\r\n",
                     s->commands[i].command->name, s->commands[i].calls);
}

/* ---- what commands are made of ---- */

void redis_call_error(struct redis_call *c, const char *text)
{
    redis_resp_error(c->out, str_of(text));
}

void redis_call_arity(struct redis_call *c)
{
    BUF_CLEANUP struct buf text = BUF_INIT(NOTICE_MAX);

    buf_adds(&text, "ERR wrong number of arguments for '");
    for (size_t i = 0; i < c->words[0].n && i < NAME_MAX_BYTES; i++)
        buf_addc(&text, (char)tolower((unsigned char)c->words[0].p[i]));
    buf_adds(&text, "' command");
    redis_call_error(c, buf_cstr(&text));
}

void redis_call_refuse(struct redis_call *c, const char *what)
{
    char text[NOTICE_MAX];

    refuse(c->server, what);
    (void)snprintf(text, sizeof text, "UNSIMULATED %s", what);
    redis_call_error(c, text);
}

bool redis_call_is(const struct redis_call *c, size_t word, const char *option)
{
    return word < c->n && str_is_nocase(c->words[word], option);
}

bool redis_call_integer(struct redis_call *c, size_t word, int64_t *out)
{
    if (redis_number_integer(c->words[word], out))
        return true;
    redis_call_error(c, "ERR value is not an integer or out of range");
    return false;
}

static bool is_of(struct redis_call *c, const struct redis_object *o, enum redis_kind kind)
{
    if (!o || o->kind == kind)
        return true;
    redis_call_error(c, "WRONGTYPE Operation against a key holding the wrong kind of value");
    return false;
}

bool redis_call_read(struct redis_call *c, enum redis_kind kind, const struct redis_object **o)
{
    *o = redis_keys_read(*c->keys, c->words[1], c->now_ms);
    return is_of(c, *o, kind);
}

bool redis_call_write(struct redis_call *c, enum redis_kind kind, struct redis_object **o)
{
    *o = redis_keys_write(c->keys, c->words[1], c->now_ms);
    return is_of(c, *o, kind);
}

bool redis_call_make(struct redis_call *c, enum redis_kind kind, struct redis_object **o)
{
    if (!redis_call_write(c, kind, o))
        return false;
    if (!*o) {
        *o = redis_object_new(kind);
        redis_keys_put(c->keys, c->words[1], *o);
    }
    return true;
}

void redis_call_settle(struct redis_call *c, const struct redis_object *o)
{
    if (redis_object_is_empty(o))
        (void)redis_keys_drop(c->keys, c->words[1], c->now_ms);
}

#pragma once
/*
 * redis_server - one Redis 7.0 in memory, as far as this project asks for: commands in, the server's bytes
 * out.
 *
 * It runs the product's own scripts in Lua 5.1 (redis_lua) over key spaces that are shared with their
 * snapshots (redis_keys), so that what befalls a server is an assignment. What it cannot do it does not
 * answer politely: `refuse` is told, which ends the simulation; where `refuse` returns, the reply is an error
 * "UNSIMULATED …". The same commands at the same moments give the same bytes, whatever the compiler.
 *
 * Time is what `now_ms` says, for all commands of one execution. No connections here: who sends picks the
 * key space by its number. Owner: sim_redis, or a test.
 */
#include "sim/redis_keys.h"

enum { REDIS_DATABASES = 16, REDIS_ID_MAX = 41, REDIS_SHA_MAX = 41 };

struct redis_server_host {
    int64_t (*now_ms)(void *self);
    /* What was asked for and is not simulated; NULL: it is a bug. */
    void (*refuse)(void *self, const char *what);
    void *self;
};

struct redis_server; /* opaque */

struct redis_server *redis_server_new(const struct redis_server_host *host, const char *run_id);
void redis_server_free(struct redis_server *s); /* NULL is fine */

/* Runs one command; its reply is added to `out`. */
void redis_server_execute(struct redis_server *s, int db, const struct str *words, size_t n, struct buf *out);

/* More commands than the product's own (redis_foreign.h). */
struct redis_command;
void redis_server_admit(struct redis_server *s, const struct redis_command *table);

/* ---- what may befall it ---- */

enum redis_trouble {
    REDIS_OOM = 1,       /* commands that need memory are refused */
    REDIS_READONLY = 2,  /* a replica */
    REDIS_IS_LOADING = 4 /* its data set: only INFO is answered */
};
/* the set of what is wrong from now on */
void redis_server_trouble(struct redis_server *s, unsigned trouble);
unsigned redis_server_troubled(const struct redis_server *s);
void redis_server_forget_scripts(struct redis_server *s); /* SCRIPT FLUSH */
void redis_server_wipe(struct redis_server *s);           /* FLUSHALL */
/* Another process in its place: another run_id, no scripts; the data stays unless it is put. */
void redis_server_restart(struct redis_server *s, const char *run_id);
const char *redis_server_run_id(const struct redis_server *s);
/* counts write commands: what changed since when */
uint64_t redis_server_written(const struct redis_server *s);

/* ---- its data, whole ---- */

struct redis_data { /* shared; owner: who took it */
    struct redis_keys *keys[REDIS_DATABASES];
};
void redis_server_save(const struct redis_server *s, struct redis_data *out);
void redis_server_load(struct redis_server *s, const struct redis_data *data);
void redis_data_release(struct redis_data *d);

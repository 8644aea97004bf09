#pragma once
/*
 * redis_command - what a command of the simulated Redis is made of. Internal to the server and its tables.
 *
 * A table ends with a row without a name. A command reads its words, changes its key space and writes exactly
 * one reply. redis_call_read and redis_call_write answer WRONGTYPE themselves and are then false.
 */
#include "sim/redis_resp.h"
#include "sim/redis_server.h"

enum redis_command_flag {
    REDIS_WRITES = 1,
    REDIS_GROWS = 2,        /* refused without memory */
    REDIS_ALWAYS = 4,       /* also while the data set is loading */
    REDIS_NOT_IN_SCRIPT = 8 /* refused there */
};

struct redis_call {
    struct redis_server *server;
    struct redis_keys **keys;
    int64_t now_ms;
    const struct str *words; /* the command's name is the first */
    size_t n;
    struct buf *out;
};

struct redis_command {
    const char *name; /* lower case */
    int arity;        /* words with the name; below 0: at least so many */
    unsigned flags;
    void (*run)(struct redis_call *c);
};

extern const struct redis_command redis_commands_of_keys[], redis_commands_of_hashes[],
    redis_commands_of_sets[], redis_commands_of_scripts[];

/* *o is NULL where there is nothing. */
MUST_CHECK bool redis_call_read(struct redis_call *c, enum redis_kind kind, const struct redis_object **o);
MUST_CHECK bool redis_call_write(struct redis_call *c, enum redis_kind kind, struct redis_object **o);
/* As redis_call_write, and makes it. */
MUST_CHECK bool redis_call_make(struct redis_call *c, enum redis_kind kind, struct redis_object **o);
/* drops the key of an empty one */
void redis_call_settle(struct redis_call *c, const struct redis_object *o);
void redis_call_error(struct redis_call *c, const char *text);
void redis_call_arity(struct redis_call *c); /* "wrong number of arguments for …" */
/* The word as an integer, or the error for it. */
MUST_CHECK bool redis_call_integer(struct redis_call *c, size_t word, int64_t *out);
bool redis_call_is(const struct redis_call *c, size_t word, const char *option);
void redis_call_refuse(struct redis_call *c, const char *what); /* not simulated */

/* redis_server's own, for the commands that speak of it */
MUST_CHECK bool redis_server_load_script(struct redis_server *s, struct str text, char sha[REDIS_SHA_MAX],
                                         struct buf *error);
bool redis_server_knows_script(const struct redis_server *s, const char *sha);
void redis_server_run_script(struct redis_call *c, const char *sha, size_t keys);
void redis_server_info(const struct redis_server *s, struct str section, struct buf *out);
void redis_server_reset_counts(struct redis_server *s);
/* A key space; and the one of what DUMP told of, which no client sees (redis_foreign). */
struct redis_keys **redis_server_keys(struct redis_server *s, int db);
struct redis_keys **redis_server_dumped(struct redis_server *s);

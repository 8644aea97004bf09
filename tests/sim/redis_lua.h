#pragma once
/*
 * redis_lua - Redis scripts in Lua 5.1, as Redis 7.0 runs them: redis.call, redis.error_reply, cjson, and the
 * conversions between Lua's values and replies.
 *
 * Lua's and cjson's homes are this file. A script sees the plain libraries less what depends on addresses, on
 * chance or on the world: math.random, tables as text, and pairs over a table whose keys are tables or
 * functions are refused, as is all of Redis' own that no script of the product uses. A script that does not
 * end is refused after SCRIPT_STEPS_MAX instructions. Owner: the server.
 */
#include "base/str.h"

struct redis_lua; /* opaque */

struct redis_lua_host {
    /* redis.call: adds the reply to `out`. */
    void (*call)(void *self, const struct str *words, size_t n, struct buf *out);
    /* A script asked for something that is not simulated; it fails where this returns. */
    void (*refuse)(void *self, const char *what);
    void *self;
};

struct redis_lua *redis_lua_new(const struct redis_lua_host *host);
void redis_lua_free(struct redis_lua *l); /* NULL is fine */

/* Compiles it once. False: `error` has the server's words. */
MUST_CHECK bool redis_lua_load(struct redis_lua *l, const char *sha, struct str text, struct buf *error);
/* Runs a loaded one; adds its reply to `out`. */
void redis_lua_run(struct redis_lua *l, const char *sha, const struct str *keys, size_t key_count,
                   const struct str *args, size_t arg_count, struct buf *out);

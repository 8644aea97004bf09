#pragma once
/*
 * redis_lua_reply - between Lua's values and Redis' replies, in both directions. Internal to redis_lua.
 *
 * To Lua: a nil bulk string is false, an integer a number, a status {ok=…}, an error {err=…}. From Lua: a
 * number loses its fraction, true is 1, false and what has no form are nil, a list ends at its first nil.
 */
#include "base/str.h"

struct lua_State; /* Lua's own */

enum { REDIS_LUA_STACK = 8 }; /* slots that each function here needs */

/* Takes one reply off `wire`. */
void redis_lua_push_reply(struct lua_State *L, struct str *wire);
/* {err=…}: "-CODE words" keeps its code, anything else gets ERR. */
void redis_lua_push_error(struct lua_State *L, struct str text);
/* The value on top, as a reply; it stays. */
void redis_lua_reply(struct lua_State *L, struct buf *out);
/* The uncaught error on top, in the server's words. */
void redis_lua_failed(struct lua_State *L, const char *sha, struct buf *out);

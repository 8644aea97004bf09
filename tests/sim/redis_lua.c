#include "sim/redis_lua.h"

#include "base/mem.h"
#include "ports/redis.h"
#include "sim/redis_lua_reply.h"
#include "sim/redis_number.h"
#include "sim/redis_resp.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include <lua-cjson.h>

/*
 * Every word of Redis' that is copied here is in its answers: what an uncaught error says, the line that it
 * came from ("@user_script"), the refusal of an unknown global.
 *
 * Lua's errors leave C frames at once: between a call into Lua that may raise and its end nothing here owns
 * memory but the struct.
 */

enum { SCRIPT_STEPS_MAX = 200 * 1000 * 1000, NOTICE_MAX = 256 };

struct redis_lua {
    struct redis_lua_host host;
    lua_State *L;
    struct str *words; /* of the command under way */
    size_t words_cap;
    struct buf reply; /* to it */
};

static const char key_of_self, key_of_handler; /* in Lua's registry, by address */

static const char error_handler[] = "local dbg = debug\n"
                                    "return function(err)\n"
                                    "  local i = dbg.getinfo(2,'nSl')\n"
                                    "  if i and i.what == 'C' then\n"
                                    "    i = dbg.getinfo(3,'nSl')\n"
                                    "  end\n"
                                    "  if type(err) ~= 'table' then\n"
                                    "    err = {err='ERR ' .. tostring(err)}\n"
                                    "  end\n"
                                    "  if (i) then\n"
                                    "    err['source'] = i.source\n"
                                    "    err['line'] = i.currentline\n"
                                    "  end\n"
                                    "  return err\n"
                                    "end\n";

static struct redis_lua *self_of(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&key_of_self);
    lua_rawget(L, LUA_REGISTRYINDEX);
    struct redis_lua *l = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return l;
}

/* Tells the host; raises where that returns. */
static int refuse(lua_State *L, const char *what)
{
    struct redis_lua *l = self_of(L);

    l->host.refuse(l->host.self, what);
    lua_pushfstring(L, "UNSIMULATED %s", what);
    redis_lua_push_error(L, str_of(lua_tostring(L, -1)));
    return lua_error(L);
}

/* ---- redis.call ---- */

static int raise_error(lua_State *L, const char *text)
{
    redis_lua_push_error(L, str_of(text));
    return lua_error(L);
}

/* The arguments as words; what a number becomes lies on Lua's stack, in its place. */
static bool read_words(lua_State *L, struct redis_lua *l, int n)
{
    char text[REDIS_NUMBER_MAX];

    if ((size_t)n > l->words_cap) {
        l->words_cap = (size_t)n * 2;
        l->words = xrealloc(l->words, l->words_cap * sizeof *l->words);
    }
    for (int i = 1; i <= n; i++) {
        if (lua_type(L, i) == LUA_TNUMBER) {
            redis_number_format(lua_tonumber(L, i), text);
            lua_pushstring(L, text);
            lua_replace(L, i);
        } else if (lua_type(L, i) != LUA_TSTRING) {
            return false;
        }
        l->words[i - 1].p = lua_tolstring(L, i, &l->words[i - 1].n);
    }
    return true;
}

static int redis_call(lua_State *L)
{
    struct redis_lua *l = self_of(L);
    int n = lua_gettop(L);

    if (n == 0)
        return raise_error(L, "Please specify at least one argument for this redis lib call");
    luaL_checkstack(L, REDIS_LUA_STACK, "redis.call");
    if (!read_words(L, l, n))
        return raise_error(L, "Lua redis lib command arguments must be strings or integers");
    buf_clear(&l->reply);
    l->host.call(l->host.self, l->words, (size_t)n, &l->reply);
    struct str wire = buf_view(&l->reply);
    redis_lua_push_reply(L, &wire);
    return str_starts(buf_view(&l->reply), STR("-")) ? lua_error(L) : 1;
}

static int redis_error_reply(lua_State *L)
{
    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
        redis_lua_push_error(L, STR("wrong number or type of arguments"));
        return 1;
    }
    size_t n = 0;
    const char *text = lua_tolstring(L, 1, &n);
    lua_pushfstring(L, text[0] == '-' ? "%s" : "-%s", text);
    redis_lua_push_error(L, str_of(lua_tostring(L, -1)));
    return 1;
}

/* ---- what a script may not see ---- */

static int refuse_field(lua_State *L)
{
    char what[NOTICE_MAX];

    (void)snprintf(what, sizeof what, "%s.%s in a script", lua_tostring(L, lua_upvalueindex(1)),
                   lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?");
    return refuse(L, what);
}

/* Of the table on top: a field that it has not is refused. */
static void close_table(lua_State *L, const char *name)
{
    lua_newtable(L);
    lua_pushstring(L, name);
    lua_pushcclosure(L, refuse_field, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

static int refuse_function(lua_State *L)
{
    char what[NOTICE_MAX];

    (void)snprintf(what, sizeof what, "%s in a script", lua_tostring(L, lua_upvalueindex(1)));
    return refuse(L, what);
}

/* Of Lua's and of Redis', and not simulated: no script of the product needs them. */
static bool is_elsewhere(const char *name)
{
    static const char *const names[] = {"bit",      "cmsgpack",     "collectgarbage", "coroutine",  "gcinfo",
                                        "getfenv",  "getmetatable", "load",           "loadstring", "os",
                                        "pcall",    "rawequal",     "rawget",         "rawset",     "server",
                                        "setfenv",  "setmetatable", "struct",         "xpcall",     "_G",
                                        "_VERSION", "newproxy",     "module",         "require"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static int unknown_global(lua_State *L)
{
    char what[NOTICE_MAX];
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";

    if (!is_elsewhere(name))
        return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", name);
    (void)snprintf(what, sizeof what, "the global %s in a script", name);
    return refuse(L, what);
}

static int keep_globals(lua_State *L)
{
    return luaL_error(L, "Attempt to modify a readonly table");
}

/* next(), but for tables in which addresses decide the order. */
static int checked_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (!lua_next(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    int type = lua_type(L, -2);
    if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN)
        return refuse(L, "pairs over a table whose keys are addresses");
    return 2;
}

static int checked_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushcfunction(L, checked_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int checked_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    int type = lua_type(L, 1);
    if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA || type == LUA_TLIGHTUSERDATA)
        return refuse(L, "an address as text");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static void on_steps(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    (void)refuse(L, "a script that does not end");
}

/* ---- the world of a script: KEYS and ARGV are the only globals that change ---- */

static void open_library(lua_State *L, lua_CFunction open, const char *name)
{
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
}

/* Functions of Lua's that are there and must not be called. */
static void refuse_functions(lua_State *L)
{
    static const struct {
        const char *library, *name;
    } refused[] = {{"math", "random"},
                   {"math", "randomseed"},
                   {"table", "foreach"},
                   {"table", "foreachi"},
                   {"string", "dump"}};

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        lua_getglobal(L, refused[i].library);
        lua_pushstring(L, refused[i].name);
        lua_pushcclosure(L, refuse_function, 1);
        lua_setfield(L, -2, refused[i].name);
        lua_pop(L, 1);
    }
}

static void keep_handler(lua_State *L)
{
    BUG_IF(luaL_loadbuffer(L, error_handler, sizeof error_handler - 1, "@err_handler_def") != 0);
    lua_call(L, 0, 1);
    lua_pushlightuserdata(L, (void *)&key_of_handler);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

static void open_redis(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, redis_call);
    lua_setfield(L, -2, "call");
    lua_pushcfunction(L, redis_error_reply);
    lua_setfield(L, -2, "error_reply");
    close_table(L, "redis");
    lua_setglobal(L, "redis");

    lua_pushcfunction(L, luaopen_cjson);
    lua_call(L, 0, 1);
    close_table(L, "cjson");
    lua_setglobal(L, "cjson");
}

/* Only these globals are left. */
static void keep_globals_of(lua_State *L)
{
    static const char *const names[] = {"assert", "error",    "ipairs",   "next",  "pairs",
                                        "select", "tonumber", "tostring", "type",  "unpack",
                                        "string", "table",    "math",     "redis", "cjson"};

    lua_newtable(L);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        lua_getglobal(L, names[i]);
        lua_setfield(L, -2, names[i]);
    }
    lua_pushcfunction(L, checked_next);
    lua_setfield(L, -2, "next");
    lua_pushcfunction(L, checked_pairs);
    lua_setfield(L, -2, "pairs");
    lua_getglobal(L, "tostring");
    lua_pushcclosure(L, checked_tostring, 1);
    lua_setfield(L, -2, "tostring");

    lua_newtable(L); /* what guards them */
    lua_pushcfunction(L, unknown_global);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_replace(L, LUA_GLOBALSINDEX);
}

/* A script's own environment: empty, reads fall through to the globals, writes are refused. */
static void push_environment(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, keep_globals);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
}

static int open_world(lua_State *L)
{
    open_library(L, luaopen_base, "");
    open_library(L, luaopen_table, LUA_TABLIBNAME);
    open_library(L, luaopen_string, LUA_STRLIBNAME);
    open_library(L, luaopen_math, LUA_MATHLIBNAME);
    open_library(L, luaopen_debug, LUA_DBLIBNAME);
    keep_handler(L);
    open_redis(L);
    refuse_functions(L);
    keep_globals_of(L);
    return 0;
}

static void *allocate(void *self, void *p, size_t was, size_t n)
{
    (void)self;
    (void)was;
    if (n)
        return xrealloc(p, n);
    xfree(p);
    return NULL;
}

struct redis_lua *redis_lua_new(const struct redis_lua_host *host)
{
    struct redis_lua *l = xcalloc(1, sizeof *l);

    l->host = *host;
    l->reply = (struct buf)BUF_INIT(REDIS_RESP_MAX);
    l->L = lua_newstate(allocate, NULL);
    BUG_IF(!l->L);
    lua_pushlightuserdata(l->L, (void *)&key_of_self);
    lua_pushlightuserdata(l->L, l);
    lua_rawset(l->L, LUA_REGISTRYINDEX);
    BUG_IF(lua_cpcall(l->L, open_world, NULL) != 0);
    return l;
}

void redis_lua_free(struct redis_lua *l)
{
    if (!l)
        return;
    lua_close(l->L);
    buf_release(&l->reply);
    xfree(l->words);
    xfree(l);
}

/* ---- scripts ---- */

bool redis_lua_load(struct redis_lua *l, const char *sha, struct str text, struct buf *error)
{
    lua_State *L = l->L;

    lua_getfield(L, LUA_REGISTRYINDEX, sha);
    bool there = lua_isfunction(L, -1);
    lua_pop(L, 1);
    if (there)
        return true;
    if (luaL_loadbuffer(L, text.p, text.n, "@user_script") != 0) {
        buf_adds(error, "ERR Error compiling script (new function): ");
        buf_adds(error, lua_tostring(L, -1));
        lua_pop(L, 1);
        return false;
    }
    push_environment(L);
    (void)lua_setfenv(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, sha);
    return true;
}

static void set_list(lua_State *L, const char *name, const struct str *words, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_pushlstring(L, words[i].p ? words[i].p : "", words[i].n);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_pushstring(L, name);
    lua_insert(L, -2);
    lua_rawset(L, LUA_GLOBALSINDEX);
}

void redis_lua_run(struct redis_lua *l, const char *sha, const struct str *keys, size_t key_count,
                   const struct str *args, size_t arg_count, struct buf *out)
{
    lua_State *L = l->L;

    lua_pushlightuserdata(L, (void *)&key_of_handler);
    lua_rawget(L, LUA_REGISTRYINDEX);
    set_list(L, "KEYS", keys, key_count);
    set_list(L, "ARGV", args, arg_count);
    lua_getfield(L, LUA_REGISTRYINDEX, sha);
    BUG_IF(!lua_isfunction(L, -1));
    (void)lua_sethook(L, on_steps, LUA_MASKCOUNT, SCRIPT_STEPS_MAX);
    if (lua_pcall(L, 0, 1, -2) == 0)
        redis_lua_reply(L, out);
    else
        redis_lua_failed(L, sha, out);
    lua_settop(L, 0);
    (void)lua_gc(L, LUA_GCSTEP, 0);
}

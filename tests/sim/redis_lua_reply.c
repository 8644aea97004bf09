#include "sim/redis_lua_reply.h"

#include "sim/redis_number.h"
#include "sim/redis_resp.h"

#include <lua.h>

#include <lauxlib.h>

/* ---- to Lua ---- */

static struct str trim_line(struct str s)
{
    while (s.n && (s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\n'))
        s.n--;
    while (s.n && (s.p[0] == '\r' || s.p[0] == '\n'))
        s = str_skip(s, 1);
    return s;
}

void redis_lua_push_error(lua_State *L, struct str text)
{
    struct str code = STR("ERR");
    struct str words = trim_line(text);
    struct str rest;

    if (str_starts(words, STR("-"))) {
        words = str_skip(words, 1);
        struct str first;
        if (str_cut(words, ' ', &first, &rest)) {
            code = first;
            words = rest;
        }
    }
    lua_newtable(L);
    lua_pushlstring(L, code.p, code.n);
    lua_pushstring(L, " ");
    lua_pushlstring(L, words.p, words.n);
    lua_concat(L, 3);
    lua_setfield(L, -2, "err");
}

static void push_field(lua_State *L, const char *name, struct str text)
{
    lua_newtable(L);
    lua_pushlstring(L, text.p, text.n);
    lua_setfield(L, -2, name);
}

void redis_lua_push_reply(lua_State *L, struct str *wire)
{
    struct redis_resp_part part;

    luaL_checkstack(L, REDIS_LUA_STACK, "a reply");
    struct str line = *wire;
    BUG_IF(!redis_resp_next(wire, &part));
    switch (part.type) {
    case REDIS_NIL:
        lua_pushboolean(L, 0);
        break;
    case REDIS_STR:
        lua_pushlstring(L, part.s.p, part.s.n);
        break;
    case REDIS_INT:
        lua_pushnumber(L, (lua_Number)part.i);
        break;
    case REDIS_STATUS:
        push_field(L, "ok", part.s);
        break;
    case REDIS_ERROR:
        redis_lua_push_error(L, str_n(line.p, part.s.n + 1));
        break;
    case REDIS_LIST:
        lua_createtable(L, (int)part.n, 0);
        for (size_t i = 0; i < part.n; i++) {
            redis_lua_push_reply(L, wire);
            lua_rawseti(L, -2, (int)i + 1);
        }
        break;
    }
}

/* ---- from Lua ---- */

static bool push_text_field(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING)
        return true;
    lua_pop(L, 1);
    return false;
}

static struct str text_on_top(lua_State *L)
{
    struct str s = {0};

    s.p = lua_tolstring(L, -1, &s.n);
    return s;
}

static void say_list(lua_State *L, struct buf *out)
{
    size_t n = 0;
    BUF_CLEANUP struct buf parts = BUF_INIT(REDIS_RESP_MAX);

    for (;;) {
        lua_rawgeti(L, -1, (int)n + 1);
        if (lua_isnil(L, -1))
            break;
        redis_lua_reply(L, &parts);
        lua_pop(L, 1);
        n++;
    }
    lua_pop(L, 1);
    redis_resp_list(out, n);
    buf_add(out, buf_view(&parts));
}

static void say_table(lua_State *L, struct buf *out)
{
    if (push_text_field(L, "err")) {
        redis_resp_error(out, text_on_top(L));
        lua_pop(L, 1);
    } else if (push_text_field(L, "ok")) {
        redis_resp_status(out, lua_tostring(L, -1));
        lua_pop(L, 1);
    } else {
        say_list(L, out);
    }
}

void redis_lua_reply(lua_State *L, struct buf *out)
{
    if (!lua_checkstack(L, REDIS_LUA_STACK)) {
        redis_resp_error(out, STR("ERR reached lua stack limit"));
        return;
    }
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        redis_resp_bulk(out, text_on_top(L));
        break;
    case LUA_TNUMBER:
        redis_resp_int(out, redis_number_truncate(lua_tonumber(L, -1)));
        break;
    case LUA_TBOOLEAN:
        if (lua_toboolean(L, -1))
            redis_resp_int(out, 1);
        else
            redis_resp_nil(out);
        break;
    case LUA_TTABLE:
        say_table(L, out);
        break;
    default:
        redis_resp_nil(out);
    }
}

/* A field of the error, as text, '' where it is not. */
static void add_field(lua_State *L, const char *name, struct buf *to)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_isstring(L, -1))
        buf_adds(to, lua_tostring(L, -1));
    lua_pop(L, 1);
}

void redis_lua_failed(lua_State *L, const char *sha, struct buf *out)
{
    BUF_CLEANUP struct buf text = BUF_INIT(REDIS_RESP_MAX);
    BUF_CLEANUP struct buf source = BUF_INIT(REDIS_RESP_MAX);

    if (!lua_istable(L, -1)) {
        buf_addf(&text, "ERR Error running script %s, %.100s", sha,
                 lua_isstring(L, -1) ? lua_tostring(L, -1) : "execution failure");
    } else {
        add_field(L, "err", &text);
        add_field(L, "source", &source);
        if (source.n) {
            buf_addf(&text, " script: %s, on %s:", sha, buf_cstr(&source));
            add_field(L, "line", &text);
            buf_adds(&text, ".");
        }
    }
    redis_resp_error(out, buf_view(&text));
}

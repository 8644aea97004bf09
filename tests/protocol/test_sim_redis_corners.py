"""Where the scripts' own histories do not come: how numbers are written and read, what a reply becomes in Lua and back, what an error says,
what a server without memory or a replica refuses. Each row goes to the simulated Redis and to a real one; one other byte is a failure."""

import pytest
import redis
from lib.redis_server import RedisServer
from lib.sim_redis import ORDERED, SimRedis

# Each is a script without keys; its reply is compared.
SCRIPTS = (
    # what a Lua value becomes
    "return 3.99", "return -3.99", "return 0.5", "return -0.5", "return 2^53", "return 2^62", "return 1e19", "return -1e19", "return 0/0",
    "return 1/0", "return true", "return false", "return nil", "return", "return ''", "return 'a\\r\\nb\\0c'", "return {}",
    "return {1, 2, nil, 4}", "return {nil, 1}", "return {1, {2, {3, {}}}}", "return {true, false, 'x', 1.5}", "return {a = 1, 7}",
    "return print", "return {1, print, 2}", "return {ok = 'fine'}", "return {ok = 'fi\\r\\nne'}", "return {err = 'ERR x'}",
    "return {err = 'no code'}", "return {err = 'ERR x\\r\\ny'}", "return {{err = 'ERR in a list'}, {ok = 'OK in a list'}}",
    "return {err = 1, 5}",
    # error_reply
    "return redis.error_reply('ERR x')", "return redis.error_reply('x')", "return redis.error_reply('x y')",
    "return redis.error_reply('-ERR x')", "return redis.error_reply('-CODE x y')", "return redis.error_reply('-CODE')",
    "return redis.error_reply('')", "return redis.error_reply('ERR x\\r\\n')", "return redis.error_reply()", "return redis.error_reply({})",
    "return redis.error_reply(7)", "return redis.error_reply('ERR x').err", "return redis.error_reply('MY x').err",
    # numbers as text
    "return tostring(1e15)", "return tostring(123456789012345678)", "return 1e14 .. ''", "return 0.1 .. ''", "return 2^63 .. ''",
    "return -0.0 .. ''", "return tostring(1/3)", "return string.format('%d %s %5.2f %g', 3.7, 1e15, 2.345, 1e20)", "return {tonumber('0x10'),"
    " tonumber('1e3'), tonumber(' 12 '), tonumber('') or 'nil', tonumber('1 2') or 'nil', tonumber('10', 2), tonumber('z', 36)}",
    "return {math.floor(-1.5), math.max(1, 2.5), math.min(3, -1), 7 % 3, -7 % 3, 7.5 % 2}",
    # numbers handed to redis.call
    *(f"redis.call('SET', 'n', {n}) return redis.call('GET', 'n')" for n in (
        "0.1", "3", "3.0", "1e15", "1e16", "1e17", "1e100", "-0.0", "1/3", "2^53", "2^53 + 1", "-1e-7", "1/0", "-1/0", "1780000000000",
        "123456789012345678")),
    *(f"redis.call('UNLINK', 'z') redis.call('ZADD', 'z', {n}, 'm') return {{redis.call('ZSCORE', 'z', 'm'), redis.call('ZRANGE', 'z', 0, -1,"
      f" 'WITHSCORES')}}" for n in ("0.1", "'1e3'", "1780000000000", "1780000000000.5", "'inf'", "'-inf'", "'0x10'", "1e17", "'3.0'")),
    # what a reply becomes
    "return redis.call('GET', 'none') == false and 1 or 0", "return type(redis.call('GET', 'none'))", "return redis.call('SET', 'a', 'b').ok",
    "local x = redis.call('HMGET', 'none', 'a', 'b') return {#x, x[1] == false and 1 or 0, type(x[2])}", "return #redis.call('TIME')",
    "return redis.call('HGETALL', 'none')", "return type(redis.call('HLEN', 'none'))", "return {redis.call('HGET', 'none', 'f'), 5}",
    # uncaught errors: sha and line, and what was written before stays
    "error('boom')", "error({err = 'MY words'})", "error()", "error('boom', 0)", "error('boom', 2)", "error(5)",
    "error({err = 'MY words', 7})", "\n\nerror('in the third line')", "local function f() error('deep') end\nf()", "local x = nil\nreturn x.y",
    "return nothing_of_this_name", "nothing = 1", "return {} .. 'x'", "return 1 + {}", "return #nil", "local t = {} t[nil] = 1", "return 1 < 'x'",
    "return ('x'):bad()", "return string.rep('x', -1)", "return string.rep()", "return ipairs()", "return unpack(nil)", "return select(0)",
    "return tonumber()", "return tonumber({})", "return table.concat({1, {}, 3})", "return table.concat({1, 2.5, 'x'}, ',')",
    "redis.call('SET', 'kept', '1')\nerror('after it')", "return redis.call('GET', 'kept')", "return redis.call()", "return redis.call(nil)",
    "return redis.call({})", "return redis.call('GET', true)", "return redis.call('GET')", "return redis.call('GET', 'a', 'b')",
    "return redis.call('HSET', 'h', 'f')", "return redis.call('HSET', 'h', 'f', 'v', 'g')", "return redis.call('EVAL', 'return 1', 0)",
    "redis.call('SET', 'text', 'x')\nredis.call('SET', 'kept', '2')\nreturn redis.call('HGET', 'text', 'f')", "return redis.call('GET', 'kept')",
    "local c = redis.call\nlocal function f()\n  return c('HGET', 'text', 'f')\nend\nreturn f()", "return redis.call('HINCRBY', 'h2', 'f', 'x')",
    "return redis.call('hincrby', 'h2', 'f', 1.5)", "return redis.call('HINCRBY', 'h2', 'f', 2)", "return redis.call('ZADD', 'z2', 'x', 'm')",
    "return redis.call('ZADD', 'z2', 1, 'm', 2)", "return redis.call('ZRANGE', 'z2', 'a', 0)", "return redis.call('ZRANGEBYSCORE', 'z2', 'x', 0)",
    "return pairs(nil)", "local function r() return r() + 1 end return r()", "return (function(...) return select('#', ...) end)(unpack({}, 1, 7000))",
    "return #{unpack({}, 1, 7990)}", "return #{unpack({}, 1, 8000)}", "return #{unpack({}, 1, 9000)}",
    "local t = {} for i = 1, 7000 do t[i] = 'm' .. i end redis.call('SADD', 's7', unpack(t)) return redis.call('SCARD', 's7')",
    "local t = {} local u = t for i = 1, 100 do u[1] = {} u = u[1] end return t",
    # order
    "local o = {} for k in pairs({a = 1, b = 2, c = 3, d = 4, st = 5, ep = 6, run = 7, step = 8}) do o[#o + 1] = k end return o",
    "local t, o = {}, {} for i = 1, 300 do t['k' .. i * 7919 % 1000] = i end for k, v in pairs(t) do o[#o + 1] = k .. v end return o",
    "local t, o = {}, {} for i = 1, 50 do t[i * 1.5] = i end for k in pairs(t) do o[#o + 1] = tostring(k) end return o",
    "local t = {5, 3, 9, 1} table.sort(t) return t", "local t = {'b', 'a', 'Z', 'é'} table.sort(t, function(x, y) return x > y end) return t",
    "return {string.match('a|b||d', '^([^|]*)|([^|]*)|([^|]*)|(.*)$')}", "return {string.find('a,b', ',', 1, true)}",
    "local o = {} for w in string.gmatch('1,22,,3', '%d*') do o[#o + 1] = w end return o", "return {string.gsub('a,b,c', ',', ';')}",
    "return {string.byte('é', 1, -1)}", "return ('x'):rep(3) .. #'abc' .. string.sub('hello', 2, -2) .. string.upper('é')",
    # compile errors
    "return (", "x =", "goto", "return 'a\nb'", "local a <const> = 1", "for",
)  # fmt: skip

# Each is decoded; what comes of it is written down in the order in which Lua has it.
JSON = (
    "1", "-1", "0", "-0", "1.5", "1e3", "1E-3", "12345678901234567890", "9007199254740993", "123456789.123456789", "1e308", "1e400", "0.1",
    '"x"', '""', '"\\u00e9\\n\\t\\"\\\\\\/"', '"\\ud83d\\ude00"', '"\\ud83d"', '"é"', '"\\u0000"', "null", "true", "false", "[]", "{}", "[[]]",
    "[null]", "[1,null,3]", "{\"a\":null}", '{"w":{"st":"I","cnt":"3","h:x":"1|2|é"},"r":{}}', '{"w":[],"r":{}}', '{"a":1,"a":2}',
    '{"1":"x","2":"y"}', '{"b":1,"a":2,"c":[1,2,{"d":3}]}', "[" * 999 + "]" * 999, "[" * 1001 + "]" * 1001, '{"' + "k" * 300 + '":1}',
    "{" + ",".join(f'"f{i}":"{i}"' for i in range(200)) + "}",
    "", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "nul", "tru", "NaN", "Infinity", "-Infinity", "nan", "0x10", "01", "+1", "1.", ".5",
    "'x'", '"x', '"\\x"', '"\\u12"', '"\t"', "[1] 2", "1 2", "[1 2]", "\xef\xbb\xbf1", "// c\n1",
)  # fmt: skip
SHOW = """local function show(x)
  if x == cjson.null then return 'null' end
  if type(x) == 'number' then return string.format('%.17g', x) end
  if type(x) ~= 'table' then return type(x) .. ':' .. tostring(x) end
  local o = {}
  for k, y in pairs(x) do o[#o + 1] = type(k) .. ' ' .. k .. '=' .. show(y) end
  return '{' .. table.concat(o, ',') .. '}'
end
return show(cjson.decode(ARGV[1]))"""

BIG = "9" * 30
COMMANDS = (
    ("FLUSHDB",), ("SET", "t", "x"), ("HSET", "h", "f", "1"), ("SADD", "s", "m"), ("ZADD", "z", "1", "m"),
    # words too few, too many, of a wrong type
    *((name, *("x",) * n) for n in range(0, 6) for name in
      ("GET", "HGET", "HSET", "HMGET", "HDEL", "HLEN", "HEXISTS", "HGETALL", "HVALS", "HKEYS", "HINCRBY", "HSETNX", "SADD", "SREM", "SCARD",
       "SISMEMBER", "ZCARD", "ZREM", "ZSCORE", "UNLINK", "EVALSHA", "EVAL")),
    *((name, key, *more) for key in ("t", "h", "s", "z", "none") for name, *more in
      (("GET",), ("HGET", "f"), ("HSET", "f", "v"), ("HMGET", "f", "g"), ("HDEL", "g"), ("HLEN",), ("HEXISTS", "f"), ("HGETALL",), ("HVALS",),
       ("HKEYS",), ("HINCRBY", "n", "1"), ("HSETNX", "f", "v"), ("SADD", "m"), ("SREM", "q"), ("SCARD",), ("SISMEMBER", "m"), ("ZADD", "1", "m"),
       ("ZADD", "NX", "2", "m"), ("ZCARD",), ("ZREM", "q"), ("ZSCORE", "m"), ("ZRANGE", "0", "-1"), ("ZRANGEBYSCORE", "-inf", "+inf"),
       ("UNLINK",), ("TYPE",), ("EXISTS",))),
    ("UNLINK", "h", "z", "s", "t", "none"),
    # integers and scores
    *(("HINCRBY", "i", "f", n) for n in ("1", "-1", "+1", "01", "1.0", "", " 1", "1 ", "-0", "0", "9223372036854775807", "9223372036854775808", BIG)),
    ("HINCRBY", "i", "f", "9223372036854775807"), ("HSET", "i", "x", "abc", "y", " 1", "z", "1.5"), ("HINCRBY", "i", "x", "1"),
    ("HINCRBY", "i", "y", "1"), ("HINCRBY", "i", "z", "1"), ("HINCRBY", "i", "m", "-9223372036854775808"), ("HINCRBY", "i", "m", "-1"), ("HGETALL", "i"),
    *(("ZADD", "q", n, "m" + n) for n in ("1", "1.5", "-1", "+1", "1e3", "inf", "-inf", "+inf", "nan", "x", "", " 1", "1 ", "0x1f", "1e400", "1e-400",
                                        "-0", "0.1", "1780000000000.25", BIG, "1" * 400)),
    ("ZRANGE", "q", "0", "-1", "WITHSCORES"), ("ZADD", "q", "5", "a", "5", "c", "5", "b", "5", "é", "5", "", "5", "B"), ("ZADD", "q", "6", "a", "x", "b"),
    ("ZRANGE", "q", "0", "-1"), ("ZADD", "q", "1", "twice", "2", "twice"), ("ZSCORE", "q", "twice"), ("ZADD", "q", "NX"), ("ZADD", "q", "NX", "1"),
    ("ZADD", "q", "NX", "9", "twice", "9", "new"), ("ZSCORE", "q", "new"), ("ZADD", "q", "NX", "x", "twice"),
    *(("ZRANGE", "q", a, b) for a in ("0", "1", "-1", "-3", "-100", "100") for b in ("0", "2", "-1", "-2", "-100", "100")),
    ("ZRANGE", "q", "x", "0"), ("ZRANGE", "q", "0", "1.5"), ("ZRANGE", "q", "0", "-1", "withscores"),
    *(("ZRANGEBYSCORE", "q", a, b) for a in ("-inf", "1", "(1", "5", "(5", "+inf", "x", "", "(", "nan", "1 ", " 1", "(x", "0x1")
      for b in ("+inf", "5", "(5", "1", "(1", "-inf", "x", "inf")),
    *(("ZRANGEBYSCORE", "q", "-inf", "+inf", "LIMIT", a, b) for a in ("0", "1", "-1", "100", "x") for b in ("0", "1", "2", "-1", "100", "y")),
    ("ZRANGEBYSCORE", "q", "-inf", "5", "WITHSCORES", "LIMIT", "1", "2"), ("ZRANGEBYSCORE", "q", "-inf", "5", "LIMIT", "1", "2", "WITHSCORES"),
    ("ZRANGEBYSCORE", "q", "-inf", "5", "LIMIT", "1"), ("ZRANGEBYSCORE", "q", "-inf", "5", "OTHER"), ("ZREM", "q", "a", "a", "none", "b"), ("ZCARD", "q"),
    # order of insertion, and what is taken out and put again
    ("HSET", "o", *"c3a1b2c4"), ("HDEL", "o", "c", "none", "c"), ("HSET", "o", "c", "5", "d", "6"), ("HGETALL", "o"), ("HKEYS", "o"), ("HVALS", "o"),
    ("HSETNX", "o", "c", "9"), ("HSETNX", "o", "e", "9"), ("HDEL", "o", *"abcde"), ("EXISTS", "o"), ("HLEN", "o"), ("HSET", "o", "", ""), ("HGETALL", "o"),
    *(("HSET", "many", f"f{i * 7919 % 1000}", str(i)) for i in range(300)), *(("HDEL", "many", f"f{i}") for i in range(0, 1000, 3)), ("HGETALL", "many"),
    ("SADD", "g", *"abcab"), ("SREM", "g", "a", "a", "z"), ("SCARD", "g"), ("SMEMBERS", "g"), ("SREM", "g", "b", "c"), ("EXISTS", "g"),
    # texts
    ("SET", "b", b"\x00\xff\r\n"), ("GET", "b"), ("SET", "b", ""), ("GET", "b"), ("STRLEN", "b"), ("SET", "b", "1", "NX"), ("SET", "new", "1", "NX"),
    ("SET", "b", "1", "PX", "x"), ("SET", "b", "1", "PX", "0"), ("SET", "b", "1", "PX", "-5"), ("SET", "b", "1", "PX", "100000", "NX"), ("SET", "b", "2"),
    ("SET", "px", "1", "nx", "px", "100000"), ("SET", "px", "1", "nx", "px", "100000"), ("UNLINK", "px"), ("RENAME", "none", "x"), ("RENAME", "b", "c"),
    # scripts as commands
    ("EVALSHA", "0" * 40, "0"), ("EVALSHA", "short", "0"), ("EVAL", "return {KEYS[1], KEYS[2], ARGV[1], #ARGV}", "1", "k", "a", "b"),
    ("EVAL", "return {KEYS[1], KEYS[2], ARGV[1], #ARGV}", "2", "k", "a"), ("EVAL", "return 1", "2", "k"), ("EVAL", "return 1", "-1", "k"),
    ("EVAL", "return 1", "x", "k"), ("EVAL", "return ARGV[1]", "0", b"\x00\xff"), ("EVAL", "return #KEYS[1]", "1", ""), ("SCRIPT", "LOAD", "return ("),
    ("SCRIPT", "LOAD", "return 7"), ("EVALSHA", "bc6a66d8b2e1ef51a9ec5d4d1f5e0b1d16f4ed2e", "0"), ("KEYS", "*"),
)  # fmt: skip

SEVEN = "return 7"
WRITES = (
    "return redis.call('SET', 'w', '1')", "redis.call('ZREM', 'none', 'x')\nreturn redis.call('HSET', 'w2', 'f', '1')",
    "return redis.call('HGET', 'w2', 'f')", "return redis.call('UNLINK', 'w')",
    "redis.call('UNLINK', 'w')\nredis.call('SADD', 'w3', 'm')\nreturn redis.call('SCARD', 'w3')",
)  # fmt: skip
REFUSED = (
    *(("EVAL", s, "0") for s in WRITES), ("SET", "x", "1"), ("HSET", "x2", "f", "1"), ("HDEL", "x2", "f"), ("GET", "x"), ("UNLINK", "x"),
    ("ZADD", "x3", "1", "m"), ("SADD", "x4", "m"), ("HINCRBY", "x5", "f", "1"), ("HSETNX", "x6", "f", "1"), ("SREM", "x4", "m"), ("ZREM", "x3", "m"),
    ("SCRIPT", "LOAD", "return 8"), ("HSET", "x2"), ("KEYS", "*"),
)  # fmt: skip


@pytest.fixture
def ask(bin_dir, short_dir):
    """Asks both, and ends with 1 at the first difference; an error of both is an answer."""
    with RedisServer(short_dir, settings=ORDERED, name=f"r{len(list(short_dir.iterdir()))}") as real:
        with SimRedis(bin_dir.parent / "protocol" / "protocol_redis", real.folder, against=real.socket) as sim:
            client = sim.client()

            def both(*words):
                try:
                    return client.execute_command(*words)
                except redis.ConnectionError:
                    sim.wait()
                    pytest.fail(f"{words}: {sim.tail()}", pytrace=False)
                except redis.ResponseError as e:
                    return e

            yield both
            client.close()
            sim.end()
            assert "not simulated" not in sim.log(), sim.tail()


def test_values_of_lua_become_the_same_replies(ask):
    for script in SCRIPTS:
        ask("EVAL", script, 0)


def test_json_becomes_the_same_tables(ask):
    for text in JSON:
        ask("EVAL", SHOW, 0, text)


def test_commands_answer_the_same(ask):
    for words in COMMANDS:
        ask(*words)


@pytest.mark.parametrize(
    "begin, end", [(("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")), (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"))]
)
def test_a_server_without_memory_and_a_replica_refuse_the_same(ask, begin, end):
    for words in (("SET", "w", "0"), ("HSET", "x2", "f", "0"), ("SADD", "x4", "m"), begin, *REFUSED, end, *REFUSED):
        ask(*words)


def test_what_a_server_forgot_is_answered_with_noscript(ask):
    sha = ask("SCRIPT", "LOAD", SEVEN).decode()
    assert ask("EVALSHA", sha.upper(), 0) == 7
    ask("SCRIPT", "FLUSH")
    assert isinstance(ask("EVALSHA", sha, 0), redis.exceptions.NoScriptError)
    assert ask("EVAL", SEVEN, 0) == 7  # which makes it known
    assert ask("EVALSHA", sha, 0) == 7

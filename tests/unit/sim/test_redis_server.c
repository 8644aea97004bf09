#include "support/cmocka_first.h"

#include "sim/redis_foreign.h"
#include "sim/redis_resp.h"
#include "sim/redis_server.h"
#include "view/scripts.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 8 };

struct bench {
    struct redis_server *s;
    struct buf reply;
    int64_t now_ms;
    int refused;
    char what[128];
};

static int64_t now_of(void *self)
{
    return ((struct bench *)self)->now_ms;
}

static void note_refusal(void *self, const char *what)
{
    struct bench *b = self;

    b->refused++;
    (void)snprintf(b->what, sizeof b->what, "%s", what);
}

static void begin(struct bench *b)
{
    *b = (struct bench){.reply = BUF_INIT(REDIS_RESP_MAX), .now_ms = 1000};
    b->s = redis_server_new(&(struct redis_server_host){now_of, note_refusal, b}, "id1");
}

static void finish(struct bench *b)
{
    redis_server_free(b->s);
    buf_release(&b->reply);
}

/* Words apart by blanks. */
static const char *ask(struct bench *b, const char *command)
{
    struct str words[WORDS_MAX];
    struct str rest = str_of(command);
    size_t n = 0;

    for (bool more = true; more; n++) {
        assert_true(n < WORDS_MAX);
        struct str whole = rest;
        more = str_cut(whole, ' ', &words[n], &rest);
        if (!more)
            words[n] = whole;
    }
    buf_clear(&b->reply);
    redis_server_execute(b->s, 0, words, n, &b->reply);
    return buf_cstr(&b->reply);
}

static const char *eval(struct bench *b, const char *script)
{
    const struct str words[] = {STR("EVAL"), str_of(script), STR("0")};

    buf_clear(&b->reply);
    redis_server_execute(b->s, 0, words, 3, &b->reply);
    return buf_cstr(&b->reply);
}

static void a_snapshot_stays_as_it_was_whatever_is_written_after_it(void **state)
{
    struct bench b;
    struct redis_data early;
    struct redis_data late;
    (void)state;

    begin(&b);
    ask(&b, "HSET h a 1 b 2");
    ask(&b, "ZADD z 5 x 6 y");
    ask(&b, "SET s v");
    redis_server_save(b.s, &early);
    ask(&b, "HSET h a 9");
    ask(&b, "ZADD z 7 x");
    ask(&b, "ZREM z y");
    ask(&b, "UNLINK s");
    ask(&b, "SADD new m");
    redis_server_save(b.s, &late);
    redis_server_load(b.s, &early);
    assert_string_equal(ask(&b, "HGETALL h"), "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n");
    assert_string_equal(ask(&b, "ZRANGE z 0 -1 WITHSCORES"),
                        "*4\r\n$1\r\nx\r\n$1\r\n5\r\n$1\r\ny\r\n$1\r\n6\r\n");
    assert_string_equal(ask(&b, "GET s"), "$1\r\nv\r\n");
    assert_string_equal(ask(&b, "SCARD new"), ":0\r\n");
    ask(&b, "HSET h a 5");
    redis_server_load(b.s, &late);
    assert_string_equal(ask(&b, "HGET h a"), "$1\r\n9\r\n");
    assert_string_equal(ask(&b, "ZRANGE z 0 -1 WITHSCORES"), "*2\r\n$1\r\nx\r\n$1\r\n7\r\n");
    redis_data_release(&early);
    redis_data_release(&late);
    finish(&b);
}

static void a_value_is_gone_after_its_last_moment_by_the_clock_that_it_is_given(void **state)
{
    struct bench b;
    (void)state;

    begin(&b);
    ask(&b, "SET k v PX 500");
    b.now_ms += 500;
    assert_string_equal(ask(&b, "GET k"), "$1\r\nv\r\n");
    assert_string_equal(ask(&b, "SET k w NX"), "$-1\r\n");
    b.now_ms++;
    assert_string_equal(ask(&b, "GET k"), "$-1\r\n");
    assert_string_equal(ask(&b, "SET k w NX"), "+OK\r\n");
    b.now_ms = 1780000000123;
    assert_string_equal(ask(&b, "TIME"), "*2\r\n$10\r\n1780000000\r\n$6\r\n123000\r\n");
    finish(&b);
}

static void a_scan_names_each_key_that_stays_once_though_others_come_and_go(void **state)
{
    struct bench b;
    char command[64];
    char seen[100] = {0};
    char cursor[32] = "0";
    (void)state;

    begin(&b);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(command, sizeof command, "SET k%02d v", i);
        ask(&b, command);
    }
    do {
        struct redis_resp_tree t = {0};
        (void)snprintf(command, sizeof command, "SCAN %s MATCH k?[05] COUNT 7", cursor);
        ask(&b, command);
        redis_resp_tree_read(&t, buf_view(&b.reply));
        (void)snprintf(cursor, sizeof cursor, STR_FMT, STR_ARG(t.values->at[0].s));
        for (size_t i = 0; i < t.values->at[1].n; i++) {
            const char *name = t.values->at[1].at[i].s.p;
            seen[(name[1] - '0') * 10 + name[2] - '0']++;
        }
        redis_resp_tree_release(&t);
        ask(&b, "UNLINK k01 k02 k03 k04 k11 k12");
        ask(&b, "SET more v");
    } while (strcmp(cursor, "0") != 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], i % 5 == 0);
    finish(&b);
}

static void what_is_not_simulated_is_told_and_never_answered_politely(void **state)
{
    static const char *const scripts[] = {
        "return math.random()",
        "return redis.sha1hex('x')",
        "return tostring({})",
        "for k in pairs({[{}] = 1}) do end",
        "return setmetatable({}, {})",
        "return redis.call('BLPOP', 'x', 0)",
        "return redis.pcall('GET', 'x')",
        "while true do end",
    };
    static const char *const commands[] = {"BLPOP x 0",    "ZADD z GT 1 m", "ZRANGE z 0 1 REV",
                                           "SET k v EX 5", "SCRIPT KILL",   "KEYS *"};
    struct bench b;
    int told = 0;
    (void)state;

    begin(&b);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        assert_true(str_starts(str_of(ask(&b, commands[i])), STR("-UNSIMULATED")));
        assert_int_equal(b.refused, ++told);
    }
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        assert_non_null(strstr(eval(&b, scripts[i]), "UNSIMULATED"));
        assert_int_equal(b.refused, ++told);
    }
    finish(&b);
}

static void a_server_in_trouble_refuses_and_a_restarted_one_forgot_its_scripts(void **state)
{
    struct bench b;
    char sha[64];
    char command[128];
    (void)state;

    begin(&b);
    (void)snprintf(sha, sizeof sha, "%.40s", strchr(ask(&b, "SCRIPT LOAD return"), '\n') + 1);
    (void)snprintf(command, sizeof command, "EVALSHA %s 0", sha);
    assert_string_equal(ask(&b, command), "$-1\r\n");
    redis_server_trouble(b.s, REDIS_IS_LOADING);
    assert_string_equal(ask(&b, command), "-LOADING Redis is loading the dataset in memory\r\n");
    assert_true(str_starts(str_of(ask(&b, "INFO server")), STR("$")));
    redis_server_trouble(b.s, REDIS_READONLY);
    assert_string_equal(ask(&b, "SET k v"), "-READONLY You can't write against a read only replica.\r\n");
    assert_non_null(strstr(ask(&b, "INFO"), "role:slave"));
    redis_server_trouble(b.s, 0);
    redis_server_restart(b.s, "id2");
    assert_string_equal(ask(&b, command), "-NOSCRIPT No matching script. Please use EVAL.\r\n");
    assert_non_null(strstr(ask(&b, "INFO server"), "run_id:id2\r\n"));
    finish(&b);
}

static void every_script_of_the_product_compiles(void **state)
{
    struct bench b;
    (void)state;

    begin(&b);
    for (const struct view_script *v = view_scripts; v->name; v++) {
        const struct str words[] = {STR("SCRIPT"), STR("LOAD"), str_of(v->text)};
        buf_clear(&b.reply);
        redis_server_execute(b.s, 0, words, 3, &b.reply);
        assert_true(str_starts(buf_view(&b.reply), STR("$40\r\n")));
    }
    assert_int_equal(b.refused, 0);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_stays_as_it_was_whatever_is_written_after_it),
        cmocka_unit_test(a_value_is_gone_after_its_last_moment_by_the_clock_that_it_is_given),
        cmocka_unit_test(a_scan_names_each_key_that_stays_once_though_others_come_and_go),
        cmocka_unit_test(what_is_not_simulated_is_told_and_never_answered_politely),
        cmocka_unit_test(a_server_in_trouble_refuses_and_a_restarted_one_forgot_its_scripts),
        cmocka_unit_test(every_script_of_the_product_compiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The words behind a verb: flags anywhere, values joined or apart, and a clear word about each mistake. */
#include "cli/arguments.h"
#include "support/cmocka_first.h"

#include <string.h>

struct typed {
    bool yes;
    const char *reason;
    struct strs tiers;
    int64_t limit, wait_ms;
    int mode;
    struct strs words;
    struct err err;
};

static const char *const modes[] = {"reject", "queue", NULL};

/* `line`: words separated by '|'. */
static bool read_line(struct typed *t, const char *line, size_t least, size_t most)
{
    static struct strs words; /* flags borrow from it until the next line */
    struct str rest = str_of(line);
    struct str word;
    const struct argument table[] = {
        {"--yes", ARGUMENT_SWITCH, &t->yes, NULL, "do not ask"},
        {"--reason", ARGUMENT_TEXT, &t->reason, "TEXT", "why"},
        {"--tier", ARGUMENT_TEXTS, &t->tiers, "T", "only this"},
        {"--limit", ARGUMENT_NUMBER, &t->limit, "N", "how many", .min = 1, .max = 9},
        {"--wait", ARGUMENT_DURATION, &t->wait_ms, "D", "how long"},
        {"--if-busy", ARGUMENT_WORD, &t->mode, "MODE", "what then", modes},
        {0},
    };

    *t = (struct typed){0};
    strs_release(&words);
    while (rest.n) {
        (void)str_cut(rest, '|', &word, &rest);
        strs_add(&words, word);
    }
    return arguments_read(&words, table, least, most, &t->words, &t->err);
}

static void release(struct typed *t)
{
    strs_release(&t->tiers);
    strs_release(&t->words);
}

static void flags_may_stand_anywhere_joined_to_their_value_or_apart(void **state)
{
    struct typed t;
    (void)state;

    assert_true(
        read_line(&t, "--reason|the night|shop|--tier=a|--tier|b=c|--yes|--wait=90s|--if-busy=queue", 1, 1));
    assert_true(t.yes);
    assert_string_equal(t.reason, "the night");
    assert_int_equal(t.tiers.n, 2);
    assert_string_equal(t.tiers.at[1], "b=c");
    assert_int_equal(t.wait_ms, 90000);
    assert_int_equal(t.mode, 1);
    assert_string_equal(t.words.at[0], "shop");
    release(&t);
}

static void what_stands_behind_two_dashes_is_a_word(void **state)
{
    struct typed t;
    (void)state;

    assert_true(read_line(&t, "--|--yes", 1, 1));
    assert_false(t.yes);
    assert_string_equal(t.words.at[0], "--yes");
    release(&t);
}

static void refuses(const char *line, const char *says)
{
    struct typed t;

    assert_false(read_line(&t, line, 1, 1));
    assert_int_equal(t.err.kind, ERR_CONFIG);
    if (!strstr(t.err.msg, says))
        fail_msg("%s: '%s' does not say '%s'", line, t.err.msg, says);
    release(&t);
}

static void each_mistake_is_named(void **state)
{
    (void)state;
    refuses("shop|--reasn|x", "did you mean --reason?");
    refuses("shop|--nothing-like-it", "unknown flag --nothing-like-it");
    refuses("shop|--reason", "--reason needs a value: --reason TEXT");
    refuses("shop|--yes=1", "--yes takes no value");
    refuses("shop|--limit|0", "--limit 0: a number from 1 to 9");
    refuses("shop|--limit|ten", "a number from 1 to 9");
    refuses("shop|--wait|soon", "a time such as 90s, 10m or 2h");
    refuses("shop|--if-busy|perhaps", "allowed are reject, queue");
    refuses("shop|more", "unexpected word 'more'");
    refuses("--yes", "a word is missing");
}

static void help_is_told_and_is_no_mistake(void **state)
{
    struct typed t;
    (void)state;

    assert_false(read_line(&t, "--help", 1, 1));
    assert_int_equal(t.err.kind, ERR_NONE);
    assert_string_equal(t.err.msg, "");
    release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_may_stand_anywhere_joined_to_their_value_or_apart),
        cmocka_unit_test(what_stands_behind_two_dashes_is_a_word),
        cmocka_unit_test(each_mistake_is_named),
        cmocka_unit_test(help_is_told_and_is_no_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

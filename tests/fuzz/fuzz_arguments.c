/*
 * fuzz_arguments - the words behind a verb, each line one: taken into what its flag holds and nothing else,
 * or refused as configuration with a reason. --help, which prints, is left out.
 */
#include "cli/arguments.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { NUMBER_MIN = 1, NUMBER_MAX = 100, LEAST = 0, MOST = 3 };

static void split(struct str text, struct strs *words)
{
    struct str line;

    while (text.n && words->n < 100) {
        (void)str_cut(text, '\n', &line, &text);
        if (!str_find(line, STR("\0"), &(size_t){0}) && !str_is(line, "--help") && !str_is(line, "-h"))
            strs_add(words, line);
    }
}

static void take(struct str text)
{
    static const char *const modes[] = {"", "halt", "continue", NULL};
    bool yes = false;
    const char *reason = NULL;
    int64_t limit = NUMBER_MIN;
    int64_t timeout_ms = 0;
    int mode = 0;
    struct err e = {0};
    STRS_CLEANUP struct strs tiers = {0};
    STRS_CLEANUP struct strs words = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--yes", ARGUMENT_SWITCH, &yes, NULL, "do not ask"},
        {"--reason", ARGUMENT_TEXT, &reason, "TEXT", "why"},
        {"--tier", ARGUMENT_TEXTS, &tiers, "T", "only this tier"},
        {"--limit", ARGUMENT_NUMBER, &limit, "N", "so many", NULL, NUMBER_MIN, NUMBER_MAX},
        {"--timeout", ARGUMENT_DURATION, &timeout_ms, "D", "how long"},
        {"--on-failure", ARGUMENT_WORD, &mode, "MODE", "what then", modes},
        {0},
    };

    split(text, &words);
    bool ok = arguments_read(&words, table, LEAST, MOST, &positional, &e);
    BUG_IF(!ok && (e.kind != ERR_CONFIG || !e.msg[0]));
    BUG_IF(ok && positional.n > MOST);
    BUG_IF(limit < NUMBER_MIN || limit > NUMBER_MAX || timeout_ms < 0 || mode < 0 || mode > 2);
    BUG_IF(reason && strlen(reason) > text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mem_account account = {0};

    (void)mem_account_set(&account);
    take(str_n((const char *)data, n));
    BUG_IF(account.bytes || account.blocks);
    return 0;
}

#include "cli/checks.h"

#include "base/mem.h"
#include "cli/print.h"
#include "core/document.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 1000 };

struct checks {
    const struct cli *cli;
    struct json *all;
    size_t n[3];
};

static const char *const words[] = {"ok", "warn", "fail"};

struct checks *checks_new(const struct cli *c)
{
    struct checks *k = xcalloc(1, sizeof *k);

    k->cli = c;
    k->all = json_array();
    return k;
}

void checks_freep(struct checks **k)
{
    if (!*k)
        return;
    json_free((*k)->all);
    xfree(*k);
    *k = NULL;
}

void checks_add(struct checks *k, enum check_state state, const char *what, const char *remedy,
                const char *fmt, ...)
{
    char text[TEXT_MAX];
    struct json *one = json_object();
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    k->n[state]++;
    json_add_str(one, "state", str_of(words[state]));
    json_add_str(one, "check", str_of(what));
    json_add_str(one, "message", str_of(text));
    json_add_str(one, "remedy", str_of(remedy));
    json_push(k->all, one);
    if (k->cli->json)
        return;
    print_line("%-4s  %-12s  %s%s%s", words[state], what, text, remedy ? ": " : "", remedy ? remedy : "");
    (void)fflush(stdout);
}

int checks_end(const struct checks *k)
{
    if (k->cli->json) {
        JSON_CLEANUP struct json *document = document_new();
        json_add(document, "checks", json_copy(k->all));
        json_add_int(document, "warnings", (int64_t)k->n[CHECK_WARN]);
        json_add_int(document, "failures", (int64_t)k->n[CHECK_FAIL]);
        print_json(document);
    } else {
        print_line("%zu ok, %zu to look at, %zu failed", k->n[CHECK_OK], k->n[CHECK_WARN], k->n[CHECK_FAIL]);
    }
    return k->n[CHECK_FAIL] ? CLI_FAILED : CLI_OK;
}

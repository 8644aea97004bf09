/* A person's rows, typed or plain: whatever they hold becomes a valid specification or findings, never both,
 * never neither. */
#include "base/mem.h"
#include "core/lint.h"
#include "specs/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lint_all(const struct json *workload, const struct json *tiers)
{
    struct findings f = {0};
    struct spec s = {0};
    bool ok = lint_workload("w", workload, tiers, false, &s, &f);

    BUG_IF(ok == (findings_first_error(&f) != NULL));
    for (int action = ACTION_START; ok && action <= ACTION_STOP; action++) {
        size_t before = f.n;
        bool can = lint_action(&s, (enum action)action, &(struct strs){0}, &f);
        BUG_IF(!can && f.n == before);
    }
    spec_release(&s);
    findings_release(&f);
}

/* The input is an array: the first element is the workload's row, the others are its tiers'. */
static void one_input(struct str text)
{
    struct err e = {0};
    JSON_CLEANUP struct json *all = json_parse(text, 1 << 20, &e);
    JSON_CLEANUP struct json *tiers = json_array();
    struct json *workload = NULL;

    for (const struct json *row = json_first(all); row; row = json_next(row)) {
        struct json *plain = row_plain(row, &e);
        if (!plain)
            continue;
        if (workload)
            json_push(tiers, plain);
        else
            workload = plain;
    }
    lint_all(workload, tiers);
    json_free(workload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_account account = {0};
    struct mem_account *was = mem_account_set(&account);

    one_input(str_n((const char *)data, size));
    BUG_IF(account.blocks != 0);
    (void)mem_account_set(was);
    return 0;
}

/*
 * Whatever bytes come: json_parse takes them or says why, what it took prints and reads back the same, a
 * record decodes by its table or leaves nothing, and no memory is left.
 */
#include "codec/json.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct inner {
    bool on;
    int64_t n;
};

struct record {
    char *s;
    int64_t i;
    int kind;
    struct strs words;
    struct inner inner;
    struct {
        struct inner *at;
        size_t n;
    } list;
    char *raw;
};

static const char *const kinds[] = {"a", "b", NULL};
static const struct json_field inner_fields[] = {
    {"o", JSON_F_BOOL, offsetof(struct inner, on), .required = true},
    {"n", JSON_F_INT, offsetof(struct inner, n)},
    {0},
};
static const struct json_field record_fields[] = {
    {"s", JSON_F_STR, offsetof(struct record, s)},
    {"i", JSON_F_INT, offsetof(struct record, i)},
    {"k", JSON_F_ENUM, offsetof(struct record, kind), .names = kinds},
    {"w", JSON_F_STRS, offsetof(struct record, words)},
    {"o", JSON_F_OBJECT, offsetof(struct record, inner), .fields = inner_fields},
    {"l", JSON_F_LIST, offsetof(struct record, list), .fields = inner_fields, .size = sizeof(struct inner)},
    {"r", JSON_F_RAW, offsetof(struct record, raw)},
    {0},
};

enum { MAX = 1 << 20 };

static struct json *again(const struct json *j, void (*print)(const struct json *, struct buf *),
                          struct buf *text)
{
    struct err e = {0};

    print(j, text);
    struct json *back = json_parse(buf_view(text), (size_t)64 * MAX, &e);
    BUG_IF(!back);
    return back;
}

static void prints_and_reads_back(const struct json *j)
{
    BUF_CLEANUP struct buf a = BUF_INIT((size_t)64 * MAX);
    BUF_CLEANUP struct buf b = BUF_INIT((size_t)64 * MAX);
    BUF_CLEANUP struct buf c = BUF_INIT((size_t)64 * MAX);
    JSON_CLEANUP struct json *one = again(j, json_print, &a);
    JSON_CLEANUP struct json *two = again(one, json_print_pretty, &b);
    JSON_CLEANUP struct json *three = again(two, json_print, &c);

    BUG_IF(!three || !str_eq(buf_view(&a), buf_view(&c)));
}

static void goes_through_the_table(const struct json *j)
{
    struct record r = {0};
    struct record zero = {0};
    struct err e = {0};

    if (!json_decode(j, record_fields, &r, &e)) {
        BUG_IF(e.kind != ERR_INVALID || !e.msg[0] || memcmp(&r, &zero, sizeof r) != 0);
        return;
    }
    JSON_CLEANUP struct json *one = json_encode(record_fields, &r);
    prints_and_reads_back(one);
    json_release(record_fields, &r);
    BUG_IF(!json_decode(one, record_fields, &r, &e));
    json_release(record_fields, &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mem_account account = {0};
    struct err e = {0};

    (void)mem_account_set(&account);
    struct json *j = json_parse(str_n((const char *)data, n), MAX, &e);
    if (j) {
        prints_and_reads_back(j);
        goes_through_the_table(j);
    } else {
        BUG_IF(e.kind != ERR_INVALID || !e.msg[0]);
    }
    json_free(j);
    BUG_IF(account.bytes || account.blocks);
    return 0;
}

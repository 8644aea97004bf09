/* Whatever bytes come: they survive encoding, and pairs that were read are written and read back the same. */
#include "codec/form.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MAX = 1 << 20 };

static void survives(struct str s)
{
    BUF_CLEANUP struct buf text = BUF_INIT((size_t)4 * MAX);
    BUF_CLEANUP struct buf back = BUF_INIT(MAX);

    form_encode(s, &text);
    BUG_IF(!form_decode(buf_view(&text), &back) || !str_eq(buf_view(&back), s));
}

/* Reads all pairs of `s`; writes them to `out` unless that is NULL. How many. */
static size_t pairs(struct str s, struct buf *out, struct err *e)
{
    struct form_walk w = {s};
    BUF_CLEANUP struct buf name = BUF_INIT(MAX);
    BUF_CLEANUP struct buf value = BUF_INIT(MAX);
    size_t count = 0;

    while (form_next(&w, &name, &value, e)) {
        count++;
        if (out && !str_find(buf_view(&name), STR("\0"), &(size_t){0}))
            form_add(out, buf_cstr(&name), buf_view(&value));
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mem_account account = {0};
    struct str s = str_n((const char *)data, n);
    struct err e = {0};

    (void)mem_account_set(&account);
    if (n <= MAX) {
        BUF_CLEANUP struct buf one = BUF_INIT((size_t)8 * MAX);
        BUF_CLEANUP struct buf two = BUF_INIT((size_t)8 * MAX);
        survives(s);
        (void)pairs(s, &one, &e);
        struct err none = {0};
        (void)pairs(buf_view(&one), &two, &none);
        BUG_IF(none.kind != ERR_NONE || !str_eq(buf_view(&one), buf_view(&two)));
    }
    BUG_IF(account.bytes || account.blocks);
    return 0;
}

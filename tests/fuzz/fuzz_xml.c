/*
 * Whatever bytes come: xml_parse takes them or says why, every text it gives can be escaped and read back,
 * nothing is left.
 */
#include "codec/xml.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MAX = 1 << 20 };

static void text_comes_back(struct str text)
{
    BUF_CLEANUP struct buf b = BUF_INIT((size_t)16 * MAX);
    struct err e = {0};

    buf_adds(&b, "<a>");
    xml_escape(text, &b);
    buf_adds(&b, "</a>");
    XML_CLEANUP struct xml *x = xml_parse(buf_view(&b), (size_t)16 * MAX, &e);
    BUG_IF(!x || !str_eq(xml_text(x), text));
}

static void walk(const struct xml *x)
{
    for (; x; x = xml_next(x)) {
        text_comes_back(xml_text(x));
        BUG_IF(xml_first(x) && xml_text(x).n);
        walk(xml_first(x));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mem_account account = {0};
    struct err e = {0};

    (void)mem_account_set(&account);
    struct xml *x = xml_parse(str_n((const char *)data, n), MAX, &e);
    BUG_IF(!x && (e.kind != ERR_INVALID || !e.msg[0]));
    walk(x);
    xml_free(x);

    BUF_CLEANUP struct buf b = BUF_INIT((size_t)16 * MAX); /* any bytes at all can be escaped */
    buf_adds(&b, "<a>");
    xml_escape(str_n((const char *)data, n), &b);
    buf_adds(&b, "</a>");
    x = xml_parse(buf_view(&b), (size_t)16 * MAX, &e);
    BUG_IF(!x);
    xml_free(x);
    buf_release(&b);
    BUG_IF(account.bytes || account.blocks);
    return 0;
}

#include "codec/xml.h"

#include "base/mem.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

enum { MAX = 1000000 };

static const char reply[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"
    "  <requestId>8f7724cf-496f-496e-8fe3-example</requestId>\n"
    "  <reservationSet>\n"
    "    <item><instancesSet>\n"
    "      "
    "<item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState>"
    "<reason/></item>\n"
    "      <item><instanceId>i-2</instanceId><tagSet><item><key> k "
    "</key><value>a&lt;b&amp;&#233;</value></item></tagSet></item>\n"
    "    </instancesSet></item>\n"
    "  </reservationSet>\n"
    "</DescribeInstancesResponse>\n";

static void a_reply_is_walked_by_names(void **state)
{
    struct err e = {0};
    XML_CLEANUP struct xml *x = xml_parse(str_of(reply), MAX, &e);

    (void)state;
    assert_non_null(x);
    assert_true(str_is(xml_name(x), "DescribeInstancesResponse"));
    assert_true(str_is(xml_at(x, "requestId"), "8f7724cf-496f-496e-8fe3-example"));
    const struct xml *i = xml_first(xml_child(xml_first(xml_child(x, "reservationSet")), "instancesSet"));
    assert_true(str_is(xml_at(i, "instanceState/name"), "running"));
    assert_int_equal(xml_at(i, "reason").n, 0);
    i = xml_next(i);
    assert_true(str_is(xml_at(i, "instanceId"), "i-2"));
    assert_true(str_is(xml_at(i, "tagSet/item/key"), " k ")); /* blanks are part of a tag */
    assert_true(str_is(xml_at(i, "tagSet/item/value"), "a<b&\xc3\xa9"));
    assert_null(xml_next(i));
}

static void walking_takes_what_is_not_there(void **state)
{
    struct err e = {0};
    XML_CLEANUP struct xml *x = xml_parse(STR("<a><b>1</b></a>"), MAX, &e);

    (void)state;
    assert_int_equal(xml_at(x, "b/c/d").n, 0);
    assert_int_equal(xml_at(NULL, "b").n, 0);
    assert_int_equal(xml_at(x, "").n, 0);
    assert_int_equal(xml_text(NULL).n, 0);
    assert_int_equal(xml_name(NULL).n, 0);
    assert_null(xml_child(NULL, "b"));
    assert_null(xml_child(x, "B"));
    assert_null(xml_first(NULL));
    assert_null(xml_next(NULL));
}

static void text_beside_children_is_dropped_and_pieces_of_text_are_joined(void **state)
{
    struct err e = {0};
    XML_CLEANUP struct xml *x =
        xml_parse(STR("<a>x<n:b>1<![CDATA[<2>]]>3<!-- no -->4</n:b>y<c>z</c>w</a>"), MAX, &e);

    (void)state;
    assert_non_null(x);
    assert_int_equal(xml_text(x).n, 0);
    assert_true(str_is(xml_at(x, "b"), "1<2>34"));
    assert_true(str_is(xml_at(x, "c"), "z"));
}

static void a_document_type_is_refused_and_with_it_all_entities(void **state)
{
    static const char *const rows[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a [<!ENTITY b \"cccc\"><!ENTITY d \"&b;&b;&b;\">]><a>&d;</a>",
        "<a>&b;</a>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        assert_null(xml_parse(str_of(rows[i]), MAX, &e));
        assert_int_equal(e.kind, ERR_INVALID);
        assert_memory_equal(e.msg, "not XML: line 1, column ", 24);
        if (i < 3)
            assert_non_null(strstr(e.msg, "a document type declaration"));
    }
}

static void what_is_not_whole_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "x",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a>\x01</a>",
        "<a b=c/>",
        "<a>\xff</a>",
        "<a/>x",
        "<a>&#0;</a>",
        "<a>&#x1;</a>",
        "<a b='1' b='2'/>",
        "<a",
        "{\"a\":1}",
        "<?xml version='1.0' encoding='no-such'?><a/>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        XML_CLEANUP struct xml *x = xml_parse(str_of(rows[i]), MAX, &e);
        if (x)
            fail_msg("taken: %s", rows[i]);
        assert_int_equal(e.kind, ERR_INVALID);
    }
    struct err e = {0};
    for (size_t n = 0; n < sizeof reply - 3; n++) /* the last byte is a blank */
        assert_null(xml_parse(str_n(reply, n), MAX, &e));
    assert_null(xml_parse(str_n(NULL, 0), MAX, &e));
}

static struct xml *nested(size_t depth, struct err *e)
{
    BUF_CLEANUP struct buf b = BUF_INIT(MAX);

    for (size_t i = 0; i < depth; i++)
        buf_adds(&b, "<a>");
    for (size_t i = 0; i < depth; i++)
        buf_adds(&b, "</a>");
    return xml_parse(buf_view(&b), MAX, e);
}

static void size_and_depth_are_bounded(void **state)
{
    struct err e = {0};
    XML_CLEANUP struct xml *x = nested(XML_DEPTH_MAX, &e);

    (void)state;
    assert_non_null(x);
    assert_null(nested(XML_DEPTH_MAX + 1, &e));
    assert_non_null(strstr(e.msg, "nested too deep"));
    assert_null(xml_parse(STR("<a></a>"), 6, &e));
    assert_string_equal(e.msg, "not XML: over 6 bytes");
}

static void other_encodings_come_out_as_utf8(void **state)
{
    struct err e = {0};
    XML_CLEANUP struct xml *x = xml_parse(
        STR("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9</a>"), MAX, &e);

    (void)state;
    assert_true(str_is(xml_text(x), "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"));
}

static void escaped_text_comes_back_whatever_it_holds(void **state)
{
    BUF_CLEANUP struct buf b = BUF_INIT(MAX);
    struct err e = {0};

    (void)state;
    buf_adds(&b, "<a b='");
    xml_escape(STR("'<&\">"), &b);
    buf_adds(&b, "'>");
    xml_escape(STR("a<b>&\"'\r\n\t\x01\0\xff\xef\xbf\xbf\xc3\xa9 z"), &b);
    buf_adds(&b, "</a>");
    XML_CLEANUP struct xml *x = xml_parse(buf_view(&b), MAX, &e);
    assert_non_null(x);
    assert_true(
        str_is(xml_text(x), "a<b>&\"'\r\n\t\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9 z"));
}

static void only_what_is_asked_for_is_kept_and_what_is_dropped_is_dropped_whole(void **state)
{
    static const char *const names[] = {"list", "item", "id", NULL};
    struct err e = {0};

    (void)state;
    XML_CLEANUP struct xml *x = xml_parse_only(
        STR("<r><other><id>inner</id>text</other><list><item><x><id>no</id></x><id>1</id><y/></item>"
            "<item><id>2</id></item></list></r>"),
        MAX, names, &e);
    assert_non_null(x);
    assert_true(str_is(xml_name(x), "r")); /* the root is there by whatever name */
    assert_null(xml_child(x, "other"));
    assert_null(xml_child(x, "id"));
    const struct xml *item = xml_first(xml_child(x, "list"));
    assert_true(str_is(xml_at(item, "id"), "1"));
    assert_null(xml_next(xml_first(item)));
    assert_true(str_is(xml_at(xml_next(item), "id"), "2"));
}

static void what_is_dropped_counts_as_depth(void **state)
{
    static const char *const names[] = {"none", NULL};
    BUF_CLEANUP struct buf b = BUF_INIT(MAX);
    struct err e = {0};

    (void)state;
    for (int i = 0; i <= XML_DEPTH_MAX; i++)
        buf_adds(&b, "<d>");
    for (int i = 0; i <= XML_DEPTH_MAX; i++)
        buf_adds(&b, "</d>");
    assert_null(xml_parse_only(buf_view(&b), MAX, names, &e));
    assert_non_null(strstr(e.msg, "deep"));
}

struct listed {
    const struct mem_account *account;
    size_t n, refuse_at; /* 0: none */
    int64_t most;        /* bytes at once */
    char last[16];
};

static bool take(void *self, const struct xml *x, struct err *e)
{
    struct listed *l = self;

    l->n++;
    (void)snprintf(l->last, sizeof l->last, STR_FMT, STR_ARG(xml_at(x, "id/text")));
    if (l->account->bytes > l->most)
        l->most = l->account->bytes;
    return l->n != l->refuse_at || err_set(e, ERR_INVALID, "the fifth");
}

static void a_lists_elements_are_handed_over_and_cost_no_more_than_one(void **state)
{
    enum { ELEMENTS = 20000 };
    struct listed l = {.account = *state};
    const struct xml_list list = {"set", take, &l};
    BUF_CLEANUP struct buf text = BUF_INIT(1 << 21);
    struct err e = {0};

    buf_adds(&text, "<a><head><id>h</id></head><set> ");
    for (int i = 0; i < ELEMENTS; i++)
        buf_addf(&text, "<item><id><text>i-%d</text></id><set><id>no</id></set></item> ", i);
    buf_adds(&text, "</set><tail>t</tail></a>");
    assert_false(text.over);
    int64_t before = l.account->bytes;
    struct xml *x = xml_parse_list(buf_view(&text), text.n, NULL, &list, &e);
    assert_non_null(x);
    assert_int_equal(l.n, ELEMENTS);
    assert_string_equal(l.last, "i-19999");
    assert_true(l.most - before < 512 * 1024); /* as a tree: 4 MB */
    assert_true(str_is(xml_at(x, "head/id"), "h"));
    assert_true(str_is(xml_at(x, "tail"), "t"));
    assert_non_null(xml_child(x, "set"));
    assert_null(xml_first(xml_child(x, "set")));
    assert_int_equal(xml_at(x, "set").n, 0);
    xml_free(x);
}

static void a_list_that_is_refused_or_broken_gives_no_tree(void **state)
{
    struct listed l = {.account = *state, .refuse_at = 5};
    const struct xml_list list = {"set", take, &l};
    const struct str five = STR("<a><set><b/><b/><b/><b/><b/><b/></set></a>");
    struct err e = {0};

    assert_null(xml_parse_list(five, MAX, NULL, &list, &e));
    assert_string_equal(e.msg, "the fifth");
    assert_int_equal(l.n, 5);
    l.refuse_at = 0;
    e = (struct err){0};
    assert_null(xml_parse_list(str_n(five.p, five.n - 4), MAX, NULL, &list, &e));
    assert_int_equal(e.kind, ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_reply_is_walked_by_names),
        WEIGHED(walking_takes_what_is_not_there),
        WEIGHED(text_beside_children_is_dropped_and_pieces_of_text_are_joined),
        WEIGHED(a_document_type_is_refused_and_with_it_all_entities),
        WEIGHED(what_is_not_whole_is_refused),
        WEIGHED(size_and_depth_are_bounded),
        WEIGHED(other_encodings_come_out_as_utf8),
        WEIGHED(escaped_text_comes_back_whatever_it_holds),
        WEIGHED(only_what_is_asked_for_is_kept_and_what_is_dropped_is_dropped_whole),
        WEIGHED(what_is_dropped_counts_as_depth),
        WEIGHED(a_lists_elements_are_handed_over_and_cost_no_more_than_one),
        WEIGHED(a_list_that_is_refused_or_broken_gives_no_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

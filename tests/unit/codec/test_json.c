#include "codec/json.h"

#include "base/mem.h"
#include "support/weigh.h"

#include <string.h>

enum { MAX = 10000000 };

static struct json *parsed(const char *text)
{
    struct err e = {0};
    struct json *j = json_parse(str_of(text), MAX, &e);

    if (!j)
        fail_msg("%.200s: %s", text, e.msg);
    return j;
}

static void prints_as(const struct json *j, const char *expected)
{
    BUF_CLEANUP struct buf b = BUF_INIT(MAX);

    json_print(j, &b);
    assert_string_equal(buf_cstr(&b), expected);
}

static void what_is_read_is_printed_the_same(void **state)
{
    static const char *const rows[][2] = {
        {" { \"b\" : [ 1 , true , false , null , \"x\" ] , \"a\" : { } } ",
         "{\"b\":[1,true,false,null,\"x\"],\"a\":{}}"},
        {"[]", "[]"},
        {"\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
         "\"\xc3\xa9\xf0\x9f\x98\x80/\\u0008\\u000c\\n\\u000d\\t\\\"\\\\\""},
        {"[9007199254740991,-9007199254740991,-0,1e3,1000000000000000]",
         "[9007199254740991,-9007199254740991,0,1000,1000000000000000]"},
        {"[0.1,-2.5,1e300,1e-7,0.30000000000000004]", "[0.1,-2.5,1e+300,1e-07,0.30000000000000004]"},
        {"{\"\":1,\"A\":2,\"a\":3}", "{\"\":1,\"A\":2,\"a\":3}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        JSON_CLEANUP struct json *j = parsed(rows[i][0]);
        prints_as(j, rows[i][1]);
        JSON_CLEANUP struct json *again = parsed(rows[i][1]);
        prints_as(again, rows[i][1]);
    }
}

static void what_rfc_8259_does_not_allow_is_refused_with_its_place(void **state)
{
    static const char *const rows[][2] = {
        {"", "byte 0: expected a value"},
        {"\xef\xbb\xbf{}", "byte 0: expected a value"},
        {"{}x", "byte 2: something after"},
        {"{} {}", "byte 3: something after"},
        {"[1,]", "byte 3: expected a value"},
        {"[1 2]", "byte 3: expected ',' or ']'"},
        {"{\"a\":1,}", "byte 7: expected a string"},
        {"{\"a\" 1}", "byte 5: expected ':'"},
        {"{a:1}", "byte 1: expected a string"},
        {"[01]", "byte 2: a number with a leading zero"},
        {"[-]", "byte 2: expected a digit"},
        {"[+1]", "byte 1: expected a value"},
        {"[.5]", "byte 1: expected a value"},
        {"[1.]", "byte 3: expected a digit"},
        {"[1e]", "byte 3: expected a digit"},
        {"[NaN]", "byte 1: expected a value"},
        {"[1e999]", "too large"},
        {"[-1e999]", "too large"},
        {"[truE]", "byte 1: expected a value"},
        {"\"a", "byte 2: a string without its end"},
        {"\"\\x\"", "byte 2: unknown escape"},
        {"\"\\u12g4\"", "byte 5: expected four hex"},
        {"\"\\u0000\"", "\\u0000 in a string"},
        {"{\"\\u0000\":1}", "\\u0000 in a string"},
        {"\"\\ud800\"", "half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", "half of a surrogate pair"},
        {"\"\\udc00\"", "half of a surrogate pair"},
        {"\"a\tb\"", "a control character in a string"},
        {"\"\xff\"", "byte 1: invalid UTF-8"},
        {"\"\xed\xa0\x80\"", "byte 1: invalid UTF-8"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "the name 'a' stands twice"},
        {"[{\"x\":{\"a\":1,\"\\u0061\":3}}]", "the name 'a' stands twice"},
        {"'a'", "byte 0: expected a value"},
        {"/**/1", "byte 0: expected a value"},
        {"[1\x0b]", "byte 2: expected ',' or ']'"},
        {"[0.0000000000000000000000000000000000000000000000000000000000000001]", "too many digits"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        assert_null(json_parse(str_of(rows[i][0]), MAX, &e));
        assert_int_equal(e.kind, ERR_INVALID);
        if (!strstr(e.msg, rows[i][1]))
            fail_msg("%s: says %s", rows[i][0], e.msg);
    }
    struct err e = {0};
    assert_null(json_parse(STR("[1]\0"), MAX, &e));
    assert_null(json_parse(STR("[\0 1]"), MAX, &e));
    assert_null(json_parse(str_n(NULL, 0), MAX, &e));
    assert_null(json_parse(STR("[1,2]"), 4, &e));
    assert_string_equal(e.msg, "too large: over 4 bytes of JSON");
}

static void the_end_of_the_view_is_the_end_of_the_text(void **state)
{
    struct err e = {0};

    (void)state;
    for (size_t n = 0; n < 12; n++) /* whatever stands behind it */
        assert_null(json_parse(str_n("{\"a\":[1,2]}", n > 10 ? 10 : n), MAX, &e));
    JSON_CLEANUP struct json *j = json_parse(str_n("12345", 3), MAX, &e);
    prints_as(j, "123");
}

static void depth_is_bounded(void **state)
{
    char text[2 * (JSON_DEPTH_MAX + 1)];
    struct err e = {0};
    size_t n = JSON_DEPTH_MAX;

    (void)state;
    memset(text, '[', n);
    memset(text + n, ']', n);
    JSON_CLEANUP struct json *j = json_parse(str_n(text, 2 * n), MAX, &e);
    assert_non_null(j);
    n++;
    memset(text, '[', n);
    memset(text + n, ']', n);
    assert_null(json_parse(str_n(text, 2 * n), MAX, &e));
    assert_non_null(strstr(e.msg, "nested too deep"));
    JSON_CLEANUP struct json *wide =
        parsed("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],{},[]]");
    assert_int_equal(json_count(wide), JSON_DEPTH_MAX + 2);
}

static void a_name_that_repeats_is_found_in_a_wide_object_in_no_time(void **state)
{
    enum { WIDE = 20000 }; /* each with each would be 2 * 10^8 comparisons */
    BUF_CLEANUP struct buf b = BUF_INIT(MAX);
    struct err e = {0};

    (void)state;
    buf_addc(&b, '{');
    for (int i = 0; i < WIDE; i++)
        buf_addf(&b, "\"k%d\":0,", i);
    buf_adds(&b, "\"last\":0}");
    JSON_CLEANUP struct json *j = json_parse(buf_view(&b), MAX, &e);
    assert_non_null(j);
    assert_int_equal(json_count(j), WIDE + 1);
    b.n -= sizeof "\"last\":0}" - 1;
    buf_adds(&b, "\"k7777\":0}");
    assert_null(json_parse(buf_view(&b), MAX, &e));
    assert_non_null(strstr(e.msg, "'k7777' stands twice"));
}

static void walking_takes_what_is_not_there(void **state)
{
    JSON_CLEANUP struct json *j =
        parsed("{\"a\":{\"b\":[10,2.5,\"x\",true]},\"A\":null,\"big\":9007199254740992}");
    const struct json *list = json_get(json_get(j, "a"), "b");
    int64_t i = 0;
    double d = 0;
    bool yes = false;
    struct str s;

    (void)state;
    assert_int_equal(json_type(json_get(json_get(j, "no"), "way")), JSON_NONE);
    assert_int_equal(json_type(json_get(list, "0")), JSON_NONE);
    assert_int_equal(json_type(json_get(j, "A")), JSON_NULL);
    assert_string_equal(json_name(json_first(j)), "a");
    assert_string_equal(json_name(NULL), "");
    assert_int_equal(json_count(list), 4);
    assert_int_equal(json_count(NULL), 0);
    const struct json *m = json_first(list);
    assert_true(json_int(m, &i) && i == 10);
    m = json_next(m);
    assert_false(json_int(m, &i));
    assert_true(json_number(m, &d) && d > 2.4 && d < 2.6);
    m = json_next(m);
    assert_false(json_int(m, &i));
    assert_true(json_str(m, &s) && str_is(s, "x"));
    m = json_next(m);
    assert_true(json_bool(m, &yes) && yes);
    assert_false(json_str(m, &s));
    assert_null(json_next(m));
    assert_null(json_next(NULL));
    assert_int_equal(json_str_or_empty(NULL).n, 0);
    assert_false(json_int(json_get(j, "big"), &i)); /* what 2^53 + 1 is read as, too */
}

static void what_is_built_can_be_read_whatever_bytes_went_in(void **state)
{
    JSON_CLEANUP struct json *j = json_object();
    struct json *list = json_array();

    (void)state;
    json_add_str(j, "s", STR("a\"\xff\0\n\x7f"));
    json_add_int(j, "n", -9007199254740991);
    json_add_bool(j, "b", true);
    json_push_str(list, str_n(NULL, 0));
    json_push(list, json_new_int(0));
    json_add(j, "l", list);
    JSON_CLEANUP struct json *copy = json_copy(json_get(j, "l"));
    json_add(j, "again", json_copy(copy));
    static const char expected[] =
        "{\"s\":\"a\\\"\xef\xbf\xbd\xef\xbf\xbd\\n\\u007f\",\"n\":-9007199254740991,\"b\":true,"
        "\"l\":[\"\",0],\"again\":[\"\",0]}";
    prints_as(j, expected);
    JSON_CLEANUP struct json *again = parsed(expected);
    prints_as(again, expected);
}

static void pretty_printing_indents_by_two(void **state)
{
    JSON_CLEANUP struct json *j = parsed("{\"a\":[1,{}],\"b\":[]}");
    BUF_CLEANUP struct buf b = BUF_INIT(1000);

    (void)state;
    json_print_pretty(j, &b);
    assert_string_equal(buf_cstr(&b), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

static void printing_keeps_the_buffers_promise(void **state)
{
    JSON_CLEANUP struct json *j = parsed("[\"0123456789\"]");
    BUF_CLEANUP struct buf b = BUF_INIT(8);
    struct err e = {0};

    (void)state;
    json_print(j, &b);
    assert_false(buf_ok(&b, "value", &e));
}

/* ---- records ---- */

struct pair {
    char *name;
    int64_t value;
};

struct inner {
    bool on;
    int64_t n;
};

struct record {
    char *id;
    int64_t count;
    bool flag;
    int kind;
    struct strs words;
    struct inner inner;
    struct {
        struct pair *at;
        size_t n;
    } pairs;
    char *raw;
};

static const char *const kinds[] = {"none", "start", "stop", NULL};
static const struct json_field pair_fields[] = {
    {"name", JSON_F_STR, offsetof(struct pair, name), .required = true, .max = 8},
    {"value", JSON_F_INT, offsetof(struct pair, value)},
    {0},
};
static const struct json_field inner_fields[] = {
    {"on", JSON_F_BOOL, offsetof(struct inner, on), .required = true},
    {"n", JSON_F_INT, offsetof(struct inner, n)},
    {0},
};
static const struct json_field record_fields[] = {
    {"id", JSON_F_STR, offsetof(struct record, id), .required = true},
    {"count", JSON_F_INT, offsetof(struct record, count)},
    {"flag", JSON_F_BOOL, offsetof(struct record, flag)},
    {"kind", JSON_F_ENUM, offsetof(struct record, kind), .names = kinds},
    {"words", JSON_F_STRS, offsetof(struct record, words), .max = 3},
    {"inner", JSON_F_OBJECT, offsetof(struct record, inner), .fields = inner_fields},
    {"pairs", JSON_F_LIST, offsetof(struct record, pairs), .fields = pair_fields, .size = sizeof(struct pair),
     .max = 3},
    {"raw", JSON_F_RAW, offsetof(struct record, raw), .max = 40},
    {0},
};

static void goes_both_ways(const char *text, const char *expected)
{
    JSON_CLEANUP struct json *j = parsed(text);
    struct record r = {0};
    struct record zero = {0};
    struct err e = {0};

    if (!json_decode(j, record_fields, &r, &e))
        fail_msg("%s: %s", text, e.msg);
    JSON_CLEANUP struct json *back = json_encode(record_fields, &r);
    prints_as(back, expected);
    json_release(record_fields, &r);
    assert_memory_equal(&r, &zero, sizeof r);
}

static void a_record_goes_both_ways_by_its_table(void **state)
{
    static const char full[] =
        "{\"id\":\"x\",\"count\":-5,\"flag\":true,\"kind\":\"stop\",\"words\":[\"a\",\"\"],"
        "\"inner\":{\"on\":true,\"n\":3},"
        "\"pairs\":[{\"name\":\"p\"},{\"name\":\"q\",\"value\":2}],\"raw\":{\"z\":[1,null]}}";

    (void)state;
    goes_both_ways(full, full);
    goes_both_ways("{\"id\":\"\",\"unknown\":[1]}", "{\"id\":\"\"}");
    goes_both_ways(
        "{\"id\":\"x\",\"count\":0,\"kind\":\"none\",\"words\":[],\"pairs\":[],\"inner\":{\"on\":false}}",
        "{\"id\":\"x\"}");
    goes_both_ways("{\"id\":\"x\",\"count\":null,\"kind\":null,\"inner\":null,\"pairs\":null}",
                   "{\"id\":\"x\"}");
    goes_both_ways("{\"id\":\"x\",\"raw\":null}", "{\"id\":\"x\",\"raw\":null}");
    goes_both_ways("{\"id\":\"x\",\"inner\":{\"on\":false,\"n\":1}}",
                   "{\"id\":\"x\",\"inner\":{\"on\":false,\"n\":1}}");
}

static void a_record_that_does_not_fit_its_table_says_which_field_and_leaves_nothing(void **state)
{
    static const char *const rows[][2] = {
        {"[]", "not an object"},
        {"{}", "field 'id': is missing"},
        {"{\"id\":null}", "field 'id': is missing"},
        {"{\"id\":1}", "field 'id': not a string"},
        {"{\"id\":\"x\",\"count\":1.5}", "field 'count': not an integer below 2^53"},
        {"{\"id\":\"x\",\"count\":\"1\"}", "field 'count': not an integer below 2^53"},
        {"{\"id\":\"x\",\"count\":9007199254740993}", "field 'count': not an integer below 2^53"},
        {"{\"id\":\"x\",\"flag\":1}", "field 'flag': neither true nor false"},
        {"{\"id\":\"x\",\"kind\":\"Stop\"}", "field 'kind': unknown value, none of: none, start, stop"},
        {"{\"id\":\"x\",\"kind\":2}", "field 'kind': not a string"},
        {"{\"id\":\"x\",\"words\":\"a\"}", "field 'words': not a list"},
        {"{\"id\":\"x\",\"words\":[\"a\",2]}", "field 'words': element 1: not a string"},
        {"{\"id\":\"x\",\"words\":[\"\",\"\",\"\",\"\"]}", "field 'words': over 3 elements"},
        {"{\"id\":\"x\",\"words\":[\"a\"],\"inner\":{}}", "field 'inner': field 'on': is missing"},
        {"{\"id\":\"x\",\"inner\":[]}", "field 'inner': not an object"},
        {"{\"id\":\"x\",\"pairs\":[{\"name\":\"p\"},{\"name\":\"123456789\"}]}",
         "field 'pairs': element 1: field 'name': over 8 bytes"},
        {"{\"id\":\"x\",\"pairs\":[{\"name\":\"p\"},3]}", "field 'pairs': element 1: not an object"},
        {"{\"id\":\"x\",\"pairs\":[{},{},{},{}]}", "field 'pairs': over 3 elements"},
        {"{\"id\":\"x\",\"raw\":[1111111111,1111111111,1111111111,1111111111]}",
         "field 'raw': value: over 40 bytes"},
    };
    struct record zero = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        JSON_CLEANUP struct json *j = parsed(rows[i][0]);
        struct record r = {0};
        struct err e = {0};
        assert_false(json_decode(j, record_fields, &r, &e));
        assert_int_equal(e.kind, ERR_INVALID);
        assert_string_equal(e.msg, rows[i][1]);
        assert_memory_equal(&r, &zero, sizeof r);
    }
}

static void a_record_may_be_added_to_an_object_that_has_more(void **state)
{
    JSON_CLEANUP struct json *j = json_object();
    struct inner in = {.on = true};

    (void)state;
    json_add_int(j, "v", 1);
    json_encode_into(j, inner_fields, &in);
    prints_as(j, "{\"v\":1,\"on\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(what_is_read_is_printed_the_same),
        WEIGHED(what_rfc_8259_does_not_allow_is_refused_with_its_place),
        WEIGHED(the_end_of_the_view_is_the_end_of_the_text),
        WEIGHED(depth_is_bounded),
        WEIGHED(a_name_that_repeats_is_found_in_a_wide_object_in_no_time),
        WEIGHED(walking_takes_what_is_not_there),
        WEIGHED(what_is_built_can_be_read_whatever_bytes_went_in),
        WEIGHED(pretty_printing_indents_by_two),
        WEIGHED(printing_keeps_the_buffers_promise),
        WEIGHED(a_record_goes_both_ways_by_its_table),
        WEIGHED(a_record_that_does_not_fit_its_table_says_which_field_and_leaves_nothing),
        WEIGHED(a_record_may_be_added_to_an_object_that_has_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

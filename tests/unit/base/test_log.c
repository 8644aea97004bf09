#include "base/log.h"

#include "support/weigh.h"

#include <string.h>

struct sink {
    struct buf text;
    int lines;
};

static int64_t clock_of(void *self)
{
    (void)self;
    return 1777629600123;
}

static void keep(void *self, struct str line)
{
    struct sink *s = self;

    assert_true(str_ends(line, STR("\n")));
    assert_true(line.n <= LOG_LINE_MAX);
    buf_add(&s->text, line);
    s->lines++;
}

static struct log log_to(struct sink *s, enum log_format format)
{
    *s = (struct sink){.text = BUF_INIT(100000)};
    return (struct log){.level = LOG_INFO, .format = format, .wall_ms = clock_of, .write = keep, .self = s};
}

static void a_line_for_people_has_its_fields_in_order(void **state)
{
    struct sink s;
    struct log l = log_to(&s, LOG_LOGFMT);

    (void)state;
    log_info(&l, "batch.done", fs("job", "a1"), fi("n", -5), fb("ok", true), fs("empty", NULL),
             fs("text", "two words=\"x\"\\\n"));
    assert_string_equal(
        buf_cstr(&s.text),
        "ts=2026-05-01T10:00:00.123Z level=info event=batch.done job=a1 n=-5 ok=true empty=\"\" "
        "text=\"two words=\\\"x\\\"\\\\\\u000a\"\n");
    buf_release(&s.text);
}

static void a_line_for_machines_is_one_json_object(void **state)
{
    struct sink s;
    struct log l = log_to(&s, LOG_JSON);

    (void)state;
    log_warn(&l, "x", fs("a", "q\"\\\x01\x7f"), fi("n", 3), fb("no", false));
    assert_string_equal(buf_cstr(&s.text),
                        "{\"ts\":\"2026-05-01T10:00:00.123Z\",\"level\":\"warn\",\"event\":\"x\","
                        "\"a\":\"q\\\"\\\\\\u0001\\u007f\",\"n\":3,\"no\":false}\n");
    buf_release(&s.text);
}

static void lines_below_the_level_are_not_written(void **state)
{
    struct sink s;
    struct log l = log_to(&s, LOG_LOGFMT);

    (void)state;
    log_debug(&l, "no", fi("n", 1));
    assert_int_equal(s.lines, 0);
    log_info(NULL, "no", fi("n", 1));
    log_error(&l, "yes", fi("n", 1));
    assert_int_equal(s.lines, 1);
    buf_release(&s.text);
}

static void a_line_that_is_too_long_is_cut_and_says_so(void **state)
{
    static char big[2 * LOG_LINE_MAX];

    (void)state;
    memset(big, '\n', sizeof big - 1); /* each takes six bytes */
    for (size_t n = 1340; n < 1380; n++) {
        for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
            struct sink s;
            struct log l = log_to(&s, (enum log_format)format);
            log_info(&l, "e", fv("big", str_n(big, n)), fi("after", 1));
            bool cut =
                str_ends(buf_view(&s.text), format == LOG_JSON ? STR("\"cut\":true}\n") : STR(" cut=true\n"));
            bool whole =
                str_ends(buf_view(&s.text), format == LOG_JSON ? STR("\"after\":1}\n") : STR(" after=1\n"));
            assert_true(cut != whole);
            assert_int_equal(s.lines, 1);
            buf_release(&s.text);
        }
    }
}

static void an_event_that_is_too_long_does_not_lose_the_end_of_the_line(void **state)
{
    static char big[2 * LOG_LINE_MAX];
    struct sink s;
    struct log l = log_to(&s, LOG_JSON);

    (void)state;
    memset(big, 'x', sizeof big - 1);
    log_info(&l, "e", fs("a", big), fs("b", big));
    assert_true(str_ends(buf_view(&s.text), STR("\"event\":\"e\",\"cut\":true}\n")));
    buf_release(&s.text);
}

static void bytes_that_are_not_text_do_not_break_the_line(void **state)
{
    struct sink s;
    struct log l = log_to(&s, LOG_JSON);

    (void)state;
    log_info(&l, "e", fv("a", STR("\xff\0z\xc3\xa9")));
    assert_true(str_ends(buf_view(&s.text), STR("\"a\":\"\xef\xbf\xbd\\u0000z\xc3\xa9\"}\n")));
    buf_release(&s.text);
    l = log_to(&s, LOG_LOGFMT);
    log_info(&l, "e", fv("a", STR("\xffz")));
    assert_true(str_ends(buf_view(&s.text), STR(" a=\"\xef\xbf\xbdz\"\n")));
    buf_release(&s.text);
}

static void an_error_is_a_field_of_its_own_name(void **state)
{
    struct sink s;
    struct log l = log_to(&s, LOG_LOGFMT);
    struct err e = {0};

    (void)state;
    (void)err_set(&e, ERR_DENIED, "no way");
    log_error(&l, "x", fe(&e));
    assert_true(str_ends(buf_view(&s.text), STR(" error=\"no way\"\n")));
    buf_release(&s.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_line_for_people_has_its_fields_in_order),
        WEIGHED(a_line_for_machines_is_one_json_object),
        WEIGHED(lines_below_the_level_are_not_written),
        WEIGHED(a_line_that_is_too_long_is_cut_and_says_so),
        WEIGHED(an_event_that_is_too_long_does_not_lose_the_end_of_the_line),
        WEIGHED(bytes_that_are_not_text_do_not_break_the_line),
        WEIGHED(an_error_is_a_field_of_its_own_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

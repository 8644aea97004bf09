#include "core/override.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NONCE      "00112233445566778899aabbccddeeff"
#define OTHER      "00112233445566778899aabbccddeefe"
#define LINE(word) OVERRIDE_MARK " " NONCE " " word "\n"

static bool path_ok(struct str path, enum guest_os os)
{
    struct err e = {0};
    bool ok = override_path_ok(path, os, &e);

    if (!ok) {
        assert_int_equal(e.kind, ERR_INVALID);
        assert_true(e.msg[0] != '\0');
    }
    return ok;
}

static enum override_answer answer(const char *output)
{
    const char *why = NULL;
    enum override_answer a = override_read(str_of(output), NONCE, &why);

    assert_non_null(why);
    assert_int_equal(a == OVERRIDE_UNKNOWN, why[0] != '\0');
    return a;
}

static void a_path_must_be_absolute_and_harmless(void **state)
{
    static char big[OVERRIDE_PATH_MAX + 1];

    (void)state;
    assert_true(path_ok(STR("/tmp/StopOverride"), GUEST_LINUX));
    assert_true(path_ok(STR("/tmp/it's $(here) `now` *?[x] \xc3\xa9"), GUEST_LINUX));
    assert_false(path_ok(STR(""), GUEST_LINUX));
    assert_false(path_ok(STR("/"), GUEST_LINUX));
    assert_false(path_ok(STR("tmp/x"), GUEST_LINUX));
    assert_false(path_ok(STR("-e"), GUEST_LINUX));
    assert_false(path_ok(STR("/tmp/x/"), GUEST_LINUX));
    assert_false(path_ok(STR("/tmp/a\nb"), GUEST_LINUX));
    assert_false(path_ok(STR("/tmp/a\0b"), GUEST_LINUX));
    assert_false(path_ok(STR("/tmp/{{ssm:secret}}"), GUEST_LINUX));
    assert_false(path_ok(STR("/tmp/x"), GUEST_NONE));
    memset(big, 'x', sizeof big);
    big[0] = '/';
    assert_true(path_ok(str_n(big, OVERRIDE_PATH_MAX), GUEST_LINUX));
    assert_false(path_ok(str_n(big, OVERRIDE_PATH_MAX + 1), GUEST_LINUX));
}

static void a_windows_path_has_a_drive_or_a_share_and_no_wildcards(void **state)
{
    (void)state;
    assert_true(path_ok(STR("C:\\ops\\stop override.txt"), GUEST_WINDOWS));
    assert_true(path_ok(STR("d:/x"), GUEST_WINDOWS));
    assert_true(path_ok(STR("\\\\server\\share\\x"), GUEST_WINDOWS));
    assert_true(path_ok(STR("C:\\it\xe2\x80\x99s"), GUEST_WINDOWS));
    assert_false(path_ok(STR("C:\\"), GUEST_WINDOWS));
    assert_false(path_ok(STR("C:x"), GUEST_WINDOWS));
    assert_false(path_ok(STR("\\x"), GUEST_WINDOWS));
    assert_false(path_ok(STR("/tmp/x"), GUEST_WINDOWS));
    assert_false(path_ok(STR("\\\\.\\PhysicalDrive0"), GUEST_WINDOWS));
    assert_false(path_ok(STR("\\\\?\\C:\\x"), GUEST_WINDOWS));
    assert_false(path_ok(STR("C:\\x*"), GUEST_WINDOWS));
    assert_false(path_ok(STR("C:\\x:stream"), GUEST_WINDOWS));
    assert_false(path_ok(STR("C:\\x\\"), GUEST_WINDOWS));
    assert_false(path_ok(STR("C:\\{{x}}"), GUEST_WINDOWS));
}

static void golden(struct str path, enum guest_os os, const char *file)
{
    BUF_CLEANUP struct buf text = BUF_INIT(OVERRIDE_TEXT_MAX);
    char name[512], kept[OVERRIDE_TEXT_MAX];
    struct err e = {0};

    (void)snprintf(name, sizeof name, "%s/tests/unit/core/golden/%s", TEST_SOURCE_DIR, file);
    FILE *f = fopen(name, "rb");
    assert_non_null(f);
    size_t n = fread(kept, 1, sizeof kept - 1, f);
    kept[n] = '\0';
    (void)fclose(f);
    override_question(path, os, NONCE, &text);
    assert_true(buf_ok(&text, "question", &e));
    assert_string_equal(buf_cstr(&text), kept);
    assert_null(strstr(buf_cstr(&text), "{{"));
}

static void the_questions_are_the_golden_texts(void **state)
{
    (void)state;
    golden(STR("/tmp/StopOverride"), GUEST_LINUX, "override_linux.sh");
    golden(STR("/srv/it's $(reboot); `x` \"y\" *"), GUEST_LINUX, "override_linux_hostile.sh");
    golden(STR("C:\\ops\\it's 'quoted'; $env x.txt"), GUEST_WINDOWS, "override_windows.ps1");
}

static void the_longest_path_of_quotes_fits_the_text(void **state)
{
    BUF_CLEANUP struct buf text = BUF_INIT(OVERRIDE_TEXT_MAX);
    char path[OVERRIDE_PATH_MAX];
    struct err e = {0};

    (void)state;
    memset(path, '\'', sizeof path);
    path[0] = '/';
    override_question(str_n(path, sizeof path), GUEST_LINUX, NONCE, &text);
    assert_true(buf_ok(&text, "question", &e));
}

static void one_well_formed_marker_line_is_an_answer(void **state)
{
    (void)state;
    assert_int_equal(answer(LINE("ABSENT")), OVERRIDE_ABSENT);
    assert_int_equal(answer(LINE("PRESENT")), OVERRIDE_PRESENT);
    assert_int_equal(answer(OVERRIDE_MARK " " NONCE " ABSENT\r\n"), OVERRIDE_ABSENT);
    assert_int_equal(answer(OVERRIDE_MARK " " NONCE " ABSENT"), OVERRIDE_ABSENT);
    assert_int_equal(answer("a profile talks\n" LINE("ABSENT") "\n----------ERROR-------\nwarning\n"),
                     OVERRIDE_ABSENT);
}

static void a_missing_folder_or_an_error_is_no_proof(void **state)
{
    (void)state;
    assert_int_equal(answer(LINE("NOPARENT")), OVERRIDE_UNKNOWN);
    assert_int_equal(answer(LINE("ERROR")), OVERRIDE_UNKNOWN);
}

static void anything_but_the_exact_line_is_unknown(void **state)
{
    static const char *const hostile[] = {
        "",
        "\n",
        "ABSENT\n",
        OVERRIDE_MARK,
        OVERRIDE_MARK "\n",
        OVERRIDE_MARK " " NONCE "\n",
        OVERRIDE_MARK " " NONCE " \n",
        OVERRIDE_MARK " " NONCE " ABSEN",
        OVERRIDE_MARK " " NONCE " absent\n",
        OVERRIDE_MARK " " NONCE " ABSENT \n",
        OVERRIDE_MARK " " NONCE " ABSENT x\n",
        OVERRIDE_MARK " " NONCE "  ABSENT\n",
        OVERRIDE_MARK " " NONCE " ABSENT\r\r\n",
        " " OVERRIDE_MARK " " NONCE " ABSENT\n",
        "x" OVERRIDE_MARK " " NONCE " ABSENT\n",
        OVERRIDE_MARK "  " NONCE " ABSENT\n",
        OVERRIDE_MARK "\t" NONCE " ABSENT\n",
        "+ printf '%s\\n' '" OVERRIDE_MARK " " NONCE " ABSENT'\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        assert_int_equal(answer(hostile[i]), OVERRIDE_UNKNOWN);
}

static void another_commands_nonce_is_no_answer(void **state)
{
    const char *why;

    (void)state;
    assert_int_equal(answer(OVERRIDE_MARK " " OTHER " ABSENT\n"), OVERRIDE_UNKNOWN);
    assert_int_equal(override_read(STR(LINE("ABSENT")), OTHER, &why), OVERRIDE_UNKNOWN);
    assert_int_equal(override_read(STR(OVERRIDE_MARK "  ABSENT\n"), "", &why), OVERRIDE_UNKNOWN);
}

static void two_markers_are_no_answer_whichever_they_are(void **state)
{
    (void)state;
    assert_int_equal(answer(LINE("ABSENT") LINE("ABSENT")), OVERRIDE_UNKNOWN);
    assert_int_equal(answer(LINE("PRESENT") LINE("ABSENT")), OVERRIDE_UNKNOWN);
    assert_int_equal(answer(OVERRIDE_MARK " " OTHER " PRESENT\n" LINE("ABSENT")), OVERRIDE_UNKNOWN);
    assert_int_equal(answer(LINE("ABSENT") "echo " OVERRIDE_MARK "\n"), OVERRIDE_UNKNOWN);
}

static void output_that_may_have_been_cut_is_no_answer(void **state)
{
    static char big[OVERRIDE_OUTPUT_MAX + 1];

    (void)state;
    assert_int_equal(answer(LINE("ABSENT") "--output truncated--"), OVERRIDE_UNKNOWN);
    assert_int_equal(answer(LINE("ABSENT") "x\n---Output truncated---"), OVERRIDE_UNKNOWN);
    assert_int_equal(answer(LINE("ABSENT") "\n----------ERROR-------\nx---Error truncated----"),
                     OVERRIDE_UNKNOWN);
    memset(big, 'x', sizeof big - 1);
    memcpy(big, LINE("ABSENT"), strlen(LINE("ABSENT")));
    assert_int_equal(answer(big), OVERRIDE_UNKNOWN);
    big[OVERRIDE_OUTPUT_MAX - 1] = '\0';
    assert_int_equal(answer(big), OVERRIDE_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_must_be_absolute_and_harmless),
        cmocka_unit_test(a_windows_path_has_a_drive_or_a_share_and_no_wildcards),
        cmocka_unit_test(the_questions_are_the_golden_texts),
        cmocka_unit_test(the_longest_path_of_quotes_fits_the_text),
        cmocka_unit_test(one_well_formed_marker_line_is_an_answer),
        cmocka_unit_test(a_missing_folder_or_an_error_is_no_proof),
        cmocka_unit_test(anything_but_the_exact_line_is_unknown),
        cmocka_unit_test(another_commands_nonce_is_no_answer),
        cmocka_unit_test(two_markers_are_no_answer_whichever_they_are),
        cmocka_unit_test(output_that_may_have_been_cut_is_no_answer),
    };

    return cmocka_run_group_tests_name("override", tests, NULL, NULL);
}

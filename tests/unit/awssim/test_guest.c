#include "awssim/guest.h"
#include "core/override.h"
#include "support/weigh.h"

#define NONCE "0123456789abcdef0123456789abcdef"

static enum override_answer ask(const struct agent *a, const char *path, enum guest_os os)
{
    BUF_CLEANUP struct buf script = BUF_INIT(OVERRIDE_TEXT_MAX);
    struct guest_result r = {0};
    enum override_answer answer;
    const char *why;

    override_question(str_of(path), os, NONCE, &script);
    guest_run(a, buf_view(&script), &r);
    assert_int_equal(r.exit_code, 0);
    answer = override_read(buf_view(&r.out), NONCE, &why);
    guest_result_release(&r);
    return answer;
}

static struct agent *with(enum agent_os os, const char *file, const char *folder)
{
    struct agent *a = agent_new(1);

    a->os = (int)os;
    strs_add(&a->files, str_of(file));
    if (folder)
        strs_add(&a->folders, str_of(folder));
    return a;
}

/* The product's own question, so that a change of its text is seen here and not in a fleet that is "not
 * understood". */
static void the_guest_answers_the_products_own_question(void **state)
{
    struct agent *linux_agent = with(AGENT_LINUX, "/etc/it's \\here", "/etc");
    struct agent *windows_agent = with(AGENT_WINDOWS, "C:\\Temp\\Stop It.txt", NULL);

    (void)state;
    assert_int_equal(ask(linux_agent, "/etc/it's \\here", GUEST_LINUX), OVERRIDE_PRESENT);
    assert_int_equal(ask(linux_agent, "/etc//it's \\here", GUEST_LINUX), OVERRIDE_PRESENT);
    assert_int_equal(ask(linux_agent, "/etc/it", GUEST_LINUX), OVERRIDE_ABSENT);
    assert_int_equal(ask(linux_agent, "/srv/it", GUEST_LINUX), OVERRIDE_UNKNOWN);
    assert_int_equal(ask(linux_agent, "/top", GUEST_LINUX), OVERRIDE_ABSENT);
    assert_int_equal(ask(windows_agent, "c:/temp/stop it.TXT", GUEST_WINDOWS), OVERRIDE_PRESENT);
    assert_int_equal(ask(windows_agent, "C:\\Temp\\Stop", GUEST_WINDOWS), OVERRIDE_ABSENT);
    agent_free(linux_agent);
    agent_free(windows_agent);
}

static void what_is_not_our_script_is_not_understood(void **state)
{
    static const char *const scripts[] = {
        "",
        "rm -rf /",
        "p=$(id)\n[ -e \"$p\" ] [ -L \"$p\" ]",
        "p='/etc\n[ -e \"$p\" ] || [ -L \"$p\" ]",
        "p='/x'\nif [ -e \"$p\" ] || [ -L \"$p\" ]; then a=PRESENT; fi\nprintf '%s\\n' \"EC2SCHED-OVERRIDE "
        "short $a\"",
        /* no look at links */
        "p='/x'\nif [ -e \"$p\" ]; then a=PRESENT; fi\nprintf '%s\\n' \"EC2SCHED-OVERRIDE " NONCE " $a\"",
        "p='/x'\nif [ -e \"$p\" ] || [ -L \"$p\" ]; then a=PRESENT; fi\nprintf '%s\\n' "
        "\"EC2SCHED-OVERRIDE " NONCE " ABSENT\"",
    };
    struct agent *a = with(AGENT_LINUX, "/etc/hold", NULL);

    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct guest_result r = {0};
        guest_run(a, str_of(scripts[i]), &r);
        assert_int_equal(r.exit_code, 127);
        assert_int_equal(r.out.n, 0);
        guest_result_release(&r);
    }
    agent_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(the_guest_answers_the_products_own_question),
        WEIGHED(what_is_not_our_script_is_not_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

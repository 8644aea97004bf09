/* Runs the Linux question with /bin/sh, as the agent does, against file names that want to be more than
 * names. */
#include "base/str.h"
#include "core/override.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NONCE "00112233445566778899aabbccddeeff"

static const char *const names[] = {
    "plain",
    "with blanks  inside ",
    "it's",
    "''",
    "\"double\"",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned; :",
    "&& touch pwned",
    "$HOME",
    "${p}",
    "*",
    "?[x]",
    "\\",
    "\\n",
    "%s%n",
    "-e",
    "-L",
    "!",
    "(",
    "~",
    "#",
    "]; then a=ABSENT; fi #",
    "{ssm:x}",
    "\xc3\xa9\xe2\x80\x99",
    "\xff\xfe",
    "=",
    "~root",
};

struct folder {
    char path[64];
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);

    assert_non_null(f);
    (void)snprintf(f->path, sizeof f->path, "/tmp/ec2sched-override-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    assert_int_equal(chdir(f->path), 0);
    *state = f;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *f = *state;

    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(f->path), 0); /* fails if a name was run: then "pwned" lies there */
    free(f);
    return 0;
}

/* sh -c TEXT, its standard output up to a bound. */
static void run_sh(const char *text, char *out, size_t max)
{
    int fds[2], status = 0;
    size_t n = 0;
    ssize_t got;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)close(fds[0]);
        (void)close(fds[1]);
        (void)execl("/bin/sh", "sh", "-c", text, (char *)NULL);
        _exit(127);
    }
    (void)close(fds[1]);
    while (n + 1 < max && (got = read(fds[0], out + n, max - 1 - n)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    (void)close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static enum override_answer ask(const char *path)
{
    BUF_CLEANUP struct buf text = BUF_INIT(OVERRIDE_TEXT_MAX);
    char out[4096];
    const char *why;
    struct err e = {0};

    override_question(str_of(path), GUEST_LINUX, NONCE, &text);
    assert_true(buf_ok(&text, "question", &e));
    run_sh(buf_cstr(&text), out, sizeof out);
    return override_read(str_of(out), NONCE, &why);
}

static void make_file(const char *path)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    (void)fclose(f);
}

static void a_hostile_name_is_only_a_name(void **state)
{
    struct folder *f = *state;
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", f->path, names[i]);
        assert_int_equal(ask(path), OVERRIDE_ABSENT);
        make_file(path);
        assert_int_equal(ask(path), OVERRIDE_PRESENT);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_hostile_folder_is_only_a_folder(void **state)
{
    struct folder *f = *state;
    char folder[256], path[300];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(folder, sizeof folder, "%s/%s", f->path, names[i]);
        (void)snprintf(path, sizeof path, "%s/x", folder);
        assert_int_equal(ask(path), OVERRIDE_UNKNOWN);
        assert_int_equal(mkdir(folder, 0700), 0);
        assert_int_equal(ask(path), OVERRIDE_ABSENT);
        assert_int_equal(rmdir(folder), 0);
    }
}

static void links_folders_and_odd_parents_are_read_the_safe_way(void **state)
{
    struct folder *f = *state;
    char path[256], under[300];

    (void)snprintf(path, sizeof path, "%s/link", f->path);
    assert_int_equal(symlink("/nowhere/at/all", path), 0);
    assert_int_equal(ask(path), OVERRIDE_PRESENT);
    (void)snprintf(under, sizeof under, "%s/x", path);
    assert_int_equal(ask(under), OVERRIDE_UNKNOWN);
    assert_int_equal(unlink(path), 0);

    (void)snprintf(path, sizeof path, "%s/file", f->path);
    make_file(path);
    (void)snprintf(under, sizeof under, "%s/x", path);
    assert_int_equal(ask(under), OVERRIDE_UNKNOWN);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(ask(path), OVERRIDE_PRESENT);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(ask("/no-such-name-at-the-root-of-this-machine"), OVERRIDE_ABSENT);
}

static void a_folder_that_may_not_be_searched_proves_nothing(void **state)
{
    struct folder *f = *state;
    char folder[256], path[300];

    (void)snprintf(folder, sizeof folder, "%s/locked", f->path);
    (void)snprintf(path, sizeof path, "%s/x", folder);
    assert_int_equal(mkdir(folder, 0000), 0);
    /* root may search every folder of this machine: then the answer is a proof */
    assert_int_equal(ask(path), geteuid() == 0 ? OVERRIDE_ABSENT : OVERRIDE_UNKNOWN);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hostile_name_is_only_a_name, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_hostile_folder_is_only_a_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(links_folders_and_odd_parents_are_read_the_safe_way, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_folder_that_may_not_be_searched_proves_nothing, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests_name("override in sh", tests, NULL, NULL);
}

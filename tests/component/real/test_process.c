/* The process port: files with bounds, the in-hand note between processes, commands, probes. */
#include "real/clock.h"
#include "real/files.h"
#include "real/note.h"
#include "real/process.h"
#include "real/signals.h"
#include "support/child.h"
#include "support/cmocka_first.h"
#include "support/stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct scene {
    struct stage stage;
    struct process_port *port;
    struct process process;
    bool over;
    struct err err;
    int status;
    char out[4096];
};

static void begin(struct scene *s)
{
    *s = (struct scene){0};
    stage_open(&s->stage, NULL);
    s->port = process_port_new(s->stage.reactor);
    s->process = process_port_of(s->port);
}

static void finish(struct scene *s)
{
    process_port_free(s->port);
    stage_close(&s->stage);
}

static void exited(void *self, uint64_t id, const struct process_exit *x)
{
    struct scene *s = self;
    (void)id;

    s->over = true;
    s->err = x->err;
    s->status = x->status;
    (void)snprintf(s->out, sizeof s->out, STR_FMT, STR_ARG(x->out));
}

static void probed(void *self, uint64_t id, const struct err *e)
{
    struct scene *s = self;
    (void)id;

    s->over = true;
    s->err = *e;
}

static bool is_over(void *self)
{
    return ((struct scene *)self)->over;
}

static int64_t run(struct scene *s, int64_t timeout_ms, size_t out_max, const char *const *argv)
{
    s->over = false;
    s->process.ops->run(s->process.port, argv, timeout_ms, out_max, exited, s);
    assert_false(s->over); /* never from within the call */
    return stage_until(&s->stage, "the command ends", is_over, s, 5000);
}

/* ---- the note ---- */

static void read_note(const char *folder, struct note *n, char *text, size_t size)
{
    BUF_CLEANUP struct buf old = BUF_INIT(NOTE_TEXT_MAX);
    struct err e = {0};

    assert_true(note_open(n, folder, &old, &e));
    (void)snprintf(text, size, "%s", buf_cstr(&old));
}

/* In a process of its own: takes a note, writes `text` into it, says so, and waits to be killed. */
static pid_t hold_note(const char *folder, const char *text)
{
    int ends[2];
    char said = 0;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct note n = {0};
        struct err e = {0};
        BUF_CLEANUP struct buf old = BUF_INIT(NOTE_TEXT_MAX);
        said = note_open(&n, folder, &old, &e) && note_write(&n, str_of(text), &e) ? 'y' : 'n';
        (void)!write(ends[1], &said, 1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(ends[0], &said, 1), 1);
    assert_int_equal(said, 'y');
    (void)close(ends[0]);
    (void)close(ends[1]);
    return pid;
}

static void a_killed_process_leaves_its_note_to_the_next_and_a_living_one_keeps_its_own(void **state)
{
    struct scene s;
    struct note first = {0}, second = {0};
    char text[NOTE_TEXT_MAX + 1];
    (void)state;

    begin(&s);
    struct child a = {.pid = hold_note(s.stage.folder, "job a in hand")};
    struct child b = {.pid = hold_note(s.stage.folder, "job b in hand")};
    child_kill(&a);
    read_note(s.stage.folder, &first, text, sizeof text);
    assert_string_equal(text, "job a in hand");
    read_note(s.stage.folder, &second, text, sizeof text); /* b lives: a third note, a new one */
    assert_string_equal(text, "");
    child_kill(&b);
    note_close(&first);
    note_close(&second);
    finish(&s);
}

static void a_shorter_text_replaces_a_longer_one_whole(void **state)
{
    struct scene s;
    struct note n = {0};
    struct err e = {0};
    char text[NOTE_TEXT_MAX + 1], big[NOTE_TEXT_MAX + 1];
    (void)state;

    begin(&s);
    read_note(s.stage.folder, &n, text, sizeof text);
    memset(big, 'x', sizeof big);
    assert_false(note_write(&n, str_n(big, sizeof big), &e));
    assert_int_equal(e.kind, ERR_INVALID);
    assert_true(note_write(&n, str_n(big, NOTE_TEXT_MAX), &e));
    assert_true(note_write(&n, STR("short"), &e));
    note_close(&n);
    read_note(s.stage.folder, &n, text, sizeof text);
    assert_string_equal(text, "short");
    assert_true(note_write(&n, STR(""), &e));
    note_close(&n);
    read_note(s.stage.folder, &n, text, sizeof text);
    assert_string_equal(text, "");
    note_close(&n);
    finish(&s);
}

static void a_note_without_a_whole_head_is_an_empty_one(void **state)
{
    static const char *const torn[] = {"", "00", "0005", "0005\nabc", "-001\nx", "junk\nmore"};
    struct scene s;
    char path[128], text[NOTE_TEXT_MAX + 1];
    (void)state;

    begin(&s);
    (void)snprintf(path, sizeof path, "%s/in-hand.0", s.stage.folder);
    for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
        struct note n = {0};
        struct err e = {0};
        assert_true(files_write(path, str_of(torn[i]), &e));
        read_note(s.stage.folder, &n, text, sizeof text);
        assert_string_equal(text, "");
        note_close(&n);
    }
    finish(&s);
}

/* ---- a full disk under the note: in a process of its own, that has a small file system to itself ---- */

enum { SKIPPED = 77 };

static void fill(const char *folder)
{
    static const char block[4096];
    char path[160];

    (void)snprintf(path, sizeof path, "%s/ballast", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, block, sizeof block) > 0)
        ;
    (void)close(fd);
}

static bool says(const struct err *e, const char *words)
{
    return strstr(e->msg, words) != NULL;
}

static bool opens(struct note *n, const char *folder, struct err *e)
{
    BUF_CLEANUP struct buf old = BUF_INIT(NOTE_TEXT_MAX);

    return note_open(n, folder, &old, e);
}

/* Returns the number of the first claim that does not hold; 0: all do. */
static int on_a_full_disk(const char *folder)
{
    struct note early = {0}, late = {0};
    struct err e = {0};
    char big[NOTE_TEXT_MAX];

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=65536") != 0)
        return SKIPPED;
    if (!opens(&early, folder, &e))
        return 1;
    fill(folder);
    memset(big, 'x', sizeof big);
    if (!note_write(&early, str_n(big, sizeof big), &e)) /* its room was reserved */
        return 2;
    if (opens(&late, folder, &e) || e.kind != ERR_CONFIG)
        return 3;
    if (!says(&e, "worker.state") || !says(&e, folder) || !says(&e, "free space"))
        return 4;
    note_close(&early);
    /* a note that is there is enough */
    if (!opens(&late, folder, &e) || !note_write(&late, STR("again"), &e))
        return 5;
    return 0;
}

static int in_a_child(int (*f)(const char *folder), const char *folder)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(f(folder));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_full_disk_is_said_at_the_start_and_does_no_harm_later(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    int code = in_a_child(on_a_full_disk, s.stage.folder);
    finish(&s);
    if (code == SKIPPED)
        skip(); /* no right to mount */
    assert_int_equal(code, 0);
}

/* A limit that anybody may set: what holds of a full disk without the right to mount one. */
static int within_a_small_limit(const char *folder)
{
    struct note n = {0};
    struct err e = {0};

    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, 100}) != 0)
        return SKIPPED;
    if (opens(&n, folder, &e) || e.kind != ERR_CONFIG)
        return 1;
    return says(&e, "worker.state") && says(&e, folder) ? 0 : 2;
}

static void a_note_without_room_is_refused_with_its_folder(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    assert_int_equal(in_a_child(within_a_small_limit, s.stage.folder), 0);
    finish(&s);
}

/* ---- files ---- */

static void files_are_whole_bounded_and_private(void **state)
{
    struct scene s;
    struct err e = {0};
    struct stat st;
    char path[128], fifo[128];
    BUF_CLEANUP struct buf small = BUF_INIT(4), big = BUF_INIT(64);
    STRS_CLEANUP struct strs names = {0};
    (void)state;

    begin(&s);
    (void)snprintf(path, sizeof path, "%s/b", s.stage.folder);
    (void)snprintf(fifo, sizeof fifo, "%s/a", s.stage.folder);
    assert_false(s.process.ops->read_file(s.process.port, path, &big, &e));
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    assert_true(s.process.ops->write_file(s.process.port, path, STR("hello"), &e));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(s.process.ops->read_file(s.process.port, path, &big, &e));
    assert_string_equal(buf_cstr(&big), "hello");
    assert_false(s.process.ops->read_file(s.process.port, path, &small, &e));
    assert_int_equal(e.kind, ERR_INVALID);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    (void)s.process.ops->read_file(s.process.port, fifo, &big, &e); /* comes back */
    assert_true(s.process.ops->list_folder(s.process.port, s.stage.folder, &names, &e));
    assert_int_equal(names.n, 2);
    assert_string_equal(names.at[0], "a");
    assert_string_equal(names.at[1], "b");
    assert_false(s.process.ops->list_folder(s.process.port, path, &names, &e));
    assert_false(s.process.ops->write_file(s.process.port, "/proc/nowhere/x", STR("y"), &e));
    finish(&s);
}

/* ---- commands ---- */

static void a_command_gives_its_output_and_exit_code(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    (void)run(
        &s, 5000, 1000,
        (const char *[]){"sh", "-c", "cat; echo out; echo \"$1\" >&2; exit 3", "sh", "to stderr", NULL});
    assert_int_equal(s.err.kind, ERR_NONE);
    assert_int_equal(s.status, 3);
    assert_string_equal(s.out, "out\n");
    (void)run(&s, 5000, 1000, (const char *[]){"/no/such/program", NULL});
    assert_int_equal(s.err.kind, ERR_NOT_FOUND);
    (void)run(&s, 5000, 1000, (const char *[]){"echo", "$HOME; `id`", NULL});
    assert_string_equal(s.out, "$HOME; `id`\n"); /* no shell */
    finish(&s);
}

static void a_command_past_its_deadline_is_killed_with_its_children(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    int64_t took = run(&s, 200, 1000, (const char *[]){"sh", "-c", "sleep 60 & echo $!; wait", NULL});
    assert_true(took >= 190 && took < 2000);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    int64_t grandchild = 0;
    assert_true(str_to_i64(str_trim(str_of(s.out)), &grandchild) && grandchild > 1);
    int64_t until = clock_boot_ms() + 2000;
    while (kill((pid_t)grandchild, 0) == 0 &&
           clock_boot_ms() < until) /* its reaping is init's, and may take a moment */
        stage_for(&s.stage, 10);
    char path[64], line[256] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)grandchild);
    FILE *f = fopen(path, "re");
    if (f) {
        (void)!fgets(line, sizeof line, f);
        (void)fclose(f);
        assert_non_null(strstr(line, ") Z ")); /* nobody reaps orphans here: dead all the same */
    }
    finish(&s);
}

static void a_command_over_its_bound_is_killed_and_signals_reach_commands(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    (void)run(&s, 5000, 1000, (const char *[]){"sh", "-c", "while :; do echo 0123456789; done", NULL});
    assert_int_equal(s.err.kind, ERR_INVALID);
    (void)run(&s, 5000, 1000, (const char *[]){"sh", "-c", "kill -TERM $$; echo alive", NULL});
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE); /* our blocked mask is not theirs */
    assert_string_equal(s.out, "");
    finish(&s);
}

/* ---- probes ---- */

static void a_probe_tells_whether_something_accepts(void **state)
{
    struct scene s;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    (void)state;

    begin(&s);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    s.process.ops->probe(s.process.port, "localhost", ntohs(a.sin_port), 2000, probed, &s);
    (void)stage_until(&s.stage, "the probe", is_over, &s, 3000);
    assert_int_equal(s.err.kind, ERR_NONE);
    (void)close(fd);
    s.over = false;
    s.process.ops->probe(s.process.port, "127.0.0.1", ntohs(a.sin_port), 2000, probed, &s);
    (void)stage_until(&s.stage, "the probe", is_over, &s, 3000);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    s.over = false;
    s.process.ops->probe(s.process.port, "no such host", 1, 2000, probed, &s);
    (void)stage_until(&s.stage, "the probe", is_over, &s, 3000);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_process_leaves_its_note_to_the_next_and_a_living_one_keeps_its_own),
        cmocka_unit_test(a_shorter_text_replaces_a_longer_one_whole),
        cmocka_unit_test(a_note_without_a_whole_head_is_an_empty_one),
        cmocka_unit_test(a_full_disk_is_said_at_the_start_and_does_no_harm_later),
        cmocka_unit_test(a_note_without_room_is_refused_with_its_folder),
        cmocka_unit_test(files_are_whole_bounded_and_private),
        cmocka_unit_test(a_command_gives_its_output_and_exit_code),
        cmocka_unit_test(a_command_past_its_deadline_is_killed_with_its_children),
        cmocka_unit_test(a_command_over_its_bound_is_killed_and_signals_reach_commands),
        cmocka_unit_test(a_probe_tells_whether_something_accepts),
    };
    struct err e = {0};

    if (!signals_block(&e)) /* as every program of ours has them: a command must not */
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

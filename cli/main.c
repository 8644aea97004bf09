#include "cli/print.h"
#include "cli/verbs.h"
#include "real/ports.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const about[] = {"kafka.brokers", "kafka.prefix", "redis.", "specs.", NULL};
static const struct options_program program = {
    .name = "ec2sched",
    .summary = "stop and start tiered EC2 workloads, in order",
    .about = about,
};

static bool run_loop(void *self, int64_t (*turn)(void *arg, int64_t now_ms), void *arg, struct err *e)
{
    return real_run(self, &(struct loop_program){.turn = turn, .self = arg}, e) ||
           err_code(e, CLI_INTERRUPTED);
}

static int terminal_width(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/*
 * The loop reads signals by itself; nobody would hear one while a person thinks. A caller that ignores SIGINT
 * (a script's trap, a job in the background) hands that down: who is asked may still say no with Ctrl-C.
 */
static bool read_answer(char *out, size_t n)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    struct sigaction inherited;
    sigset_t interrupts;
    sigset_t was;

    (void)sigemptyset(&interrupts);
    (void)sigaddset(&interrupts, SIGINT);
    (void)sigaddset(&interrupts, SIGTERM);
    (void)sigaction(SIGINT, &usual, &inherited);
    (void)sigprocmask(SIG_UNBLOCK, &interrupts, &was);
    bool got = fgets(out, (int)n, stdin) != NULL;
    (void)sigprocmask(SIG_SETMASK, &was, NULL);
    (void)sigaction(SIGINT, &inherited, NULL);
    return got;
}

static void look_around(struct cli *c)
{
    const struct passwd *pw = getpwuid(geteuid());

    c->terminal = isatty(STDOUT_FILENO);
    c->asks = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    c->width = terminal_width;
    c->answer = read_answer;
    (void)snprintf(c->user, sizeof c->user, "%s", pw ? pw->pw_name : "unknown");
    if (gethostname(c->host, sizeof c->host - 1) != 0)
        (void)snprintf(c->host, sizeof c->host, "unknown");
}

/* Takes `--output table|json` out of the words, wherever it stands. */
static bool take_output(struct strs *words, bool *json, struct err *e)
{
    struct strs kept = {0};
    bool ok = true;

    for (size_t i = 0; i < words->n; i++) {
        const char *w = words->at[i];
        const char *value = strncmp(w, "--output=", 9) == 0 ? w + 9 : NULL;
        if (strcmp(w, "--output") == 0)
            value = i + 1 < words->n ? words->at[++i] : "";
        if (!value)
            strs_add(&kept, str_of(w));
        else if (strcmp(value, "json") == 0 || strcmp(value, "table") == 0)
            *json = value[0] == 'j';
        else
            ok = err_set(e, ERR_CONFIG, "--output %.40s: table or json", value);
    }
    strs_release(words);
    *words = kept;
    return ok;
}

static int help(const struct strs *words)
{
    BUF_CLEANUP struct buf out = BUF_INIT(256 * 1024);

    if (words->n)
        return verbs_help_of(words->at[0]);
    buf_addf(&out, "usage: %s COMMAND [WORDS] [--output table|json] [options]\n\n%s\n\n", program.name,
             program.summary);
    verbs_help(&out);
    buf_adds(&out, "\n`ec2sched COMMAND --help` tells more of one of them.\n\n");
    options_help(&program, &out);
    (void)fputs(buf_cstr(&out), stdout);
    return CLI_OK;
}

static int say_wrong(struct cli *c, const struct err *e)
{
    return cli_fail(c, e, "`ec2sched --help` shows how");
}

static int run(struct real *real, struct cli *c, struct ports *ports, const struct strs *words)
{
    struct err e = {0};

    if (!words->n) {
        (void)err_set(&e, ERR_CONFIG, "a command is missing");
        return say_wrong(c, &e);
    }
    if (!real_open(real, c->options, ports, &e))
        return cli_fail(c, &e, NULL);
    int exit = verbs_run(c, words);
    cli_release(c);
    return exit;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct ports ports = {0};
    enum options_exit exit = OPTIONS_GO;
    struct err e = {0};
    STRS_CLEANUP struct strs words = {0};
    STRS_CLEANUP struct strs warnings = {0};
    struct real *real = real_new(&e);
    struct cli c = {.options = &o, .ports = &ports, .run = run_loop, .self = real};
    int code = CLI_FAILED;

    if (!real) {
        (void)fprintf(stderr, "ec2sched: %s\n", e.msg);
        return CLI_FAILED;
    }
    look_around(&c);
    bool ok = options_load(&o, &program, real_process(real), argc, argv, &words, &warnings, &exit, &e) &&
              take_output(&words, &c.json, &e);
    for (size_t i = 0; i < warnings.n; i++)
        (void)fprintf(stderr, "ec2sched: warning: %s\n", warnings.at[i]);
    if (!ok)
        code = say_wrong(&c, &e);
    else if (exit == OPTIONS_HELP)
        code = help(&words);
    else if (exit == OPTIONS_VERSION)
        code = printf("ec2sched %s\n", EC2SCHED_VERSION) < 0;
    else
        code = run(real, &c, &ports, &words);
    real_close(real);
    options_release(&o);
    return fflush(stdout) == 0 && !print_lost() ? code : cli_lost(&c, NULL);
}

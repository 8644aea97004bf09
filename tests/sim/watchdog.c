#include "sim/watchdog.h"

#include "sim/fleet.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { TICKS_A_SECOND = 5, MILLION = 1000000 };

static int patience; /* ticks */
static uint64_t fired;
static int ticks; /* without a completion */

/* Nothing here may allocate, or wait: the signal came in the middle of anything. */
static void say(const char *text)
{
    (void)!write(STDOUT_FILENO, text, strlen(text));
    (void)!write(STDOUT_FILENO, "\n", 1);
}

static void end(const struct daemon *d, const char *words)
{
    trace_last(fleet_trace(), d->name, say);
    (void)!write(STDOUT_FILENO, d->name, strlen(d->name));
    say(words);
    _exit(1);
}

static void look(int signal)
{
    const struct daemon *d = daemon_in_turn();
    uint64_t now = fleet_fired();

    (void)signal;
    ticks = now == fired && d ? ticks + 1 : 0;
    fired = now;
    if (d && fleet_trace() && ticks >= patience)
        end(d, " is in a turn without an end");
    if (d && fleet_trace() && d->memory.bytes > DAEMON_MEMORY_MAX)
        end(d, " grows beyond its memory in one turn");
}

void watchdog_start(int seconds)
{
    const struct sigaction act = {.sa_handler = look, .sa_flags = SA_RESTART};
    const struct timeval every = {.tv_usec = MILLION / TICKS_A_SECOND};

    patience = seconds * TICKS_A_SECOND;
    (void)sigaction(SIGVTALRM, &act, NULL);
    (void)setitimer(ITIMER_VIRTUAL, &(struct itimerval){every, every}, NULL);
}

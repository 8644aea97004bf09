#include "real/loop.h"

#include "ports/ports.h"
#include "real/clock.h"
#include "real/reactor.h"
#include "real/signals.h"

struct loop {
    const struct loop_program *program;
    int signals;
    bool draining;
    int64_t give_up_ms; /* INT64_MAX until a drain began */
};

/* False: the loop is to end now. */
static bool hear_signals(struct loop *l, struct err *e)
{
    enum signals_kind kind;

    while ((kind = signals_next(l->signals)) != SIGNALS_NONE) {
        if (kind != SIGNALS_END) /* a child's end only had to wake us */
            continue;
        if (l->draining)
            return err_set(e, ERR_CONFLICT, "a second signal: ended without a drain");
        if (!l->program->drain)
            return err_set(e, ERR_CONFLICT, "ended by a signal");
        l->draining = true;
        l->give_up_ms = clock_boot_ms() + l->program->drain_timeout_ms;
        l->program->drain(l->program->self);
    }
    return true;
}

bool loop_run(struct reactor *r, int signals, const struct loop_program *p, struct err *e)
{
    struct loop l = {.program = p, .signals = signals, .give_up_ms = INT64_MAX};

    for (;;) {
        if (!hear_signals(&l, e))
            return false;
        int64_t now = clock_boot_ms();
        int64_t next = p->turn(p->self, now);
        if (next == TURN_DONE)
            return true;
        if (now >= l.give_up_ms)
            return err_set(e, ERR_CONFLICT, "not drained within %lld ms: ended without closing",
                           (long long)p->drain_timeout_ms);
        reactor_step(r, next < l.give_up_ms ? next : l.give_up_ms);
    }
}

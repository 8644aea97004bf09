#include "core/fold_parts.h"

#include "base/mem.h"

#include <string.h>

static void hold_release(struct fold_hold *h)
{
    xfree(h->hold);
    xfree(h->tier);
    xfree(h->instance);
}

static void drop(struct fold_workload *w, size_t i)
{
    hold_release(&w->holds[i]);
    memmove(&w->holds[i], &w->holds[i + 1], (w->hold_count - i - 1) * sizeof *w->holds);
    w->hold_count--;
}

static struct fold_hold *find(struct fold_workload *w, const char *hold)
{
    for (size_t i = 0; i < w->hold_count; i++)
        if (strcmp(w->holds[i].hold, hold) == 0)
            return &w->holds[i];
    return NULL;
}

/* Those that are over make room; false: none is. */
static bool make_room(struct fold_workload *w, int64_t ts)
{
    size_t before = w->hold_count;

    for (size_t i = w->hold_count; i-- > 0;)
        if (w->holds[i].until_ms <= ts)
            drop(w, i);
    return w->hold_count < before;
}

static bool bounded(const struct event_hold *h)
{
    const int64_t digits15 = 999999999999999;

    return h->hold && ids_run_ok(str_of(h->hold)) && h->until_ms >= 0 && h->until_ms <= digits15 &&
           str_of(h->scope.tier).n <= FOLD_TEXT_MAX && str_of(h->scope.instance).n <= FOLD_NAME_MAX;
}

bool fold_hold_set(struct fold_workload *w, int64_t ts, const struct event_hold *h)
{
    if (!bounded(h))
        return false;
    struct fold_hold *was = find(w, h->hold);
    if (was && was->until_ms == h->until_ms && str_is(str_of(h->scope.tier), was->tier) &&
        str_is(str_of(h->scope.instance), was->instance))
        return false;
    if (!was && w->hold_count >= FOLD_HOLDS && !make_room(w, ts))
        return false;
    if (was) {
        hold_release(was);
    } else {
        w->holds = xrealloc(w->holds, (w->hold_count + 1) * sizeof *w->holds);
        was = &w->holds[w->hold_count++];
    }
    *was = (struct fold_hold){.hold = xstrdup(h->hold),
                              .tier = str_dup(str_of(h->scope.tier)),
                              .instance = str_dup(str_of(h->scope.instance)),
                              .until_ms = h->until_ms};
    w->hold_changes++;
    return true;
}

bool fold_hold_cleared(struct fold_workload *w, const char *hold)
{
    struct fold_hold *was = hold ? find(w, hold) : NULL;

    if (!was)
        return false;
    drop(w, (size_t)(was - w->holds));
    w->hold_changes++;
    return true;
}

void fold_holds_release(struct fold_workload *w)
{
    for (size_t i = 0; i < w->hold_count; i++)
        hold_release(&w->holds[i]);
    xfree(w->holds);
}

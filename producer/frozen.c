#include "producer/frozen.h"

#include "base/mem.h"

#include <utlist.h>

static bool same_epoch(const struct epoch *a, const struct epoch *b)
{
    return a->generation == b->generation && a->partition == b->partition && a->offset == b->offset;
}

struct frozen *frozen_find(struct context *c, const struct epoch *ep)
{
    struct frozen *f = NULL;

    DL_FOREACH(c->frozen, f)
    {
        if (!same_epoch(&f->epoch, ep))
            continue;
        DL_DELETE(c->frozen, f);
        DL_PREPEND(c->frozen, f);
        return f;
    }
    return NULL;
}

static void drop_oldest(struct context *c)
{
    struct frozen *f = c->frozen->prev; /* the last */

    DL_DELETE(c->frozen, f);
    c->frozen_count--;
    frozen_let_go(f);
}

struct frozen *frozen_keep(struct context *c, const struct epoch *ep, struct event *ev)
{
    struct frozen *f = frozen_find(c, ep);

    if (f) { /* two asked for it at once */
        event_release(ev);
        *ev = (struct event){0};
        return f;
    }
    if (c->frozen_count == FROZEN_KEPT)
        drop_oldest(c);
    f = xcalloc(1, sizeof *f);
    *f = (struct frozen){.epoch = *ep, .ev = *ev, .held = 1};
    *ev = (struct event){0};
    DL_PREPEND(c->frozen, f);
    c->frozen_count++;
    return f;
}

struct frozen *frozen_hold(struct frozen *f)
{
    f->held++;
    return f;
}

void frozen_let_go(struct frozen *f)
{
    if (!f || --f->held > 0)
        return;
    event_release(&f->ev);
    xfree(f);
}

void frozen_forget(struct context *c)
{
    while (c->frozen)
        drop_oldest(c);
}

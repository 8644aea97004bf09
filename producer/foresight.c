#include "producer/foresight.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

struct foreseen {              /* the step that a run was planned up to last */
    char epoch[IDS_EPOCH_MAX]; /* as in the view */
    int64_t step, next_part, left;
    char *plan; /* nonce */
    UT_hash_handle hh;
};

static void forget(struct foresight *f, struct foreseen *s)
{
    HASH_DEL(f->at, s);
    xfree(s->plan);
    xfree(s);
}

static struct foreseen *find(const struct foresight *f, const struct epoch *ep)
{
    char epoch[IDS_EPOCH_MAX];
    struct foreseen *s = NULL;

    epoch_format_in_view(ep, epoch);
    HASH_FIND_STR(f->at, epoch, s);
    return s;
}

static void begin(struct foresight *f, const struct epoch *ep, const struct event_planned *plan)
{
    struct foreseen *s = find(f, ep);

    if (s)
        forget(f, s);
    if (HASH_COUNT(f->at) >= FORESIGHT_STEPS_MAX)
        forget(f, f->at); /* the oldest */
    s = xcalloc(1, sizeof *s);
    epoch_format_in_view(ep, s->epoch);
    s->step = plan->step;
    s->plan = xstrdup(plan->plan);
    HASH_ADD_STR(f->at, epoch, s);
}

void foresight_planned(struct foresight *f, const struct epoch *ep, const struct event_planned *plan)
{
    struct foreseen *s = NULL;

    if (plan->part == 0)
        begin(f, ep, plan);
    s = find(f, ep);
    if (!s || s->step != plan->step || s->next_part != plan->part || strcmp(s->plan, plan->plan) != 0)
        return;
    s->next_part++;
    for (size_t i = 0; i < plan->tiers.n; i++)
        s->left += (int64_t)plan->tiers.at[i].jobs.n;
}

bool foresight_ended(struct foresight *f, const struct epoch *ep, int64_t step)
{
    struct foreseen *s = find(f, ep);

    return s && s->step == step && --s->left == 0;
}

void foresight_forget(struct foresight *f)
{
    while (f->at)
        forget(f, f->at);
}

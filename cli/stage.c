#include "cli/stage.h"

#include "base/mem.h"
#include "cli/print.h"

#include <stdio.h>
#include <string.h>

enum { BARS_MAX = 40, DRAWING_MAX = 64 * 1024 };

struct act { /* one run on the stage */
    char *workload, *run;
    struct story *story;
};

struct stage {
    const struct cli *cli;
    char *workload, *run; /* NULL: any */
    bool quiet;
    struct act at[STAGE_RUNS_MAX];
    size_t n;
    struct bars bars;
};

struct stage *stage_new(const struct cli *c, const char *workload, const char *run, bool quiet)
{
    struct stage *s = xcalloc(1, sizeof *s);

    s->cli = c;
    s->workload = workload ? xstrdup(workload) : NULL;
    s->run = run ? xstrdup(run) : NULL;
    s->quiet = quiet;
    return s;
}

static void act_release(struct act *a)
{
    story_freep(&a->story);
    xfree(a->workload);
    xfree(a->run);
}

void stage_freep(struct stage **p)
{
    struct stage *s = *p;

    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        act_release(&s->at[i]);
    xfree(s->workload);
    xfree(s->run);
    xfree(s);
    *p = NULL;
}

static void leave(struct stage *s, size_t i)
{
    act_release(&s->at[i]);
    memmove(&s->at[i], &s->at[i + 1], (s->n - i - 1) * sizeof *s->at);
    s->n--;
}

/* ---- drawing ---- */

static bool draws(const struct stage *s)
{
    return s->cli->terminal && !s->cli->json && !s->quiet && bars_fit(s->cli->width());
}

static void write_out(const struct buf *b)
{
    print_text(buf_view(b));
    (void)fflush(stdout);
}

static void erase(struct stage *s)
{
    BUF_CLEANUP struct buf out = BUF_INIT(DRAWING_MAX);

    bars_erase(&s->bars, &out);
    write_out(&out);
}

static void draw(struct stage *s)
{
    struct bar bars[BARS_MAX];
    size_t n = 0;
    BUF_CLEANUP struct buf out = BUF_INIT(DRAWING_MAX);

    if (!draws(s))
        return;
    for (size_t i = 0; i < s->n && n < BARS_MAX; i++) {
        size_t first = n;
        n += telling_bars(s->at[i].story, bars + n, BARS_MAX - n);
        for (size_t k = first; k < n && !s->run; k++) { /* several runs: whose it is */
            char label[sizeof bars[k].label];
            (void)snprintf(label, sizeof label, "%.60s %.60s", s->at[i].workload, bars[k].label);
            memcpy(bars[k].label, label, sizeof label);
        }
    }
    bars_draw(&s->bars, bars, n, s->cli->width(), &out);
    write_out(&out);
}

void stage_settle(struct stage *s)
{
    s->bars.lines = 0; /* the last drawing stays where it is */
}

/* ---- hearing ---- */

static struct act *find(struct stage *s, const char *workload, const char *run)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->at[i].workload, workload) == 0 && (!run || strcmp(s->at[i].run, run) == 0))
            return &s->at[i];
    return NULL;
}

static bool wanted(const struct stage *s, const struct event *ev)
{
    return ev && ev->workload && (!s->workload || strcmp(ev->workload, s->workload) == 0) &&
           (!s->run || !ev->run || strcmp(ev->run, s->run) == 0);
}

static struct act *enter(struct stage *s, const struct event *ev)
{
    if (s->n == STAGE_RUNS_MAX)
        leave(s, 0);
    s->at[s->n] = (struct act){.workload = xstrdup(ev->workload),
                               .run = xstrdup(ev->run),
                               .story = story_new(ev->workload, ev->run, true)};
    return &s->at[s->n++];
}

/* On a terminal with bars only what bars do not show is said in words. */
static bool in_words(const struct stage *s, const struct event *ev)
{
    switch (ev->type) {
    case EVENT_PLAN_FAILED:
    case EVENT_PLAN_DELAYED:
    case EVENT_PAUSE:
    case EVENT_RESUME:
    case EVENT_CANCEL:
        return true;
    case EVENT_RUN_ACCEPTED:
    case EVENT_RUN_REFUSED:
    case EVENT_RUN_FINISHED:
        return !draws(s) || !s->run;
    default:
        return !draws(s);
    }
}

static void tell(struct stage *s, const struct act *a, const struct kafka_record *r, const struct event *ev)
{
    if (s->quiet)
        return;
    if (in_words(s, ev)) {
        erase(s);
        telling_line(s->cli, a->story, r, ev);
    }
    draw(s);
    (void)fflush(stdout);
}

/* Drained names no run: each story of the workload knows its own. */
static void hear_drained(struct stage *s, const struct kafka_record *r, const struct event *ev)
{
    for (size_t i = 0; i < s->n; i++) {
        struct act *a = &s->at[i];
        if (strcmp(a->workload, ev->workload) != 0 || a->story->began)
            continue;
        (void)story_hear(a->story, r, ev);
        if (a->story->began)
            tell(s, a, r, ev);
    }
}

static bool hear_run(struct stage *s, const struct kafka_record *r, const struct event *ev)
{
    struct act *a = find(s, ev->workload, ev->run);

    if (!a && ev->type == EVENT_RUN_FINISHED && !s->run) {
        if (!s->quiet)
            telling_line(s->cli, enter(s, ev)->story, r, ev); /* its beginning was before we listened */
        a = find(s, ev->workload, ev->run);
    }
    if (!a)
        a = enter(s, ev);
    else if (a->story->result != RESULT_NONE && s->run)
        return true; /* told to its end already */
    bool ended = story_hear(a->story, r, ev);
    tell(s, a, r, ev);
    bool last = ev->type == EVENT_RUN_FINISHED || (ended && s->run);
    if (last && !s->run) {
        erase(s);
        leave(s, (size_t)(a - s->at));
        draw(s);
    }
    return last && s->run;
}

bool stage_hear(struct stage *s, const struct kafka_record *r, const struct event *ev)
{
    if (print_lost())
        return true;
    if (!wanted(s, ev))
        return false;
    if (ev->type == EVENT_DRAINED) {
        hear_drained(s, r, ev);
        return false;
    }
    if (!ev->run)
        return false;
    return hear_run(s, r, ev);
}

const struct story *stage_story(const struct stage *s)
{
    return s->n ? s->at[0].story : NULL;
}

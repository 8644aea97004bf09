#include "worker/work.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

struct works {
    struct work *table;
    uint64_t last_id;
    struct timers *timers;
    uint64_t *woken; /* ids, first in first out */
    size_t first, n, cap;
};

struct works *works_new(void)
{
    struct works *ws = xcalloc(1, sizeof *ws);

    ws->timers = timers_new();
    return ws;
}

void works_free(struct works *ws)
{
    if (!ws)
        return;
    while (ws->table)
        works_remove(ws, ws->table);
    timers_free(ws->timers);
    xfree(ws->woken);
    xfree(ws);
}

struct work *works_add(struct works *ws, struct job *job, const struct epoch *epoch, const char *token,
                       int64_t attempt, int64_t deadline_ms, int64_t now_ms)
{
    struct work *w = xcalloc(1, sizeof *w);

    w->id = ++ws->last_id;
    w->job = *job;
    *job = (struct job){0};
    w->epoch = *epoch;
    (void)snprintf(w->token, sizeof w->token, "%s", token);
    w->attempt = attempt;
    (void)snprintf(w->att, sizeof w->att, "%" PRId64, attempt);
    w->deadline_ms = deadline_ms;
    w->living = true;
    w->since_ms = now_ms;
    w->watch_since_ms = -1;
    w->step = job_step_new(&w->job, attempt, deadline_ms, now_ms);
    HASH_ADD(hh, ws->table, id, sizeof w->id, w);
    works_wake(ws, w);
    return w;
}

struct work *works_find(const struct works *ws, uint64_t id)
{
    struct work *w = NULL;

    HASH_FIND(hh, ws->table, &id, sizeof id, w);
    return w;
}

void works_remove(struct works *ws, struct work *w)
{
    HASH_DEL(ws->table, w);
    timers_clear(ws->timers, w->id);
    job_step_free(w->step);
    job_release(&w->job);
    xfree(w);
}

size_t works_count(const struct works *ws)
{
    return HASH_COUNT(ws->table);
}

struct work *works_first(const struct works *ws)
{
    return ws->table;
}

struct work *works_next(const struct work *w)
{
    return w->hh.next;
}

void works_wake(struct works *ws, struct work *w)
{
    if (w->woken)
        return;
    if (ws->first + ws->n == ws->cap) {
        for (size_t i = 0; i < ws->n; i++)
            ws->woken[i] = ws->woken[ws->first + i];
        ws->first = 0;
        if (ws->n * 2 >= ws->cap) {
            ws->cap = ws->cap ? ws->cap * 2 : 64;
            ws->woken = xrealloc(ws->woken, ws->cap * sizeof *ws->woken);
        }
    }
    ws->woken[ws->first + ws->n++] = w->id;
    w->woken = true;
}

void works_wake_at(struct works *ws, struct work *w, int64_t at_ms)
{
    if (at_ms == INT64_MAX)
        timers_clear(ws->timers, w->id);
    else
        timers_set(ws->timers, w->id, at_ms);
}

struct work *works_take_woken(struct works *ws, int64_t now_ms)
{
    uint64_t id;

    while (timers_take(ws->timers, now_ms, &id)) {
        struct work *due = works_find(ws, id);
        if (due)
            works_wake(ws, due);
    }
    while (ws->n) {
        ws->n--;
        struct work *w = works_find(ws, ws->woken[ws->first++]);
        if (!w) /* removed while it waited */
            continue;
        w->woken = false;
        return w;
    }
    return NULL;
}

int64_t works_next_ms(const struct works *ws)
{
    return ws->n ? 0 : timers_next(ws->timers);
}

struct aws_where work_where(const struct work *w)
{
    return (struct aws_where){
        .region = w->job.options.region,
        .role_arn = w->job.options.role,
        .external_id = w->job.options.external_id,
        .workload = w->job.workload,
        .run = w->job.run,
        .job = w->job.job,
        .att = w->att,
    };
}

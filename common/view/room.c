#include "view/room.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *code, *words;
} refusals[] = {
    {"OOM", "Redis' memory is full: raise maxmemory, or take away what else it holds"},
    {"MISCONF", "Redis cannot save to its disk: see its log and free space there"},
    {"READONLY", "this Redis is a replica: redis.url must name the primary"},
    {"NOREPLICAS", "Redis has too few replicas (min-replicas-to-write): see them"},
};

bool room_words(const struct err *e, char *text, size_t n)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (e->kind == ERR_NONE || strcmp(e->code, refusals[i].code) != 0)
            continue;
        (void)snprintf(text, n, "the view refuses writes: %s", refusals[i].words);
        return true;
    }
    return false;
}

bool room_refused(const struct room *r, char *text, size_t n)
{
    return room_words(&r->why, text, n);
}

static void on_written(void *self, uint64_t id, const struct view_said *said)
{
    struct room *r = self;
    char text[ERR_MSG_MAX];

    (void)id;
    r->asking = false;
    r->why = said->err;
    r->refusals += room_words(&said->err, text, sizeof text);
}

int64_t room_turn(struct room *r, int64_t now_ms)
{
    if (r->asking)
        return now_ms + ROOM_EVERY_MS;
    if (r->asked_ms == 0 || now_ms - r->asked_ms >= ROOM_EVERY_MS) {
        r->asking = true;
        r->asked_ms = now_ms;
        (void)view_try(r->view, on_written, r);
    }
    return r->asked_ms + ROOM_EVERY_MS;
}

#pragma once
/*
 * room - does the server of the view take writes? Asked each ROOM_EVERY_MS by writing a word of its own.
 *
 * A server whose memory is full (maxmemory, noeviction), that cannot save, or that became a replica answers
 * every reading as before: a process that only looks believes all is well while nothing can move. What a
 * process knows of it stands in its /readyz and its metrics. Owner: the program; single-threaded. Free it
 * only when the Redis port delivers no more completions.
 */
#include "view/view.h"

enum { ROOM_EVERY_MS = 2000 };

struct room {
    struct view *view; /* borrowed */
    int64_t asked_ms;
    bool asking;
    struct err why; /* ERR_NONE: the last writing was taken, or could not be asked */
    int64_t refusals;
};

/* Asks when it is time. Returns when to call again. */
int64_t room_turn(struct room *r, int64_t now_ms);
/* True: the server refuses writes; `text` says why and what to do. */
bool room_refused(const struct room *r, char *text, size_t n);
/* The same words for any error of the view's. False: it is not a refusal to write. */
bool room_words(const struct err *e, char *text, size_t n);

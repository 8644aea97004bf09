#pragma once
/*
 * script - runs one of the Redis scripts by its name: EVALSHA, and the whole text when the server does not
 * know it.
 *
 * Once on each connection, before a script's first call there, its text is loaded; a server that forgot it
 * all the same (SCRIPT FLUSH, a restart in between) answers NOSCRIPT, and the call is sent once more as EVAL.
 * Calls that are repeated so may be answered after later ones. Completions come from the loop, never from
 * within the call. Plain commands go the same way.
 *
 * Owner: the view. Free it only when the port delivers no more completions.
 */
#include "ports/redis.h"
#include "view/words.h"

struct scripts; /* opaque */

/* `inc`: the run_id that the call was meant for, "-" when there was no connection. */
typedef void script_done(void *self, uint64_t id, const struct redis_reply *reply, const char *inc);

struct scripts *scripts_new(const struct redis *redis);
void scripts_free(struct scripts *s);

/* The run_id that a call made now is meant for; "-", which no view ever grants anything to, without a
 * connection. */
void scripts_inc(const struct scripts *s, char out[REDIS_RUN_ID_MAX]);

/* Takes `words`: those after KEYS[1], which is `key`. `name` is a row of view_scripts (a bug otherwise). */
uint64_t scripts_run(struct scripts *s, const char *name, const char *key, struct words *words,
                     script_done *done, void *self);
/* Takes `words`: a whole command. */
uint64_t scripts_plain(struct scripts *s, struct words *words, script_done *done, void *self);

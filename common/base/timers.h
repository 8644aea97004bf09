#pragma once
/*
 * timers - what has to be looked at, and when: a binary heap of (moment, key).
 *
 * A key is the owner's: an index or id looked up in its table when it comes due. Each key stands at most
 * once: setting it again moves it. Equal moments come out in the order of their keys, so that the same seed
 * gives the same trace. No clock. Owner: the component whose keys these are. Cost: O(log n) to set, clear and
 * take.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timers; /* opaque */

struct timers *timers_new(void);
void timers_free(struct timers *t);                             /* NULL is fine */
void timers_set(struct timers *t, uint64_t key, int64_t at_ms); /* replaces the key's earlier moment */
void timers_clear(struct timers *t, uint64_t key);              /* not set: nothing happens */
bool timers_when(const struct timers *t, uint64_t key, int64_t *at_ms);
/* Removes and returns the earliest key that is due at now_ms. */
bool timers_take(struct timers *t, int64_t now_ms, uint64_t *key);
/* The moment of the earliest key, or INT64_MAX. */
int64_t timers_next(const struct timers *t);
size_t timers_count(const struct timers *t);

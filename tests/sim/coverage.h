#pragma once
/*
 * coverage - what a history has met of all that the build can meet, item by item in words.
 *
 *   fault kill                     a kind of swarm.h has struck
 *   record TierPlanned             one of that type is in a log
 *   answer claim BUSY              a process has heard that word of that script
 *   cause fell-back, outcome done, result halted        a record says so
 *   row C8 append TierPlanned death     a row of docs/protocol.md 7: the act at the place (sim/place.h)
 *   row C21 redis-rollback              the same of a row that names a state of the world: a fault's kind
 *
 * The words are the product's own: the tables of model/event, model/member and view/view, and the texts of
 * the scripts that the build embeds (each `return` with a word in it). Nothing here is to be added to when
 * the product learns a word. Owner: the fleet.
 */
#include "model/event.h"
#include "ports/redis.h"
#include "sim/swarm.h"

enum { COVERAGE_ANSWERS_MAX = 128, COVERAGE_WORD_MAX = 64, COVERAGE_ITEM_MAX = 120 };

struct coverage {
    bool types[EVENT_TYPES], causes[CAUSE_COUNT];
    bool outcomes[OUTCOME_FAILED + 1], results[RESULT_EXPIRED + 1];
    char answers[COVERAGE_ANSWERS_MAX][COVERAGE_WORD_MAX];
    size_t answer_count;
};

void coverage_record(struct coverage *c, struct str value);
void coverage_answer(struct coverage *c, const char *place, const struct redis_value *value);

typedef void coverage_item(void *self, const char *item);
/* All that the build can meet. */
void coverage_wanted(coverage_item *each, void *self);
/* What was met, in the same order. */
void coverage_met(const struct coverage *c, const struct swarm *s, const struct places *p,
                  coverage_item *each, void *self);

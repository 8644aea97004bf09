#pragma once
/*
 * answer - what a script said, typed. Pure: from a Redis value to the structs of view.h, or ERR_INVALID.
 *
 * `a` is an arena for the lists of one answer: zero it, release it when the completion has returned. Texts
 * stay borrowed from the value. `inc` is the run_id that the call was meant for: with an answer of another
 * server, those that grant or deny take the safer word.
 */
#include "view/view.h"

struct answer_arena {
    void **blocks;
    size_t n;
};
void answer_arena_release(struct answer_arena *a);

/* False: no answer, an error of the server, or one of the script, translated (view.h, "Errors"). */
MUST_CHECK bool answer_ok(const struct redis_reply *r, struct err *e);

bool answer_fold(const struct redis_value *v, struct view_folded *out, struct err *e);
bool answer_claim(const struct redis_value *v, bool same_server, struct view_claimed *out, struct err *e);
bool answer_renew(const struct redis_value *v, bool same_server, size_t jobs, struct answer_arena *a,
                  struct view_renewed *out, struct err *e);
bool answer_take(const struct redis_value *v, struct answer_arena *a, struct view_taken *out, struct err *e);
bool answer_owed(const struct redis_value *v, struct answer_arena *a, struct view_owes *out, struct err *e);
bool answer_drained(const struct redis_value *v, bool same_server, struct view_drain_answer *out,
                    struct err *e);
bool answer_beat(const struct redis_value *v, bool same_server, struct view_beaten *out, struct err *e);
bool answer_said(const struct redis_value *v, struct view_said *out,
                 struct err *e); /* integer, [integer, …], or OK | LOST */
bool answer_peek(const struct redis_value *v, struct answer_arena *a, struct view_peeked *out, struct err *e);
bool answer_place(const struct redis_value *v, const char *run_id, struct view_place *out, struct err *e);
bool answer_keys(const struct redis_value *v, struct answer_arena *a, struct view_keys *out, struct err *e);
bool answer_debtors(const struct redis_value *v, struct answer_arena *a, struct view_keys *out,
                    struct err *e);
bool answer_gates(const struct redis_value *v, int partition, struct answer_arena *a, struct view_gates *out,
                  struct err *e);
bool answer_holds(const struct redis_value *v, struct answer_arena *a, struct view_held *out, struct err *e);
bool answer_deliveries(const struct redis_value *v, size_t jobs, struct answer_arena *a,
                       struct view_deliveries *out, struct err *e);
/* HMGET of `wanted` numbers. */
bool answer_ticks(const struct redis_value *v, size_t wanted, struct answer_arena *a, struct view_ticks *out,
                  struct err *e);
/* A flat list of names and values, as HGETALL answers. */
bool answer_pairs(const struct redis_value *v, struct answer_arena *a, struct view_pairs *out);

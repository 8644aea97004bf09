#pragma once
/*
 * call - one call of the view on its way, and how its words begin. Internal to view/.
 *
 * Made by call_new with the function that turns the answer into the typed reply; call_run or call_plain sends
 * it; it ends, and is freed, with its completion. Owner: the view.
 */
#include "view/answer.h"
#include "view/script.h"
#include "view/view.h"
#include "view/words.h"

enum { KEY_MAX = 512 /* the tag of a partition */ };

struct view {
    struct scripts *scripts;
    char *prefix;
    struct call *calls; /* not completed yet */
};

/* What a completion needs to make a typed reply of the answer. */
struct call {
    struct call *prev, *next;
    struct view *view;
    void (*finish)(struct call *c, const struct redis_reply *r, bool same_server);
    union {
        view_fold_done *fold;
        view_claim_done *claim;
        view_renew_done *renew;
        view_said_done *said;
        view_holds_done *holds;
        view_take_done *take;
        view_deliveries_done *deliveries;
        view_owed_done *owed;
        view_drained_done *drained;
        view_beat_done *beat;
        view_where_done *where;
        view_keys_done *keys;
        view_gates_done *gates;
        view_text_done *text;
        view_peek_done *peek;
        view_considered_done *considered;
        view_ticks_done *ticks;
    } done;
    void *self;
    uint64_t id;
    size_t jobs;
    int partition; /* of the question for its gates */
};

struct call *call_new(struct view *v, void (*finish)(struct call *, const struct redis_reply *, bool),
                      void *self);
struct call *call_said(struct view *v, view_said_done *done,
                       void *self); /* one that a plain yes or number answers */
/* Both take the words. */
uint64_t call_run(struct call *c, const char *script, int partition, struct words *w);
uint64_t call_plain(struct call *c, struct words *w);

void call_tag(const struct view *v, int partition, char out[KEY_MAX]); /* {<prefix>:<partition>} */
void call_clock(struct words *w);                                      /* empty: Redis's own */
void call_inc(const struct view *v, struct words *w);
void call_epoch(struct words *w, const struct epoch *ep);
void call_job(struct words *w, const struct view_job *j); /* workload ep step job token */
/* A plain command on a key of the partition: NAME, then {…}:<kind><rest>. */
void call_begin_plain(const struct view *v, struct words *w, const char *name, int partition,
                      const char *kind, struct str rest);

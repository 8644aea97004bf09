#pragma once
/*
 * record - a record of the log as the words that the fold takes. Pure.
 *
 * The words after `clock off ts inc`: type, must, needs, workload, and the type's own (docs/view.md, "fold").
 * A record that the fold may not act on (it does not parse, stands under another key, names an epoch of
 * another partition, or holds a job whose delivery text is out of bounds) becomes "-": the position moves by
 * one and nothing else happens.
 */
#include "view/view.h"
#include "view/words.h"

/* The text of a planned job's message: the same bytes whoever folds the plan. False: out of bounds. */
MUST_CHECK bool record_job(const struct event *ev, const struct event_plan_tier *t,
                           const struct event_plan_job *pj, enum action action, struct buf *out);

/* A record of these rules, of a workload and in its place: the only ones that a view built anew must have
 * read. */
bool record_is_folded(const struct view_position *at, const struct event *ev);

/* False: it became "-", with the reason in e. `ev`: NULL when it did not parse (e is then left alone). */
bool record_words(const struct view_position *at, const struct event *ev, struct str text, struct words *out,
                  struct err *e);

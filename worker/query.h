#pragma once
/*
 * query - a Describe that is out: for which members of which works it was asked, and who has been heard of.
 *
 * A reply comes in pages, each with any of the instances: an id leads to its members by the hash of its text,
 * so that a page costs what it holds, not what was asked. The ids themselves stay the works': a work may be
 * gone when its member is found, and a hash is no proof, so the caller looks the work up and compares.
 *
 * Owner: worker/states. Memory: 24 bytes a member.
 */
#include "worker/work.h"

struct query_entry {
    uint64_t work;
    uint32_t member;
    bool heard; /* some page has told of it */
};

struct query_spot { /* of an entry, in the order of hashes */
    uint32_t hash, entry;
};

struct query {
    uint64_t call;
    struct place *place; /* the caller's */
    struct query_entry *at;
    size_t n, cap;
    struct query_spot *spots; /* n; NULL before query_index */
    int64_t asked_ms;
    struct query *next;
};

struct query *query_new(struct place *p, int64_t now_ms);
void query_free(struct query *q);
void query_add(struct query *q, uint64_t work, size_t member);
/* Once, when all are added and their works are still there. */
void query_index(struct query *q, const struct works *ws);
/* The entries that may be of this id, one after the other: *from begins at 0. NULL: no more. */
struct query_entry *query_match(const struct query *q, const char *id, size_t *from);

#pragma once
/*
 * sim - the parts of one simulated AWS, for the services' own files. Owner: core.c, which makes, joins and
 * frees them.
 */
#include "awssim/auth.h"
#include "awssim/buckets.h"
#include "awssim/chance.h"
#include "awssim/faults.h"
#include "awssim/instances.h"
#include "awssim/ledger.h"

struct commands; /* ssm.h */
struct tables;   /* tables.h */
struct metadata; /* metadata.h */

struct awssim {
    struct chance chance;
    struct ledger *ledger;
    struct auth *auth;
    struct faults *faults;
    struct buckets *buckets;
    struct instances *instances;
    struct commands *commands;
    struct tables *tables;
    struct metadata *metadata;
    int64_t time_scale;
    int64_t latency_low_ms, latency_high_ms; /* of every reply, not scaled */
    int64_t page_max; /* how many entries a page holds at most, whatever was asked for; 0: AWS's own bounds */
    bool empty_pages; /* the first page of a list that has more is empty */
};

extern const struct operation ec2_operations[], ssm_operations[], dynamodb_operations[], sts_operations[],
    sns_operations[];

/* May the same caller see it: its account, and the region of the signature's scope. */
static inline bool sim_sees(const struct call *c, const char *account, const char *region)
{
    return str_is(str_of(c->region), region) && str_is(str_of(call_account(c)), account);
}

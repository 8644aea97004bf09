#pragma once
/*
 * faults - rules that spoil replies: which calls (service, operation, ids, nth, first, probability, time) and
 * how.
 *
 * A rule matches a call, counts it, and fires if its nth/first/times/probability say so. All rules that fire
 * shape one effect: for each kind of harm the first rule that names it decides. "before": nothing has
 * happened at AWS; "after": the change is made and the caller does not learn of it. Probability draws from
 * the simulator's seed.
 */
#include "awssim/call.h"
#include "awssim/chance.h"

enum { FAULTS_MAX = 1000, FAULT_NAME_MAX = 64 };

enum fault_drop { FAULT_DELIVER, FAULT_DROP_BEFORE, FAULT_DROP_AFTER, FAULT_HANG_BEFORE, FAULT_HANG_AFTER };

struct fault_effect {
    char name[FAULT_NAME_MAX]; /* of the first rule that fired; empty: none */
    int status;                /* 0: no error; then with code and message */
    char code[CALL_WORD_MAX], message[512];
    bool after; /* the error is said although the change was made */
    int html;   /* 502, 503, 504: a load balancer's page */
    int drop;   /* enum fault_drop */
    int64_t delay_ms, truncate /* bytes that are sent; < 0: all */, date_skew_s;
    bool wrong_crc; /* DynamoDB's x-amz-crc32 */
};

struct faults; /* opaque */

struct faults *faults_new(const struct json *rules, struct instant now, struct chance *chance, struct err *e);
void faults_free(struct faults *f);
/* all of them or none */
MUST_CHECK bool faults_add(struct faults *f, const struct json *rules, struct err *e);
void faults_clear(struct faults *f, const char *name); /* NULL: all */
struct fault_effect faults_strike(struct faults *f, const struct call *c);

#pragma once
/*
 * identity - one of the names that we call AWS by, and its credentials: fetched when first needed, by a
 * single flight, and again before they end. Home comes from the process's surroundings (aws/credentials), a
 * role is assumed with home's credentials.
 *
 * A fetch tries IDENTITY_TRIES times, backing off; then the identity is FAILED with the reason for a
 * cool-down that doubles up to IDENTITY_COOL_MAX_MS. Credentials that are still good stay in use while newer
 * ones are fetched, and when that fails. Instance credentials that come already (nearly) run out are used for
 * another 15 minutes: the metadata service does that to bridge outages of its own source.
 *
 * Owner: aws/call.
 */
#include "aws/credentials.h"
#include "ports/ports.h"

struct aws;
struct identity;   /* opaque; valid until identities_free, or until it is evicted: never while it is held */
struct identities; /* opaque */

enum {
    IDENTITY_TRIES = 3,
    IDENTITY_BACKOFF_MS = 500,
    IDENTITY_COOL_MS = 1000,
    IDENTITY_COOL_MAX_MS = 30 * 1000,
    IDENTITY_LEAST_LIFE_MS = 10 * 1000, /* credentials that end sooner are not used */
    IDENTITY_FORCED_MIN_MS = 60 * 1000, /* between two refreshes that AWS's "expired" has asked for */
    IDENTITY_KEY_MAX = 4096,
};

struct identities *identities_new(struct aws *a, const struct ports *ports,
                                  struct err *e); /* NULL: ERR_CONFIG */
void identities_free(struct identities *t);

/*
 * Home for an empty role. Held: give it back with identity_drop. NULL: too many in use, or a role that is no
 * ARN.
 */
struct identity *identities_hold(struct identities *t, const char *role_arn, const char *external_id,
                                 struct err *e);
void identity_drop(struct identity *i);

enum identity_state { IDENTITY_READY, IDENTITY_PENDING, IDENTITY_FAILED };
/*
 * What there is now; fetches what is missing. `region`: where a role is assumed if nothing names a region of
 * our own. wall_ms: AWS's time. FAILED: e says why.
 */
enum identity_state identity_need(struct identity *i, const char *region, int64_t now_ms, int64_t wall_ms,
                                  struct err *e);
const struct credentials *
identity_credentials(const struct identity *i);         /* when READY; until the next turn */
const char *identity_account(const struct identity *i); /* twelve digits, or "home" */

/*
 * AWS calls these credentials expired: fetch new ones. False: that was done less than IDENTITY_FORCED_MIN_MS
 * ago, or cannot help.
 */
bool identity_expired(struct identity *i, int64_t now_ms);

/*
 * Goes on with what is under way. *changed: some identity is READY or FAILED now that was PENDING. Returns
 * the next moment.
 */
int64_t identities_turn(struct identities *t, int64_t now_ms, int64_t wall_ms, bool *changed);

#pragma once
/*
 * together - what only shows when the rows of several workloads are looked at beside each other.
 *
 * Two workloads that select the same instances: nothing keeps their runs apart, for the promise of no overlap
 * is per workload (docs/contract.md, "Membership"). Told where the rows alone prove it: the same region,
 * role, membership tag and tier tag key, no VPC_ID that keeps them apart, and a tier of the same tag value in
 * both. An instance may also carry the tags of two workloads that share nothing: that no row tells. Pure.
 */
#include "core/lint.h"

#define TOGETHER_SHARED                                                                                      \
    "its instances belong to workload '" STR_FMT "' as well: nothing keeps the runs of two workloads "       \
    "apart; give one of them another tag"

/* The tiers, by name, of which every instance that both may see belongs to both; empty: none. */
void together_shared(const struct spec *a, const struct spec *b, struct strs *tiers);

/* A warning for each tier of each pair, and an error for tier rows whose workload has no row. `specs`: the
 * valid ones; workloads and tiers: the rows as read. */
void together_lint(const struct spec *const *specs, size_t n, const struct json *workloads,
                   const struct json *tiers, struct findings *f);

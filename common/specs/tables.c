#include "specs/tables.h"

#include "base/mem.h"

static const struct {
    const char *name, *hash, *range;
} known[TABLES] = {
    [TABLE_WORKLOADS] = {"WorkloadSpecification", "SpecName", NULL},
    [TABLE_TIERS] = {"TierSpecification", "SpecName", "TierTagValue"},
    [TABLE_SCHEDULES] = {"ScheduleSpecification", "SpecName", "ScheduleName"},
};

char *tables_name(const char *prefix, enum spec_table t)
{
    BUF_CLEANUP struct buf name = BUF_INIT(1024);

    buf_addf(&name, "%s%s", prefix ? prefix : "", known[t].name);
    return buf_take(&name);
}

const char *tables_hash_key(enum spec_table t)
{
    return known[t].hash;
}

const char *tables_range_key(enum spec_table t)
{
    return known[t].range;
}

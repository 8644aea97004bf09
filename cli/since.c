#include "cli/since.h"

#include "base/mem.h"
#include "model/ids.h"

bool run_name_read(const char *word, struct run_name *out, struct err *e)
{
    struct str workload;
    struct str run;

    *out = (struct run_name){0};
    if (!ids_split_run(str_of(word), &workload, &run))
        return err_set(e, ERR_CONFIG, "%.300s: a run is written WORKLOAD@ID", word);
    out->workload = str_dup(workload);
    out->run = str_dup(run);
    return true;
}

void run_name_release(struct run_name *n)
{
    xfree(n->workload);
    xfree(n->run);
    *n = (struct run_name){0};
}

bool cli_recent(struct cli *c, const char *workload, int64_t ago_ms, struct stretch *out, struct err *e)
{
    int partitions = 0;

    return cli_log_partitions(c, &partitions, e) &&
           cli_since(c, ids_partition(str_of(workload), partitions), cli_wall(c) - ago_ms, out, e);
}

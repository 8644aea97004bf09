#include "support/fake_leader_files.h"

#include "support/fake_leader.h"
#include "support/zone_bytes.h"

#include <string.h>

static const char *env(void *port, const char *name)
{
    (void)port;
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0 || strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
        return "example";
    return strcmp(name, "AWS_REGION") == 0 ? "eu-west-1" : NULL;
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    struct fake_leader *f = port;

    if (strcmp(path, "/zones/UTC") == 0) {
        zone_bytes(0, "UTC0", out);
        return true;
    }
    if (!f->rows || strcmp(path, "/nowhere/rows.json") != 0)
        return err_set(e, ERR_NOT_FOUND, "%s: not there", path);
    f->rows_read++;
    buf_adds(out, f->rows);
    return true;
}

static bool list_folder(void *port, const char *path, struct strs *names, struct err *e)
{
    struct fake_leader *f = port;

    if (!f->rows)
        return err_set(e, ERR_NOT_FOUND, "%s: not there", path);
    strs_add(names, STR("rows.json"));
    return true;
}

const struct process_ops fake_leader_files = {.env = env, .read_file = read_file, .list_folder = list_folder};

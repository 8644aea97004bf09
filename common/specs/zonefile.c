#include "specs/zonefile.h"

enum { PATH_BYTES = 4096 };

bool zonefile_load(void *self, const char *name, struct buf *bytes, struct err *e)
{
    const struct zonefile *z = self;
    BUF_CLEANUP struct buf path = BUF_INIT(PATH_BYTES);

    buf_addf(&path, "%s/%s", z->folder, name);
    return buf_ok(&path, "schedule.zoneinfo", e) &&
           z->process->ops->read_file(z->process->port, buf_cstr(&path), bytes, e);
}

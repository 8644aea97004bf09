#include "core/zones.h"

#include "base/hash.h"
#include "codec/tzif.h"

struct known {
    char *name;
    struct zone *zone; /* NULL: see err */
    struct err err;
    UT_hash_handle hh;
};

struct zones {
    zones_load *load;
    void *self;
    struct known *known;
};

struct zones *zones_new(zones_load *load, void *self)
{
    struct zones *z = xcalloc(1, sizeof *z);

    z->load = load;
    z->self = self;
    return z;
}

void zones_free(struct zones *z)
{
    struct known *k = NULL;
    struct known *next = NULL;

    if (!z)
        return;
    HASH_ITER(hh, z->known, k, next)
    {
        HASH_DEL(z->known, k);
        zone_free(k->zone);
        xfree(k->name);
        xfree(k);
    }
    xfree(z);
}

static struct zone *load(const struct zones *z, const char *name, struct err *e)
{
    BUF_CLEANUP struct buf bytes = BUF_INIT(TZIF_MAX);
    struct err why = {0};

    if (z->load(z->self, name, &bytes, &why)) {
        struct zone *zone = zone_new(buf_view(&bytes), &why);
        if (zone)
            return zone;
    }
    if (why.kind == ERR_NOT_FOUND)
        (void)err_set(e, ERR_INVALID,
                      "'%.64s' is no zone of this machine: a name such as Europe/Berlin; older names are in "
                      "the package tzdata-legacy",
                      name);
    else
        (void)err_set(e, ERR_INVALID, "'%.64s': %.160s", name, why.msg);
    return NULL;
}

const struct zone *zones_get(struct zones *z, const char *name, struct err *e)
{
    struct known *k = NULL;

    if (!zone_name_ok(str_of(name))) {
        (void)err_set(e, ERR_INVALID, "'%.64s' is not the name of a zone: write one such as Europe/Berlin",
                      name);
        return NULL;
    }
    HASH_FIND_STR(z->known, name, k);
    if (!k && HASH_COUNT(z->known) >= ZONES_MAX) {
        (void)err_set(e, ERR_INVALID, "over %d different zones", ZONES_MAX);
        return NULL;
    }
    if (!k) {
        k = xcalloc(1, sizeof *k);
        k->name = xstrdup(name);
        k->zone = load(z, name, &k->err);
        HASH_ADD_KEYPTR(hh, z->known, k->name, str_of(k->name).n, k);
    }
    if (!k->zone)
        *e = k->err;
    return k->zone;
}

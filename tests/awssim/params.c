#include "awssim/params.h"

#include "base/mem.h"
#include "codec/form.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 512, VALUE_MAX_BYTES = 262144 };

bool params_read(struct params *p, struct str body, struct err *e)
{
    BUF_CLEANUP struct buf name = BUF_INIT(NAME_MAX_BYTES);
    BUF_CLEANUP struct buf value = BUF_INIT(VALUE_MAX_BYTES);
    struct form_walk walk = {body};
    struct err broken = {0};

    while (form_next(&walk, &name, &value, &broken)) {
        if (p->n == PARAMS_MAX)
            return err_set(e, ERR_INVALID, "over %d parameters", PARAMS_MAX);
        if (p->n == p->cap) {
            p->cap = p->cap ? 2 * p->cap : 16;
            p->at = xrealloc(p->at, p->cap * sizeof *p->at);
        }
        p->at[p->n++] =
            (struct param){xstrndup(buf_cstr(&name), name.n), xstrndup(buf_cstr(&value), value.n)};
    }
    if (broken.kind != ERR_NONE)
        *e = broken;
    return broken.kind == ERR_NONE && buf_ok(&name, "parameter name", e) && buf_ok(&value, "parameter", e);
}

void params_release(struct params *p)
{
    for (size_t i = 0; i < p->n; i++) {
        xfree(p->at[i].name);
        xfree(p->at[i].value);
    }
    xfree(p->at);
    *p = (struct params){0};
}

const char *params_get(const struct params *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->at[i].name, name) == 0)
            return p->at[i].value;
    return NULL;
}

bool params_flag(const struct params *p, const char *name)
{
    const char *v = params_get(p, name);

    return v && str_is_nocase(str_of(v), "true");
}

struct numbered {
    int64_t number;
    const char *value;
};

static int by_number(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

void params_list(const struct params *p, const char *prefix, struct strs *out)
{
    struct numbered *found = xcalloc(p->n + 1, sizeof *found);
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++) {
        struct str name = str_of(p->at[i].name);
        if (!str_starts(name, str_of(prefix)) || name.n <= strlen(prefix) || name.p[strlen(prefix)] != '.')
            continue;
        if (str_to_i64(str_skip(name, strlen(prefix) + 1), &found[n].number))
            found[n++].value = p->at[i].value;
    }
    qsort(found, n, sizeof *found, by_number);
    for (size_t i = 0; i < n; i++)
        strs_add(out, str_of(found[i].value));
    xfree(found);
}

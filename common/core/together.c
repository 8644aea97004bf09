#include "core/together.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_NAME_MAX = 520, NEAR_ENOUGH = 4 };

static int compare(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* By everything that must be equal, so that those which may share members stand side by side. */
static int by_filter(const struct spec *a, const struct spec *b)
{
    int order = compare(a->region, b->region);

    order = order ? order : compare(a->filter_key, b->filter_key);
    order = order ? order : compare(a->filter_value, b->filter_value);
    order = order ? order : compare(a->tier_key, b->tier_key);
    return order ? order : compare(a->role, b->role);
}

static int by_filter_and_name(const void *x, const void *y)
{
    const struct spec *a = *(const struct spec *const *)x;
    const struct spec *b = *(const struct spec *const *)y;
    int order = by_filter(a, b);

    return order ? order : strcmp(a->workload, b->workload);
}

static bool vpcs_meet(const struct strs *a, const struct strs *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (strs_has(b, str_of(a->at[i])))
            return true;
    return a->n == 0 || b->n == 0;
}

void together_shared(const struct spec *a, const struct spec *b, struct strs *tiers)
{
    if (by_filter(a, b) != 0 || strcmp(a->workload, b->workload) == 0 || !vpcs_meet(&a->vpcs, &b->vpcs))
        return;
    for (size_t i = 0; i < a->tiers.n; i++)
        for (size_t j = 0; j < b->tiers.n; j++)
            if (strcmp(a->tiers.at[i].name, b->tiers.at[j].name) == 0)
                strs_add(tiers, str_of(a->tiers.at[i].name));
}

static void warn_shared(const struct spec *a, const struct spec *b, struct findings *f)
{
    STRS_CLEANUP struct strs tiers = {0};
    char row[ROW_NAME_MAX];

    together_shared(a, b, &tiers);
    for (size_t i = 0; i < tiers.n; i++) {
        (void)snprintf(row, sizeof row, "TierSpecification %.200s/%s", a->workload, tiers.at[i]);
        findings_add(f, SEVERITY_WARNING, CAUSE_NONE, row, "TierTagValue", TOGETHER_SHARED,
                     STR_ARG(str_of(b->workload)));
    }
}

static void lint_shared(const struct spec *const *specs, size_t n, struct findings *f)
{
    const struct spec **sorted = xcalloc(n + 1, sizeof *sorted);

    for (size_t i = 0; i < n; i++)
        sorted[i] = specs[i];
    qsort(sorted, n, sizeof *sorted, by_filter_and_name);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n && by_filter(sorted[i], sorted[j]) == 0 && f->n < FINDINGS_MAX; j++)
            warn_shared(sorted[i], sorted[j], f);
    xfree(sorted);
}

/* ---- tier rows of nobody ---- */

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str *names_of(const struct json *rows, size_t *n)
{
    struct str *names = xcalloc(json_count(rows) + 1, sizeof *names);

    *n = 0;
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        names[(*n)++] = json_str_or_empty(json_get(row, "SpecName"));
    qsort(names, *n, sizeof *names, by_text);
    return names;
}

static struct str nearest(const struct str *names, size_t n, struct str to)
{
    struct str best = {0};
    size_t least = NEAR_ENOUGH + 1;

    for (size_t i = 0; i < n; i++) {
        size_t d = str_distance(names[i], to);
        if (d >= least)
            continue;
        least = d;
        best = names[i];
    }
    return best;
}

static void say_stray(struct str name, size_t rows, struct str near, struct findings *f)
{
    char row[ROW_NAME_MAX];

    (void)snprintf(row, sizeof row, "TierSpecification %.*s", (int)(name.n < 200 ? name.n : 200), name.p);
    findings_add(f, SEVERITY_ERROR, CAUSE_UNKNOWN_WORKLOAD, row, "SpecName",
                 "%zu tier row%s whose workload has no row in WorkloadSpecification%s" STR_FMT "%s", rows,
                 rows == 1 ? "" : "s", near.n ? ": did you mean '" : ": add it, or take them out",
                 STR_ARG(near), near.n ? "'?" : "");
}

static void lint_strays(const struct json *workloads, const struct json *tiers, struct findings *f)
{
    size_t known_count = 0;
    size_t n = 0;
    struct str *known = names_of(workloads, &known_count);
    struct str *names = names_of(tiers, &n);
    size_t rows = 0;

    for (size_t i = 0; i < n; i += rows) {
        for (rows = 1; i + rows < n && str_eq(names[i], names[i + rows]);)
            rows++;
        if (!bsearch(&names[i], known, known_count, sizeof *known, by_text))
            say_stray(names[i], rows, nearest(known, known_count, names[i]), f);
    }
    xfree(known);
    xfree(names);
}

void together_lint(const struct spec *const *specs, size_t n, const struct json *workloads,
                   const struct json *tiers, struct findings *f)
{
    lint_strays(workloads, tiers, f);
    lint_shared(specs, n, f);
}

#pragma once
/*
 * print - what people and programs read on stdout: tables, JSON documents, progress bars.
 *
 * A table is collected whole and printed once, each column as wide as its widest cell, the last one unpadded.
 * Control characters in cells (tag values are anybody's) are shown as '?', so that no row can write to the
 * terminal.
 */
#include "cli/cli.h"

struct table; /* opaque */
#define TABLE_CLEANUP CLEANUP(table_freep)

/* `columns` is ended by NULL. */
struct table *table_new(const char *const *columns);
void table_freep(struct table **t);
void table_cell(struct table *t, const char *text); /* next cell, row by row */
void table_cellf(struct table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void table_print(const struct table *t);

/* Adds "v": 1 at the beginning is the caller's; prints one document and a newline. */
void print_json(const struct json *document);
void print_line(const char *fmt, ...) PRINTF_LIKE(1, 2);
void print_error_line(const char *fmt, ...) PRINTF_LIKE(1, 2); /* on stderr */
/* `text` as a terminal may see it: control characters (C0, DEL, C1) and what is not UTF-8 become '?'. */
void print_clean(struct str text, struct buf *out);
size_t print_width(struct str text); /* characters, not bytes */
void print_text(struct str text);    /* as it is */
/* What was written to stdout has nowhere to go (a full disk, a closed pipe): nothing more need be told. */
bool print_lost(void);

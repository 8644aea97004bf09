#pragma once
/*
 * mem - allocation that cannot fail, and an account of what is alive.
 *
 * Running out of memory aborts: delivery is at-least-once and jobs are idempotent, so a crash is a tested
 * path and a half-handled allocation failure is not. What the network can inflate is bounded where it enters
 * (struct buf, codec). Every block is counted in the account that is set when it is made, and leaves that
 * same account when it is freed, so a simulated process is weighed apart from its neighbours. One thread:
 * ours (library threads use their own allocator).
 */
#include <stddef.h>
#include <stdint.h>

struct mem_account {
    int64_t bytes; /* asked for and not yet freed */
    int64_t blocks;
};

/*
 * The account that new blocks go to, until the next call; NULL: none. Returns the one before. The account
 * must outlive its blocks.
 */
struct mem_account *mem_account_set(struct mem_account *account);

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size); /* aborts when n * size overflows */
void *xrealloc(void *p, size_t n);    /* p: NULL or a block of this module */
void xfree(void *p);                  /* NULL is fine */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n); /* exactly n bytes and a NUL after them */
void xfreep(char **p);                   /* for CLEANUP */

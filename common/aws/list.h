#pragma once
/*
 * list - the typed lists of replies: {struct x *at; size_t n;}, grown one by one.
 *
 * What bounds them is where their elements come from: bytes and elements of a page, pages of a call.
 */
#include "base/str.h"

/* A new last element, zeroed. `at` is the address of the list's pointer. */
void *list_add(void *at, size_t *n, size_t size);
/* Appends all of `from` (n elements) as they are; `from` itself is freed. */
void list_append(void *at, size_t *n, void *from, size_t from_n, size_t size);

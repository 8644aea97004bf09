#pragma once
/*
 * cmocka_first - cmocka.h with the headers that it needs before it, in their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#pragma once
/*
 * weigh - a test that leaves memory behind is red.
 *
 * WEIGHED(test) is a row of cmocka's table: the test runs on an account of its own (base/mem.h), which must
 * be empty at its end. The test's own state pointer is that account.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WEIGHED(test) cmocka_unit_test_setup_teardown(test, weigh_begin, weigh_end)

int weigh_begin(void **state);
int weigh_end(void **state);

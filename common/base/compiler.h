#pragma once
/*
 * compiler - the three attributes we use, named once.
 *
 * MUST_CHECK   the result decides; a caller that drops it does not compile. A deliberate discard is
 *              `(void)!f()`.
 * PRINTF_LIKE  format string at argument `f`, its first value at argument `a`.
 * CLEANUP      calls `fn(&variable)` when the variable leaves its scope.
 */
#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))

#pragma once
/*
 * err - what failed, in a form that a caller can act on and a person can read.
 *
 * Fallible functions return bool (or a pointer) and take `struct err *e` last, never NULL. On success they
 * leave it untouched; on failure they set it once, and each caller on the way up may wrap it with where it
 * was. Kinds are decisions: add one only when some caller has to act differently. Values only: no heap, no
 * thread-local state.
 */
#include "base/compiler.h"

#include <stdbool.h>

enum err_kind {
    ERR_NONE,
    ERR_CONFIG,      /* our own configuration or command line is wrong: a person must change it  */
    ERR_INVALID,     /* what we were given (a record, a row, a reply) is not valid               */
    ERR_THROTTLED,   /* the other side asks us to slow down: retriable, later                    */
    ERR_UNAVAILABLE, /* unreachable, timed out, 5xx: retriable; a changing call may have happened */
    ERR_DENIED,      /* credentials or permissions                                               */
    ERR_NOT_FOUND,   /* the named thing does not exist                                           */
    ERR_CONFLICT,    /* the thing is not in a state that allows this                             */
};

enum { ERR_CODE_MAX = 64, ERR_MSG_MAX = 512 };

struct err {
    enum err_kind kind;
    char code[ERR_CODE_MAX]; /* the remote system's own word: "RequestLimitExceeded"; may be empty */
    char msg[ERR_MSG_MAX];   /* "stop batch 7: ec2 StopInstances: HTTP 503"                       */
};

/*
 * Sets kind and message, empties the code. Always false, so that `return err_set(…)` reads well. Cuts what is
 * too long.
 */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "fmt: " before the message; kind and code stay. Always false. */
bool err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Keeps the remote system's word for what happened. Always false. */
bool err_code(struct err *e, const char *code);

/* Waiting and asking again may help. From the kind alone. */
bool err_is_retriable(const struct err *e);

/* The kind as the word that JSON output uses: "unavailable". */
const char *err_kind_name(enum err_kind kind);

/* Our own mistake, not a failure: says where, and aborts, in release builds too. */
#define BUG_IF(cond)                                                                                         \
    do {                                                                                                     \
        if (cond)                                                                                            \
            err_bug(__FILE__, __LINE__, #cond);                                                              \
    } while (0)
_Noreturn void err_bug(const char *file, int line, const char *what);

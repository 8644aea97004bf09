#pragma once
/*
 * signals - SIGTERM, SIGINT, SIGHUP and SIGCHLD as a descriptor of the loop: no handlers, no flags.
 *
 * signals_block() comes first in main(), before any library starts a thread: threads inherit the mask, and a
 * signal that some thread does not block would be delivered there and kill the process. SIGPIPE and SIGXFSZ
 * are ignored: what could not be written is told by whoever wrote it.
 * The same as PID 1, where a signal without a handler would be dropped.
 */
#include "base/err.h"

enum signals_kind { SIGNALS_NONE, SIGNALS_END /* TERM, INT or HUP */, SIGNALS_CHILD };

MUST_CHECK bool signals_block(struct err *e);
int signals_open(struct err *e);        /* a non-blocking signalfd, owned by the caller; -1: e is set */
enum signals_kind signals_next(int fd); /* SIGNALS_NONE: nothing is waiting */

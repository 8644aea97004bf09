#pragma once
/*
 * ports - the world, for a main.c: opens every port, runs a program over them, closes them. Daemons leave it
 * to real/daemon.
 *
 * 1. real_new: first of all; signals and loop, and the process port is there from now on (options_load).
 * 2. real_open: all ports; nothing connects before something is asked of it.
 * 3. the program is made over them; real_warm and real_serve for daemons; real_run until it has ended.
 * 4. the program is freed, then real_close.
 *
 * Everything runs on the calling thread. The options must outlive it. After a real_run that gave up,
 * real_close returns at once and leaves what could wait to the end of the process, which must follow.
 */
#include "conf/options.h"
#include "ports/ports.h"
#include "real/loop.h"

enum { REAL_CLOSE_MS = 1500 /* after a drain: leaving groups that were not left, ending clients */ };

struct real; /* opaque */

struct real *real_new(
    struct err *e); /* NULL: e is set. TLS bundle: AWS_CA_BUNDLE, else SSL_CERT_FILE, else the system's */
const struct process *real_process(const struct real *r);
MUST_CHECK bool real_open(struct real *r, const struct options *o, struct ports *out, struct err *e);
void real_warm(struct real *r); /* connects the producers, so that the first append is fast */
/* Serves the admin address, and logs where ("admin.listen"): for port 0 nobody else knows. */
MUST_CHECK bool real_serve(struct real *r, const char *listen, http_handler *handler, void *self,
                           struct err *e);
/* No request is handled any more, and every stream is closed: before a program with streams is freed. The
 * loop must have ended. */
void real_unserve(struct real *r);
int real_serve_port(const struct real *r);
MUST_CHECK bool real_run(struct real *r, const struct loop_program *p, struct err *e);
void real_close(struct real *r); /* NULL is fine */

#pragma once
/*
 * ports - the world, for a main.c: opens every port, runs a program over them, closes them.
 *
 *   struct real *r = real_new(&e);                     first of all: signals, loop; the process port is there
 *   from now on options_load(…, real_process(r), …); real_open(r, &options, &ports, &e);                all
 *   ports; nothing connects before something is asked of it w = worker_new(&options, &ports, &e);
 *   real_warm(r); real_serve(r, options.admin.listen, worker_admin, w, &e);      daemons ok = real_run(r,
 *   &(struct loop_program){worker_turn, worker_drain, w, options.drain.timeout_ms}, &e); worker_free(w);
 *   real_close(r);
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

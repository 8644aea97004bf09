#pragma once
/*
 * api - what the monitor answers programs with: runs as JSON, and why it does not.
 *
 *   GET /v1/runs[?workload=NAME][&limit=N]   the latest, the latest first: the document of `ec2sched runs`
 *   GET /v1/runs/WORKLOAD@ID                 one run: the document of `ec2sched show`
 *   GET /v1/workloads                        of each known workload: what goes on, what was last
 *   GET /v1/events[?workload=NAME]           monitor/streams
 *
 * Each document also says `as_of`: all that was in the log at that moment is in the answer. Errors are
 * {"v":1,"error":{"kind","message","remedy"}} with a status of their own; an argument that is not known is
 * one. Before the log was read to its end there is no answer: half a history would be told as if it were
 * whole. Reading only; no CORS header. Pure: it looks at what it is handed.
 */
#include "core/history.h"
#include "ports/http.h"

enum { API_LIMIT_DEFAULT = 20 };

struct api {
    const struct history *history;
    int64_t as_of_ms;
    size_t runs_max;     /* of limit= */
    const char *reading; /* why the log has not been read to its end yet; NULL: it has */
};

/* True: the path is the API's. One of events only if it cannot be followed: answer->status is 0 if it can. */
bool api_answer(const struct api *api, const struct http_asked *asked, struct http_answer *answer);
void api_error(struct http_answer *answer, int status, const char *kind, const char *message,
               const char *remedy);
/* The argument's value; NULL: it is not there. Borrowed. */
const struct str *api_argument(const struct http_asked *asked, const char *name);

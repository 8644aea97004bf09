#pragma once
/*
 * streams - the clients of GET /v1/events: text/event-stream, each record of the log as one event.
 *
 *   retry: 2000            how long a client waits before it connects anew
 *   event: gap             what follows is not just what came behind the last id: some missing, some twice
 *   data: {"v":1,"why":…}
 *
 *   id: PARTITION:OFFSET:MONITOR     a record of the log; the last part names this very process
 *   data: {…}                        the record
 *
 *   event: progress        a record of the progress topic: without an id, never told again
 *   data: {…}
 *
 * A client that comes with the id of its last event (Last-Event-ID) goes on behind it: exactly, if this
 * process told it that and still has it in its window, or if the client asked for one workload (whose records
 * have one order everywhere); else it is told `gap` and all that the window has. Without an id it hears what
 * comes from now on.
 *
 * Bounds: STREAMS_MAX clients; a client has a place in the feed's window and no queue of its own, and is cut
 * when the window has left it behind; bytes that one read hands on. A line of comment each STREAMS_PING_MS
 * shows both sides that the other is there. Owner: the monitor; the feed must outlive it.
 */
#include "monitor/feed.h"
#include "ports/http.h"

enum {
    STREAMS_MAX = 32,
    STREAMS_PING_MS = 10 * 1000, /* below the server's bound on silence */
    STREAMS_READ_MAX = 64 * 1024 /* bytes of a read, but one record at least */,
    STREAMS_NAME_MAX = 17,
};

struct streams_wish {     /* borrowed for the call */
    const char *workload; /* NULL: all */
    int partition;        /* of that workload in the log */
    struct str last_id;   /* as the client sent it; empty: none */
};

struct streams_counts {
    size_t open;
    int64_t opened, refused, cut;
};

struct streams; /* opaque */

/* name: of this process in ids; letters and digits. */
struct streams *streams_new(const struct feed *feed, const char *name);
void streams_free(struct streams *s); /* every stream must have been closed */

/* False: ERR_INVALID (the id cannot be one), or ERR_UNAVAILABLE (STREAMS_MAX are there, or it ends). */
MUST_CHECK bool streams_open(struct streams *s, const struct streams_wish *wish, struct http_stream *out,
                             struct err *e);
int64_t streams_turn(struct streams *s, int64_t now_ms); /* when to call again */
void streams_end(struct streams *s);                     /* each ends with its next read; none is opened */
struct streams_counts streams_count(const struct streams *s);

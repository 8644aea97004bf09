#pragma once
/*
 * note - the in-hand note: one locked file of a folder that processes may share. Internal to real/.
 *
 * Notes are named in-hand.0, in-hand.1, … The first that nobody has locked is ours (flock: held by the
 * process, not by a pid, so it ends with the process however that ends). The text is written with its length
 * in front, in one pwrite within one page: a process killed in the middle leaves the old text or the new one.
 * No fsync: it must survive the process, not the machine. The room for the longest text is reserved when the
 * note is opened: a full disk is said then, and one that fills up later leaves the note writable (but on a
 * file system that copies on every write).
 */
#include "base/err.h"
#include "base/str.h"
#include "ports/process.h"

enum { NOTE_TEXT_MAX = PROCESS_NOTE_MAX, NOTE_FILES_MAX = 1024 /* processes that share a folder */ };

struct note { /* zeroed it is valid; not open */
    int fd;   /* 0: not open */
};

/* Makes the folder (one level) if it is not there; ERR_CONFIG names it, and what to do about a full disk.
 * *old gets what the note's last holder wrote; empty for a new one. */
MUST_CHECK bool note_open(struct note *n, const char *folder, struct buf *old, struct err *e);
MUST_CHECK bool note_write(const struct note *n, struct str text, struct err *e);
void note_close(struct note *n); /* gives the lock back; the text stays */

#pragma once
/*
 * override - the question "is there an override file in this guest?", and what counts as an answer.
 *
 * An instance is stopped only after ABSENT: everything that is not exactly one well-formed marker line with
 * this command's own nonce is UNKNOWN, which bypasses the instance. "Success" of a command is no answer.
 *
 * The text is one element of SendCommand's Parameters.commands (lines joined by '\n'). What it does, on
 * either system: print one line OVERRIDE_MARK, a space, the nonce, a space, and a word, and exit 0. Words:
 *   PRESENT   something is at the path: a file, a folder, a symbolic link even if it leads nowhere
 *   ABSENT    nothing is, and its folder is there and may be searched
 *   NOPARENT  its folder is not there (a mount is missing?), or may not be searched: nothing is proven
 *   ERROR     Windows alone: the question could not be asked
 * Linux (sh): the path stands in single quotes, each ' as '\'', and is only ever expanded inside double
 * quotes. Windows (PowerShell): the path is base64 of its UTF-8, tested with -LiteralPath, so that neither
 * quotes nor wildcards mean anything.
 *
 * Pure. Source of the rules: docs/contract.md, "The override check"; AWS Systems Manager user guide.
 */
#include "model/spec.h"

#define OVERRIDE_MARK "EC2SCHED-OVERRIDE"

enum {
    OVERRIDE_PATH_MAX = 1024, /* bytes */
    OVERRIDE_NONCE_BYTES = 16,
    OVERRIDE_NONCE_MAX = 2 * OVERRIDE_NONCE_BYTES + 1, /* lower-case hex and a NUL */
    OVERRIDE_TEXT_MAX = 8 * 1024,
    OVERRIDE_START_S = 60,            /* SendCommand's TimeoutSeconds: to begin */
    OVERRIDE_RUN_S = 30,              /* the document's executionTimeout */
    OVERRIDE_WAIT_MS = 3 * 60 * 1000, /* from the accepted command: then what is not answered is UNKNOWN */
    OVERRIDE_ABSENT_MS =
        2 * 60 * 1000, /* how long an ABSENT counts, from the moment it was read, in one attempt */
    OVERRIDE_YOUNG_MS =
        5 * 60 * 1000, /* after its launch: an agent that is not online yet is asked again until then */
    OVERRIDE_OUTPUT_MAX = 2500, /* output as long as AWS's own bound may have been cut */
};

enum override_answer { OVERRIDE_UNKNOWN, OVERRIDE_ABSENT, OVERRIDE_PRESENT };
extern const char *const override_answer_names[]; /* "unknown", "absent", "present", NULL */

/*
 * An absolute path that names something: 1..OVERRIDE_PATH_MAX bytes, no control character, no "{{" (SSM would
 * fill it in), no '/' at its end. Windows: a drive ("C:\x" or "C:/x") or \\server\share\x, without < > " | ?
 * * and, behind the drive, ':'. ERR_INVALID says what is wrong.
 */
MUST_CHECK bool override_path_ok(struct str path, enum guest_os os, struct err *e);

/* The document that runs the text: AWS-RunShellScript, AWS-RunPowerShellScript. */
const char *override_document(enum guest_os os);

/* Appends the text. The path must be valid (override_path_ok) and the nonce 32 lower-case hex digits: else it
 * is our own bug. */
void override_question(struct str path, enum guest_os os, const char *nonce, struct buf *text);

/*
 * Reads the output of a command whose status is Success. *why: a constant that says why it is UNKNOWN (""
 * otherwise). Lines without the mark are ignored (agents and profiles talk); the mark anywhere but in one
 * well-formed line makes it UNKNOWN.
 */
enum override_answer override_read(struct str output, const char *nonce, const char **why);

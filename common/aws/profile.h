#pragma once
/*
 * profile - AWS's two shared files as one list of (section, key, value).
 *
 * AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) goes before AWS_CONFIG_FILE (~/.aws/config), as in the
 * SDKs. A section is named as in the config file: "default", "profile NAME", "services NAME", "sso-session
 * NAME"; the credentials file's [NAME] is "profile NAME". Nested keys are "parent.child". Comments begin with
 * # or ; at the line's beginning, or after a blank. A default file that does not exist is nothing; a file
 * that a variable names must be there. Values may be secrets: wiped when released, never in an error's text.
 */
#include "base/str.h"
#include "ports/process.h"

enum { PROFILE_FILE_MAX = 1024 * 1024, PROFILE_ENTRIES_MAX = 20000 };

struct profiles {
    struct profile_entry {
        char *section, *key, *value; /* key NULL: the section's own header */
    } * at;
    size_t n;
};

/*
 * ERR_CONFIG: a named file is missing, or a line is none of comment, section and key = value: "FILE line N:
 * …".
 */
MUST_CHECK bool profiles_load(const struct process *process, struct profiles *out, struct err *e);
void profiles_release(struct profiles *p);

/* NULL: not there. The first one counts. */
const char *profiles_get(const struct profiles *p, const char *section, const char *key);
bool profiles_has(const struct profiles *p, const char *section);

/*
 * The section that AWS_PROFILE (or AWS_DEFAULT_PROFILE, or nothing: "default") chooses: "profile NAME" or
 * "default".
 */
void profile_section(const struct process *process, struct buf *out);

#include "awssim/guest.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define MARK "EC2SCHED-OVERRIDE "
enum { NONCE_DIGITS = 32, PATH_BYTES_MAX = 4096, PLAIN_MAX = 2 * PATH_BYTES_MAX };

static bool has(struct str s, const char *what)
{
    size_t at;

    return str_find(s, str_of(what), &at);
}

/* A word of sh that begins with a single quote: 'a'\''b' is a'b. Ends at the first byte that is neither. */
static bool sh_word(struct str s, struct buf *out)
{
    bool any = false;

    while (s.n) {
        struct str inside;
        if (str_starts(s, STR("\\'"))) {
            buf_addc(out, '\'');
            s = str_skip(s, 2);
        } else if (s.p[0] == '\'') {
            if (!str_cut(str_skip(s, 1), '\'', &inside, &s))
                return false; /* the quote never ends */
            buf_add(out, inside);
        } else {
            return any && (s.p[0] == '\n' || s.p[0] == ';');
        }
        any = true;
    }
    return any;
}

static bool linux_path(struct str script, struct buf *path)
{
    return str_starts(script, STR("p='")) && has(script, "[ -e \"$p\" ]") && has(script, "[ -L \"$p\" ]") &&
           sh_word(str_skip(script, 2), path);
}

static bool windows_path(struct str script, struct buf *path)
{
    struct str text, rest;
    size_t at;
    const struct str begin = STR("FromBase64String('");

    if (!str_starts(script, STR("$p=")) || !has(script, "Test-Path -LiteralPath $p") ||
        !str_find(script, begin, &at))
        return false;
    rest = str_skip(script, at + begin.n);
    return str_cut(rest, '\'', &text, &rest) && crypto_base64_decode(text, path);
}

bool guest_path(enum agent_os os, struct str script, struct buf *path)
{
    return os == AGENT_LINUX ? linux_path(script, path) : windows_path(script, path);
}

/* The nonce behind the mark, if the answer's variable follows it. */
static bool find_nonce(enum agent_os os, struct str script, struct str *nonce)
{
    size_t at;

    if (!str_find(script, STR(MARK), &at))
        return false;
    struct str rest = str_skip(script, at + sizeof MARK - 1);
    if (rest.n < NONCE_DIGITS)
        return false;
    *nonce = str_n(rest.p, NONCE_DIGITS);
    for (size_t i = 0; i < nonce->n; i++)
        if (!strchr("0123456789abcdef", nonce->p[i]))
            return false;
    rest = str_skip(rest, NONCE_DIGITS);
    return str_starts(rest, os == AGENT_LINUX ? STR(" $a\"") : STR(" '+$a"));
}

/* Windows: without case, and with one kind of separator. */
static void fold_windows(char *p)
{
    for (; *p; p++) {
        *p = *p == '/' ? '\\' : *p;
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    }
}

static void keep_part(struct strs *kept, struct str part)
{
    if (str_is(part, "..")) {
        if (kept->n)
            xfree(kept->at[--kept->n]);
    } else if (part.n && !str_is(part, ".")) {
        strs_add(kept, part);
    }
}

/* One form for each name of a file: single separators '/', no "." and "..". */
static char *plain_path(enum agent_os os, struct str path)
{
    STRS_CLEANUP struct strs kept = {0};
    struct buf out = BUF_INIT(PLAIN_MAX);
    char *copy = str_dup(path);
    struct str part, rest;

    if (os == AGENT_WINDOWS)
        fold_windows(copy);
    rest = str_of(copy);
    while (rest.n) {
        (void)str_cut(rest, os == AGENT_WINDOWS ? '\\' : '/', &part, &rest);
        keep_part(&kept, part);
    }
    for (size_t i = 0; i < kept.n; i++) {
        buf_addc(&out, '/');
        buf_adds(&out, kept.at[i]);
    }
    xfree(copy);
    return buf_take(&out);
}

/* `name` is there, or something below it is, so it is a folder. */
static bool is_in(enum agent_os os, const struct strs *list, struct str name, bool as_folder)
{
    bool found = false;

    for (size_t i = 0; !found && i < list->n; i++) {
        char *one = plain_path(os, str_of(list->at[i]));
        found = str_is(name, one) || (as_folder && str_starts(str_of(one), name) && one[name.n] == '/');
        xfree(one);
    }
    return found;
}

static const char *look(const struct agent *a, struct str path)
{
    char *plain = plain_path((enum agent_os)a->os, path);
    const char *slash = strrchr(plain, '/');
    struct str name = str_of(plain);
    struct str folder = str_n(plain, slash ? (size_t)(slash - plain) : 0);
    const char *answer = "NOPARENT";

    if (is_in((enum agent_os)a->os, &a->files, name, true) ||
        is_in((enum agent_os)a->os, &a->folders, name, true))
        answer = "PRESENT";
    else if (!a->folders.n || !folder.n || is_in((enum agent_os)a->os, &a->folders, folder, true) ||
             is_in((enum agent_os)a->os, &a->files, folder, true))
        answer = "ABSENT";
    xfree(plain);
    return answer;
}

void guest_run(const struct agent *a, struct str script, struct guest_result *r)
{
    BUF_CLEANUP struct buf path = BUF_INIT(PATH_BYTES_MAX);
    struct str nonce;

    r->out = (struct buf)BUF_INIT(GUEST_OUT_MAX);
    r->err = (struct buf)BUF_INIT(GUEST_OUT_MAX);
    if (!guest_path((enum agent_os)a->os, script, &path) || path.over ||
        !find_nonce((enum agent_os)a->os, script, &nonce)) {
        r->exit_code = 127;
        buf_adds(&r->err, "not understood by the simulated guest\n");
        return;
    }
    (void)snprintf(r->found, sizeof r->found, "%s", look(a, buf_view(&path)));
    buf_addf(&r->out, MARK STR_FMT " %s%s\n", STR_ARG(nonce), r->found, a->os == AGENT_WINDOWS ? "\r" : "");
}

void guest_result_release(struct guest_result *r)
{
    buf_release(&r->out);
    buf_release(&r->err);
}

#include "core/override.h"

#include "base/crypto.h"

#include <string.h>

const char *const override_answer_names[] = {"unknown", "absent", "present", NULL};

static bool has_any(struct str s, const char *bytes)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] && strchr(bytes, s.p[i]))
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_slash(char c)
{
    return c == '\\' || c == '/';
}

static bool windows_ok(struct str path, struct err *e)
{
    bool drive = path.n > 3 && is_letter(path.p[0]) && path.p[1] == ':' && is_slash(path.p[2]);
    bool share =
        path.n > 2 && path.p[0] == '\\' && path.p[1] == '\\' && path.p[2] != '.' && !is_slash(path.p[2]);

    if (!drive && !share)
        return err_set(e, ERR_INVALID, "not an absolute Windows path (C:\\folder\\file)");
    if (has_any(path, "<>\"|?*") || has_any(str_skip(path, 2), ":"))
        return err_set(e, ERR_INVALID,
                       "holds one of < > \" | ? * or a second ':', which no Windows path can");
    if (is_slash(path.p[path.n - 1]))
        return err_set(e, ERR_INVALID, "ends in a separator: name the file");
    return true;
}

static bool linux_ok(struct str path, struct err *e)
{
    if (path.p[0] != '/')
        return err_set(e, ERR_INVALID, "not an absolute path (/folder/file)");
    if (path.p[path.n - 1] == '/')
        return err_set(e, ERR_INVALID, "ends in '/': name the file");
    return true;
}

bool override_path_ok(struct str path, enum guest_os os, struct err *e)
{
    size_t at;

    if (path.n == 0 || path.n > OVERRIDE_PATH_MAX)
        return err_set(e, ERR_INVALID, "%zu bytes, allowed are 1 to %d", path.n, OVERRIDE_PATH_MAX);
    if (str_has_control(path))
        return err_set(e, ERR_INVALID, "holds a control character");
    if (str_find(path, STR("{{"), &at))
        return err_set(e, ERR_INVALID, "holds \"{{\", which Systems Manager would fill in");
    if (os == GUEST_LINUX)
        return linux_ok(path, e);
    if (os == GUEST_WINDOWS)
        return windows_ok(path, e);
    return err_set(e, ERR_INVALID, "needs an operating system beside it: Linux or Windows");
}

const char *override_document(enum guest_os os)
{
    return os == GUEST_WINDOWS ? "AWS-RunPowerShellScript" : "AWS-RunShellScript";
}

static bool nonce_ok(const char *nonce)
{
    return nonce && strlen(nonce) == OVERRIDE_NONCE_MAX - 1 &&
           strspn(nonce, "0123456789abcdef") == OVERRIDE_NONCE_MAX - 1;
}

static void sh_quote(struct str s, struct buf *out)
{
    buf_addc(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, s.p[i]);
    }
    buf_addc(out, '\'');
}

/* -x: a folder that may not be searched (root squashed by NFS) makes everything in it look absent. */
static void linux_question(struct str path, const char *nonce, struct buf *text)
{
    buf_adds(text, "p=");
    sh_quote(path, text);
    buf_adds(text, "\nd=\"${p%/*}\"\n"
                   "if [ -e \"$p\" ] || [ -L \"$p\" ]; then a=PRESENT\n"
                   "elif [ -d \"${d:-/}\" ] && [ -x \"${d:-/}\" ]; then a=ABSENT\n"
                   "else a=NOPARENT; fi\n");
    buf_addf(text, "printf '%%s\\n' \"" OVERRIDE_MARK " %s $a\"\nexit 0\n", nonce);
}

/* ErrorAction Stop: "access denied" is an error to be caught there, not a False that would read as absent. */
static void windows_question(struct str path, const char *nonce, struct buf *text)
{
    buf_adds(text, "$p=[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('");
    crypto_base64(path, text);
    buf_adds(text,
             "'))\n$a='ERROR'\ntry {\n"
             "  $d=[IO.Path]::GetDirectoryName($p)\n"
             "  if (Test-Path -LiteralPath $p -ErrorAction Stop) { $a='PRESENT' }\n"
             "  elseif (Test-Path -LiteralPath $d -PathType Container -ErrorAction Stop) { $a='ABSENT' }\n"
             "  else { $a='NOPARENT' }\n"
             "} catch { $a='ERROR' }\n");
    buf_addf(text, "[Console]::Out.WriteLine('" OVERRIDE_MARK " %s '+$a)\nexit 0\n", nonce);
}

void override_question(struct str path, enum guest_os os, const char *nonce, struct buf *text)
{
    struct err e = {0};
    bool ok = override_path_ok(path, os, &e) && nonce_ok(nonce);

    BUG_IF(!ok);
    if (os == GUEST_WINDOWS)
        windows_question(path, nonce, text);
    else
        linux_question(path, nonce, text);
}

static enum override_answer unknown(const char **why, const char *what)
{
    *why = what;
    return OVERRIDE_UNKNOWN;
}

/* The words of one line that holds the mark. */
static enum override_answer read_line(struct str line, const char *nonce, const char **why)
{
    struct str mark, given, word, rest;

    if (!str_cut(line, ' ', &mark, &rest) || !str_is(mark, OVERRIDE_MARK) ||
        !str_cut(rest, ' ', &given, &word))
        return unknown(why, "the marker line is malformed");
    if (!str_is(given, nonce))
        return unknown(why, "the marker line is another command's");
    if (str_is(word, "ABSENT") || str_is(word, "PRESENT")) {
        *why = "";
        return word.p[0] == 'A' ? OVERRIDE_ABSENT : OVERRIDE_PRESENT;
    }
    if (str_is(word, "NOPARENT"))
        return unknown(why, "its folder is not there, or may not be searched");
    if (str_is(word, "ERROR"))
        return unknown(why, "the guest could not look at the path");
    return unknown(why, "the marker line is malformed");
}

/* The agent's two ways of saying so, and text that is as long as what AWS keeps. */
static bool may_be_cut(struct str output)
{
    static const char *const signs[] = {"--output truncated--", "---Output truncated---",
                                        "---Error truncated---"};
    size_t at;

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (str_find(output, str_of(signs[i]), &at))
            return true;
    return output.n >= OVERRIDE_OUTPUT_MAX;
}

enum override_answer override_read(struct str output, const char *nonce, const char **why)
{
    enum override_answer answer = unknown(why, "the output holds no marker line");
    struct str line, rest = output;
    size_t marks = 0, at;

    if (!nonce_ok(nonce))
        return unknown(why, "the marker line is another command's");
    if (may_be_cut(output))
        return unknown(why, "the output was cut");
    while (rest.n) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (!str_find(line, STR(OVERRIDE_MARK), &at))
            continue;
        if (str_ends(line, STR("\r")))
            line.n--;
        answer = read_line(line, nonce, why);
        if (++marks > 1)
            return unknown(why, "the output holds more than one marker");
    }
    return answer;
}

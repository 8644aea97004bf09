#include "real/note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LENGTH_DIGITS = 4,
    HEAD_BYTES = LENGTH_DIGITS + 1 /* "0123\n" */,
    FILE_BYTES_MAX = HEAD_BYTES + NOTE_TEXT_MAX
};

static bool failed(struct err *e, const char *folder)
{
    bool full = errno == ENOSPC || errno == EDQUOT;

    return err_set(e, ERR_CONFIG, "worker.state: %s: %s: %s", folder, strerror(errno),
                   full             ? "free space there, or name another folder"
                   : errno == EFBIG ? "raise the process's limit of a file's size (ulimit -f)"
                                    : "name a folder that can be made and written there");
}

/* The room of the longest note, so that a disk that fills up later does not take it away. */
static bool reserve(int fd)
{
    errno = posix_fallocate(fd, 0, FILE_BYTES_MAX);
    return errno == 0;
}

/* A note without a whole head holds nothing: it is new, or not ours. */
static bool read_old(int fd, const char *folder, struct buf *old, struct err *e)
{
    char bytes[FILE_BYTES_MAX];
    int64_t length = 0;
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);

    if (n < 0)
        return failed(e, folder);
    if (n < HEAD_BYTES || bytes[LENGTH_DIGITS] != '\n' || !str_to_i64(str_n(bytes, LENGTH_DIGITS), &length) ||
        length < 0 || length > n - HEAD_BYTES)
        return true;
    buf_add(old, str_n(bytes + HEAD_BYTES, (size_t)length));
    return buf_ok(old, "in-hand note", e);
}

/* The lock of `path`; -1: somebody has it; -2: failed, errno is set. */
static int try_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -2;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int number = errno;
    (void)close(fd);
    errno = number;
    return number == EWOULDBLOCK ? -1 : -2;
}

bool note_open(struct note *n, const char *folder, struct buf *old, struct err *e)
{
    BUF_CLEANUP struct buf path = BUF_INIT(4096);

    BUG_IF(n->fd > 0);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return failed(e, folder);
    for (int i = 0; i < NOTE_FILES_MAX; i++) {
        buf_clear(&path);
        buf_addf(&path, "%s/in-hand.%d", folder, i);
        if (!buf_ok(&path, "worker.state", e))
            return false;
        int fd = try_lock(buf_cstr(&path));
        if (fd == -2)
            return failed(e, folder);
        if (fd < 0)
            continue;
        n->fd = fd;
        if (read_old(fd, folder, old, e) && (reserve(fd) || failed(e, folder)))
            return true;
        note_close(n);
        return false;
    }
    return err_set(e, ERR_CONFIG, "worker.state: %s: all %d notes are locked", folder, NOTE_FILES_MAX);
}

bool note_write(const struct note *n, struct str text, struct err *e)
{
    char bytes[FILE_BYTES_MAX + 1];

    BUG_IF(n->fd <= 0);
    if (text.n > NOTE_TEXT_MAX)
        return err_set(e, ERR_INVALID, "the in-hand note is over %d bytes", NOTE_TEXT_MAX);
    (void)snprintf(bytes, sizeof bytes, "%0*d\n", LENGTH_DIGITS, (int)text.n);
    if (text.n)
        memcpy(bytes + HEAD_BYTES, text.p, text.n);
    ssize_t written = pwrite(n->fd, bytes, HEAD_BYTES + text.n, 0);
    if (written != (ssize_t)(HEAD_BYTES + text.n))
        return err_set(e, ERR_UNAVAILABLE, "the in-hand note: %s",
                       written < 0 ? strerror(errno) : "the disk is full");
    return true;
}

void note_close(struct note *n)
{
    if (n->fd > 0)
        (void)close(n->fd);
    n->fd = 0;
}

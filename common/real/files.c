#include "real/files.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void closep(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static void closedirp(DIR **d)
{
    if (*d)
        (void)closedir(*d);
}

static bool failed(struct err *e, const char *path)
{
    int number = errno;
    enum err_kind kind = number == ENOENT                        ? ERR_NOT_FOUND
                         : number == EACCES || number == EPERM   ? ERR_DENIED
                         : number == EISDIR || number == ENOTDIR ? ERR_INVALID
                                                                 : ERR_UNAVAILABLE;

    return err_set(e, kind, "%s: %s", path, strerror(number));
}

bool files_read(const char *path, struct buf *out, struct err *e)
{
    int fd CLEANUP(closep) =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not hold us */
    char bytes[16384];

    if (fd < 0)
        return failed(e, path);
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(e, path);
        if (n == 0)
            return true;
        buf_add(out, str_n(bytes, (size_t)n));
        if (!buf_ok(out, path, e))
            return false;
    }
}

bool files_list(const char *path, struct strs *names, struct err *e)
{
    DIR *d CLEANUP(closedirp) = opendir(path);
    struct dirent *entry;

    if (!d)
        return failed(e, path);
    errno = 0;
    while ((entry = readdir(d))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (names->n >= FILES_NAMES_MAX)
            return err_set(e, ERR_INVALID, "%s: over %d names", path, FILES_NAMES_MAX);
        strs_add(names, str_of(entry->d_name));
        errno = 0;
    }
    if (errno)
        return failed(e, path);
    strs_sort(names);
    return true;
}

static bool write_all(int fd, struct str data)
{
    while (data.n > 0) {
        ssize_t n = write(fd, data.p, data.n);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            data = str_skip(data, (size_t)n);
    }
    return true;
}

bool files_write(const char *path, struct str data, struct err *e)
{
    BUF_CLEANUP struct buf beside = BUF_INIT(4096);

    buf_addf(&beside, "%s.XXXXXX", path);
    if (!buf_ok(&beside, "path", e))
        return false;
    int fd = mkostemp(beside.p, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return failed(e, path);
    bool ok = write_all(fd, data) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(beside.p, path) == 0;
    if (!ok) {
        (void)failed(e, path);
        (void)unlink(beside.p);
    }
    return ok;
}

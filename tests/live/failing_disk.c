/* A disk that fails on demand: loaded before the C library (LD_PRELOAD). While the file that TEST_DISK names holds
   "write N" or "sync N", writing or flushing a file whose name holds "authara.db" fails with that error number. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fault(int file, const char *call)
{
    char link[64], name[4096], text[64] = "", word[16] = "";
    int number = 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0)
        return 0;
    name[length] = 0;
    if (!strstr(name, "authara.db"))
        return 0;
    const char *place = getenv("TEST_DISK");
    int orders = place ? open(place, O_RDONLY | O_CLOEXEC) : -1;
    if (orders < 0)
        return 0;
    length = read(orders, text, sizeof text - 1);
    close(orders);
    if (length < 0 || sscanf(text, "%15s %d", word, &number) != 2 || strcmp(word, call) != 0)
        return 0;
    return errno = number;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    return fault(file, "write") ? -1 : real(file, bytes, count, at);
}

int fsync(int file)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return fault(file, "sync") ? -1 : real(file);
}

int fdatasync(int file)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    return fault(file, "sync") ? -1 : real(file);
}

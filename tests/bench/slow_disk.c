/* A disk whose flush takes 2 ms, whatever the real one does: loaded before the C library (LD_PRELOAD), so
   that measurements of durable writes mean the same on every machine. */
#include <time.h>

static int flush(void)
{
    struct timespec two_milliseconds = {0, 2000000};
    return nanosleep(&two_milliseconds, 0);
}

int fsync(int file)
{
    (void)file;
    return flush();
}

int fdatasync(int file)
{
    (void)file;
    return flush();
}

/*
 * A disk that can be told to be slow, full, broken or a liar, and that remembers what it has really kept.
 *
 * Preloaded into a process (LD_PRELOAD). A page that it shares with the experiment says how it behaves now and
 * how much of the append-only file has reached the disk. Only files below one directory are concerned.
 * Not here: what an experiment does with it (false_disk.py).
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The order is false_disk.py's `Mood`. */
enum mood { HONEST, SLOW, BROKEN, FULL, LYING, TEARING };

struct page {
    uint64_t mood;
    uint64_t delay_us;
    uint64_t syncs;
    uint64_t kept_bytes; /* size of the append-only file at its last sync that was done */
    uint64_t torn_permille; /* how much of a torn write reaches the file */
};

static struct page *page;
static const char *root;

__attribute__((constructor)) static void open_page(void) {
    const char *name = getenv("FALSE_DISK_PAGE");
    root = getenv("FALSE_DISK_ROOT");
    int file = name && root ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) page = mapped;
}

static uint64_t mood_now(void) { return page ? __atomic_load_n(&page->mood, __ATOMIC_ACQUIRE) : HONEST; }

/* Whether the file lies below the root, and whether its name ends so. */
static int is_ours(int file, const char *ending) {
    char link[40], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t tail = strlen(ending);
    if (strncmp(path, root, strlen(root)) != 0 || (size_t)length < tail) return 0;
    return strcmp(path + length - tail, ending) == 0;
}

static int refuses(int file) {
    if (mood_now() != FULL) return 0;
    struct stat found;
    int kept = errno;
    int refused = fstat(file, &found) == 0 && S_ISREG(found.st_mode) && is_ours(file, "");
    errno = refused ? ENOSPC : kept;
    return refused;
}

static int sync_file(int file, int (*honest)(int)) {
    if (!page || !is_ours(file, ".incr.aof")) return honest(file);
    struct stat found;
    switch (mood_now()) {
    case SLOW: usleep(__atomic_load_n(&page->delay_us, __ATOMIC_ACQUIRE)); break;
    case BROKEN: errno = EIO; return -1;
    case LYING: return 0;
    }
    /* Before the sync: what is appended while it runs need not be on disk when it ends. */
    if (fstat(file, &found) != 0 || honest(file) != 0) return -1;
    __atomic_store_n(&page->kept_bytes, (uint64_t)found.st_size, __ATOMIC_RELEASE);
    __atomic_add_fetch(&page->syncs, 1, __ATOMIC_RELEASE);
    return 0;
}

/*
 * Write a part and die, as a process does that is killed while the kernel copies. Once: whoever is started
 * next finds an honest disk. Commands end with a newline, so a part that does not is no whole command.
 */
static void tear(int file, const char *bytes, size_t count, ssize_t (*honest)(int, const void *, size_t)) {
    if (mood_now() != TEARING || count < 2 || !is_ours(file, ".incr.aof")) return;
    size_t part = 1 + (count - 2) * __atomic_load_n(&page->torn_permille, __ATOMIC_ACQUIRE) / 1000;
    while (part > 1 && bytes[part - 1] == '\n') part--;
    __atomic_store_n(&page->mood, HONEST, __ATOMIC_RELEASE);
    if (honest(file, bytes, part) > 0) kill(getpid(), SIGKILL);
}

#define HONEST_ONE(name) static __typeof__(&name) honest; if (!honest) honest = dlsym(RTLD_NEXT, #name)

int fsync(int file) { HONEST_ONE(fsync); return sync_file(file, honest); }

int fdatasync(int file) { HONEST_ONE(fdatasync); return sync_file(file, honest); }

ssize_t write(int file, const void *bytes, size_t count) {
    HONEST_ONE(write);
    tear(file, bytes, count, honest);
    return refuses(file) ? -1 : honest(file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    HONEST_ONE(writev);
    return refuses(file) ? -1 : honest(file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    HONEST_ONE(pwrite);
    return refuses(file) ? -1 : honest(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    HONEST_ONE(pwrite64);
    return refuses(file) ? -1 : honest(file, bytes, count, at);
}

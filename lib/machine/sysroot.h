/* sysroot.h - the one door to /sys and /proc.
 *
 * Every path under them goes through a handle with a prefix, so that a
 * recorded machine is read like a live one. Paths are written from the root
 * without the leading slash: "sys/devices/system/node/online".
 */
#ifndef NB_MACHINE_SYSROOT_H
#define NB_MACHINE_SYSROOT_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"
#include "util/idset.h"
#include "util/known.h"

struct sysroot {
	int fd;          /* of the prefix directory */
	int overlay;     /* of a folder that is looked into first, or -1 (simulator only) */
	bool live;       /* the running system */
	bool simulated;  /* a scenario of the simulator lies over it */
	char path[4096]; /* the prefix, for messages */
};

/* The running system. The simulator links another body of this one function
 * (tests/sim), which lays a scenario's files over the real ones. */
int sysroot_open_live(struct sysroot *r, struct err *e);

/* A folder gathered by hwloc-gather-topology or scripts of ours. -ENOENT,
 * -ENOTDIR, -EACCES with e; a folder without sys/ in it is -EINVAL. */
int sysroot_open_recorded(struct sysroot *r, const char *folder, struct err *e);
void sysroot_close(struct sysroot *r);

/* Reads a whole text file, at most size-1 bytes, without trailing blanks and
 * newlines. Returns its length, or -errno; -EIO where the kernel refuses. The
 * last part of path is a printf format's result: sysroot_text(r, buf, sizeof
 * buf, "sys/devices/system/node/node%d/meminfo", 3). */
int sysroot_text(const struct sysroot *r, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A decimal or 0x number; unknown with a reason when absent or malformed. */
struct known sysroot_number(const struct sysroot *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A kernel list file. -errno. */
int sysroot_list(const struct sysroot *r, struct idset *s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A folder's entries: a new DIR (closedir), or NULL with errno. */
DIR *sysroot_dir(const struct sysroot *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The last part of a link's target ("../../bus/pci/drivers/nvidia" -> "nvidia"),
 * or the whole of it. Returns length or -errno. */
int sysroot_link_name(const struct sysroot *r, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int sysroot_link(const struct sysroot *r, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

bool sysroot_exists(const struct sysroot *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* One "Key: value" line's value of a text such as meminfo or status, into buf. */
bool text_field(const char *text, const char *key, char *buf, size_t size);

#endif

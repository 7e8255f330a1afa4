// SPDX-License-Identifier: GPL-2.0-only
/*
 * The new file is written under a temporary name in the same folder and renamed
 * when complete. The temporary name has another ending: a folder can be read by
 * pattern, as *.prom is by the textfile collector of Prometheus.
 *
 * No fsync(): after a power cut the file is replaced by the next run, or of no
 * use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "replace.h"

static int fail(const char *path, const char *why)
{
	say("cannot write %s: %s", path, why);
	return -1;
}

/* Refuse devices and links, which would be replaced by a file. */
static int must_be_file(const char *path)
{
	struct stat old;

	if (lstat(path, &old))
		return errno == ENOENT ? 0 : fail(path, strerror(errno));
	return S_ISREG(old.st_mode) ? 0 : fail(path, "not a regular file");
}

/* The permissions of a new file. */
static FILE *open_new(char *path)
{
	int fd = mkostemp(path, O_CLOEXEC);
	mode_t mask = umask(0);

	umask(mask);
	if (fd < 0)
		return NULL;
	fchmod(fd, 0666 & ~mask);
	return fdopen(fd, "w");
}

/* 0, or an errno. */
static int write_new(const char *new, FILE *out, const char *path,
		     replace_fn *write, const void *context)
{
	int err = 0;

	errno = 0;
	if (write(out, context) || fflush(out) || ferror(out))
		err = errno ? errno : ENOMEM;
	if (fclose(out) && !err)
		err = errno;
	if (!err && rename(new, path))
		err = errno;
	if (err)
		unlink(new);
	return err;
}

int replace_file(const char *path, replace_fn *write, const void *context)
{
	char *new;
	FILE *out;
	int err;

	if (must_be_file(path))
		return -1;
	if (asprintf(&new, "%s.XXXXXX", path) < 0)
		return fail(path, strerror(ENOMEM));
	out = open_new(new);
	err = out ? write_new(new, out, path, write, context) : errno;
	free(new);
	return err ? fail(path, strerror(err)) : 0;
}

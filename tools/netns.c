// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "netns.h"

#define NETNS_DIR	"/run/netns/"
#define OWN		"/proc/self/ns/net"

static bool is_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && strlen(name) <= NAME_MAX;
}

static bool is_path(const char *name)
{
	return strchr(name, '/') && strlen(name) <= NAME_MAX;
}

static bool is_pid(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

void take_netns(void *to, const char *argument)
{
	if (!is_name(argument) && !is_path(argument))
		bad_usage("'%s' cannot be the name or the path of a network namespace, or the PID of a process in it",
			  argument);
	take_text(to, argument);
}

void netns_put_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(iscntrl((unsigned char)*name) ? '?' : *name, out);
}

void netns_heading(FILE *out, const char *name)
{
	fputs(*name ? "Network namespace " : "Network namespace without a name",
	      out);
	netns_put_name(out, name);
}

__attribute__((format(printf, 1, 2)))
static int open_path(const char *format, ...)
{
	char path[sizeof(NETNS_DIR) + NAME_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* A name takes precedence over a PID. */
static int open_netns(const char *name)
{
	int fd;

	if (is_path(name))
		return open_path("%s", name);
	if (!is_name(name)) {
		errno = EINVAL;
		return -1;
	}
	fd = open_path(NETNS_DIR "%s", name);
	if (fd < 0 && errno == ENOENT && is_pid(name))
		fd = open_path("/proc/%s/ns/net", name);
	return fd;
}

/* Remedies for failures. */
static const char *remedy(int err)
{
	switch (err) {
	case ENOENT:
		return "to list them: ip netns list";
	case EPERM:
	case EACCES:
		return "run it as root";
	case EINVAL:
		return "not a network namespace; if it is left over: ip netns delete NAME";
	default:
		return NULL;
	}
}

static int cannot_enter(const char *name, int err)
{
	say("cannot enter the network namespace %s: %s", name, strerror(err));
	if (remedy(err))
		say("%s", remedy(err));
	return -1;
}

int netns_visit(const char *name, netns_visit_fn *visit, void *context)
{
	int own = open(OWN, O_RDONLY | O_CLOEXEC);
	int other = open_netns(name);
	int result;

	if (own < 0 || other < 0 || setns(other, CLONE_NEWNET)) {
		result = cannot_enter(name, errno);
	} else {
		result = visit(context, name);
		/* Nothing may run in the wrong namespace. */
		if (setns(own, CLONE_NEWNET))
			abort();
	}
	if (own >= 0)
		close(own);
	if (other >= 0)
		close(other);
	return result;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool is_own(const char *name)
{
	int fd = open_netns(name);
	struct stat own, other;
	bool same;

	if (fd < 0)
		return false;
	same = !stat(OWN, &own) && !fstat(fd, &other) &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
	close(fd);
	return same;
}

static int visit_listed(struct dirent **entries, int n, netns_visit_fn *visit,
			void *context)
{
	const char *own = "";
	int i, result;

	for (i = 0; i < n; i++)
		if (is_own(entries[i]->d_name))
			own = entries[i]->d_name;
	result = abs(visit(context, own));
	for (i = 0; i < n; i++)
		if (!is_own(entries[i]->d_name))
			result += abs(netns_visit(entries[i]->d_name, visit,
						  context));
	return result;
}

/* Namespaces seen so far, by inode. */
struct seen {
	ino_t *inodes;
	size_t count;
};

/* 1 if it is a new one, 0 if not, -1 if out of memory. */
static int see(struct seen *seen, ino_t inode)
{
	ino_t *more;

	for (size_t i = 0; i < seen->count; i++)
		if (seen->inodes[i] == inode)
			return 0;
	more = reallocarray(seen->inodes, seen->count + 1, sizeof(*more));
	if (!more)
		return -1;
	more[seen->count++] = inode;
	seen->inodes = more;
	return 1;
}

/* Record the namespaces of a folder; returns how many are new, or -1. */
static int see_all(struct seen *seen, const char *folder, const char *below)
{
	DIR *dir = opendir(folder);
	char path[2 * NAME_MAX];
	const struct dirent *entry;
	struct stat file;
	int found = 0;
	int added;

	while (dir && found >= 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s%s%s", folder, entry->d_name,
			 below);
		if (entry->d_name[0] == '.' || stat(path, &file) ||
		    !S_ISREG(file.st_mode))
			continue;
		added = see(seen, file.st_ino);
		found = added < 0 ? -1 : found + added;
	}
	if (dir)
		closedir(dir);
	return found;
}

int netns_unnamed(void)
{
	struct seen seen = { 0 };
	struct stat own;
	int found = -1;

	if (!stat(OWN, &own) && see(&seen, own.st_ino) > 0 &&
	    see_all(&seen, NETNS_DIR, "") >= 0)
		found = see_all(&seen, "/proc/", "/ns/net");
	free(seen.inodes);
	return found;
}

int netns_visit_all(netns_visit_fn *visit, void *context)
{
	struct dirent **entries = NULL;
	int n = scandir(NETNS_DIR, &entries, not_hidden, versionsort);
	int result;

	/* No folder: no namespace was ever named. */
	if (n < 0 && errno != ENOENT) {
		say("cannot list " NETNS_DIR ": %s", strerror(errno));
		return 1 + abs(visit(context, ""));
	}
	result = visit_listed(entries, n, visit, context);
	while (n > 0)
		free(entries[--n]);
	free(entries);
	return result;
}

int netns_visit_chosen(const char *name, bool all, netns_visit_fn *visit,
		       void *context)
{
	if (all)
		return netns_visit_all(visit, context);
	return name ? netns_visit(name, visit, context) : visit(context, "");
}

// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
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

const char *netns_argument(const char *argument)
{
	if (!is_name(argument))
		bad_usage("'%s' cannot be the name of a network namespace",
			  argument);
	return argument;
}

static int open_netns(const char *name)
{
	char path[sizeof(NETNS_DIR) + NAME_MAX];

	if (!is_name(name)) {
		errno = EINVAL;
		return -1;
	}
	snprintf(path, sizeof(path), NETNS_DIR "%s", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* What mends the failures that a user can mend. */
static const char *remedy(int err)
{
	switch (err) {
	case ENOENT:
		return "those there are: ip netns list";
	case EPERM:
	case EACCES:
		return "run it as root";
	case EINVAL:
		return "it is no network namespace; take it away: ip netns delete NAME";
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
		/* Nothing that follows may happen in the wrong place. */
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

int netns_visit_all(netns_visit_fn *visit, void *context)
{
	struct dirent **entries = NULL;
	int n = scandir(NETNS_DIR, &entries, not_hidden, versionsort);
	int result;

	/* Without the folder there were never any names. */
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of reading the state of IPsec, in several ways:
 *
 *	read NETNS ROUNDS call			IPsecGetStatistics0()
 *	read NETNS ROUNDS dump			XFRM_MSG_GETSA, all SAs
 *	read NETNS ROUNDS peers			FwpuclntGetPeers()
 *	read NETNS ROUNDS file PATH		a file, to its end
 *	read NETNS ROUNDS run COMMAND...	a program, without its output
 *
 * Output: the nanoseconds of each round. For a program, and for a call that waits for a
 * grace period, its run time, because a clock that counts instructions jumps while it
 * waits.
 */
#define _GNU_SOURCE
#include <windows.h>
#include <fwpmu.h>
#include <fwpuclnt.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "netns.h"

static char buffer[1 << 20];
static char **arguments;

static HANDLE engine(void)
{
	static HANDLE engine;

	if (!engine && FwpmEngineOpen0(NULL, RPC_C_AUTHN_DEFAULT, NULL, NULL,
				       &engine) != ERROR_SUCCESS)
		errx(1, "FwpmEngineOpen0");
	return engine;
}

static double call(void)
{
	double start = now();
	IPSEC_STATISTICS0 stats;
	DWORD error = IPsecGetStatistics0(engine(), &stats);

	if (error != ERROR_SUCCESS)
		errx(1, "IPsecGetStatistics0: 0x%x", (unsigned int)error);
	return now() - start;
}

static double time_of_process(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double peers(void)
{
	double start = time_of_process();
	FWPUCLNT_PEERS *list;
	DWORD error = FwpuclntGetPeers(engine(), &list);

	if (error != ERROR_SUCCESS)
		errx(1, "FwpuclntGetPeers: 0x%x", (unsigned int)error);
	FwpmFreeMemory0((void **)&list);
	return time_of_process() - start;
}

static double dump(void)
{
	static const struct nlmsghdr request = {
		.nlmsg_len = sizeof(request),
		.nlmsg_type = XFRM_MSG_GETSA,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	static int fd = -1;
	const struct nlmsghdr *first = (void *)buffer;
	double start = now();

	if (fd < 0)
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM);
	if (send(fd, &request, sizeof(request), 0) != sizeof(request))
		err(1, "GETSA");
	do {
		if (recv(fd, buffer, sizeof(buffer), 0) <= 0)
			err(1, "GETSA");
	} while (first->nlmsg_type != NLMSG_DONE);
	return now() - start;
}

static double file(void)
{
	double start = now();
	int fd = open(arguments[0], O_RDONLY);
	ssize_t len;

	if (fd < 0)
		err(1, "%s", arguments[0]);
	while ((len = read(fd, buffer, sizeof(buffer))) > 0)
		;
	if (len < 0)
		err(1, "%s", arguments[0]);
	close(fd);
	return now() - start;
}

static double time_of_children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

static double run(void)
{
	double before = time_of_children();
	posix_spawn_file_actions_t actions;
	extern char **environ;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ))
		errx(1, "cannot run %s", arguments[0]);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s failed", arguments[0]);
	posix_spawn_file_actions_destroy(&actions);
	return time_of_children() - before;
}

static const struct {
	const char *name;
	double (*read)(void);
	int arguments;
} ways[] = {
	{ "call", call, 0 },
	{ "dump", dump, 0 },
	{ "peers", peers, 0 },
	{ "file", file, 1 },
	{ "run", run, 1 },
};

int main(int argc, char **argv)
{
	double (*way)(void) = NULL;
	int rounds;
	size_t i;

	if (argc < 4)
		errx(2, "usage: read NETNS ROUNDS call | dump | peers | file PATH | run COMMAND...");
	enter(argv[1]);
	arguments = argv + 4;
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(argv[3], ways[i].name) && argc >= 4 + ways[i].arguments)
			way = ways[i].read;
	if (!way)
		errx(2, "how is that, %s?", argv[3]);

	for (rounds = atoi(argv[2]); rounds; rounds--)
		printf("%.0f\n", way());
	return 0;
}

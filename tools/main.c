// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat: the IPsec statistics of network namespaces. Each command is a file
 * of its own; without the name of one, the first of them is meant.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "doctor.h"
#include "drops.h"
#include "peers.h"
#include "show.h"

const struct command *const commands[] = {
	&show_command,
	&drops_command,
	&monitor_command,
	&peers_command,
	&doctor_command,
};
const size_t n_commands = ARRAY_SIZE(commands);

static const struct command *named(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? named(argv[1]) : NULL;
	/* Room for a whole reading: why it cannot be written is known at its end. */
	static char buffer[1 << 16];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	signal(SIGPIPE, SIG_IGN);
	if (!command)
		return commands[0]->run(argc, argv);
	/* What getopt complains about comes from the program by its name. */
	argv[1] = argv[0];
	return command->run(argc - 1, argv + 1);
}

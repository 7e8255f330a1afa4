// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsecstat: IPsec statistics of network namespaces. Each command has a file;
 * the first command is the default.
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

static int help(const char *name)
{
	char *words[] = { NULL, (char *)name, NULL };
	int count = 2;
	const struct command *command = name ? take_command(&count, words) :
					       commands[0];

	if (command)
		show_help(command);
	else
		bad_usage("unknown command '%s'", name);
	return finish_output();
}

int main(int argc, char **argv)
{
	/*
	 * Buffer a whole reading, so that a failure to write shows at its end.
	 */
	static char buffer[1 << 16];
	const struct command *command;

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && argc < 4 && !strcmp(argv[1], "help"))
		return help(argv[2]);
	command = take_command(&argc, argv);
	return (command ? command : commands[0])->run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define MOST_OPTIONS	32

/* Every command has these; they come last in its help. */
static const struct option_row common[] = {
	{ 'h', "help", NULL, "show this help", NULL, 0 },
	{ 'V', "version", NULL, "show the version", NULL, 0 },
};

static FILE *words;

/* The command that runs; error messages name its help. */
static const struct command *running;

void say_into(FILE *stream)
{
	words = stream;
}

static void say_list(const char *format, va_list arguments)
{
	FILE *to = words ? words : stderr;

	fputs("ipsecstat: ", to);
	vfprintf(to, format, arguments);
	fputc('\n', to);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_list(format, arguments);
	va_end(arguments);
}

_Noreturn static void ask_for_help(void)
{
	if (running && running != commands[0])
		say("for help: ipsecstat %s --help", running->name);
	else
		say("for help: ipsecstat --help");
	exit(EXIT_USAGE);
}

void bad_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_list(format, arguments);
	va_end(arguments);
	ask_for_help();
}

int finish_output(void)
{
	int failed = ferror(stdout);
	int error = fclose(stdout) ? errno : 0;

	if (!failed && !error)
		return EXIT_SUCCESS;
	say("cannot write the output: %s",
	    error ? strerror(error) : "only a part was written");
	return EXIT_FAILURE;
}

static const struct option_row *row_at(const struct command *command, size_t i)
{
	if (i < command->n_options)
		return &command->options[i];
	i -= command->n_options;
	return i < ARRAY_SIZE(common) ? &common[i] : NULL;
}

static void show_option(const struct option_row *row)
{
	char name[32];

	snprintf(name, sizeof(name), "--%s%s%s", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	if (row->letter < NO_LETTER(0))
		printf("  -%c, %-21s %s\n", row->letter, name, row->help);
	else
		printf("      %-21s %s\n", name, row->help);
}

void show_help(const struct command *command)
{
	const struct option_row *row;

	printf("Usage: ipsecstat %s\n%s\n\n", command->usage, command->summary);
	for (size_t i = 0; (row = row_at(command, i)); i++)
		show_option(row);
	if (command->more_help)
		command->more_help();
	if (command == commands[0] && n_commands > 1) {
		puts("\nOther commands; help COMMAND explains one:");
		for (size_t i = 1; i < n_commands; i++)
			printf("  %-27s %s\n", commands[i]->name,
			       commands[i]->summary);
	}
	puts("\nExit status: 0 done, 1 failed, 2 wrong usage.");
}

/*
 * Whether the option takes an argument, by its letter, or by the beginning of
 * its name if that is not NULL. All commands agree about the letters.
 */
static bool has_argument(int letter, const char *name)
{
	const struct option_row *row;

	for (size_t i = 0; i < n_commands; i++)
		for (size_t j = 0; (row = row_at(commands[i], j)); j++)
			if (row->argument &&
			    (name ? !strncmp(row->name, name, strlen(name)) :
				    row->letter == letter))
				return true;
	return false;
}

/* Is the word an option whose argument is the next word? */
static bool wants_next(const char *word)
{
	if (word[0] != '-' || !word[1])
		return false;
	if (word[1] == '-')
		return word[2] && has_argument(0, word + 2);
	/* true for -jn NETNS, not for -nNETNS */
	for (word++; *word; word++)
		if (has_argument((unsigned char)*word, NULL))
			return !word[1];
	return false;
}

static const struct command *named(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

const struct command *take_command(int *argc, char **argv)
{
	const struct command *command;

	for (int i = 1; i < *argc; i++) {
		if (wants_next(argv[i])) {
			i++;
			continue;
		}
		if (argv[i][0] == '-')
			continue;
		command = named(argv[i]);
		if (command) {
			memmove(&argv[i], &argv[i + 1],
				(size_t)(*argc - i) * sizeof(*argv));
			--*argc;
		}
		return command;
	}
	return NULL;
}

/* The row of the next option, or NULL after the last one. */
static const struct option_row *next_option(const struct command *command,
					    int argc, char **argv)
{
	struct option longs[MOST_OPTIONS + 1] = { 0 };
	char letters[2 * MOST_OPTIONS + 1], *end = letters;
	const struct option_row *row;
	int found;

	for (size_t i = 0; i < MOST_OPTIONS; i++) {
		row = row_at(command, i);
		if (!row)
			break;
		longs[i].name = row->name;
		longs[i].has_arg = row->argument ? required_argument :
						   no_argument;
		longs[i].val = row->letter;
		if (row->letter >= NO_LETTER(0))
			continue;
		*end++ = (char)row->letter;
		if (row->argument)
			*end++ = ':';
	}
	*end = '\0';

	found = getopt_long(argc, argv, letters, longs, NULL);
	if (found == -1)
		return NULL;
	for (size_t i = 0; (row = row_at(command, i)); i++)
		if (row->letter == found)
			return row;
	ask_for_help();
}

static void show_and_exit(const struct command *command, int letter)
{
	if (letter == 'h')
		show_help(command);
	else
		puts("ipsecstat " VERSION);
	exit(finish_output());
}

static const char *name_of(const struct command *command, int letter)
{
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(command, i)); i++)
		if (row->letter == letter)
			return row->name;
	return "";
}

static void check_conflicts(const struct command *command, const bool *given)
{
	for (size_t i = 0; i < command->n_conflicts; i++) {
		const struct conflict *conflict = &command->conflicts[i];

		if (given[conflict->letter] && given[conflict->other])
			bad_usage("--%s and --%s cannot be combined: %s",
				  name_of(command, conflict->letter),
				  name_of(command, conflict->other),
				  conflict->why);
	}
}

void take_flag(void *to, const char *argument)
{
	(void)argument;
	*(bool *)to = true;
}

void take_text(void *to, const char *argument)
{
	*(const char **)to = argument;
}

void parse_options(const struct command *command, int argc, char **argv,
		   void *settings)
{
	bool given[NO_LETTER(MOST_OPTIONS)] = { 0 };
	const struct option_row *row;

	running = command;
	while ((row = next_option(command, argc, argv))) {
		if (!row->take)
			show_and_exit(command, row->letter);
		row->take((char *)settings + row->at, optarg);
		given[row->letter] = true;
	}
	if (optind < argc)
		bad_usage("'%s' is neither a command nor an option",
			  argv[optind]);
	check_conflicts(command, given);
}

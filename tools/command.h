/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of ipsecstat, and what they share: options, help, error
 * messages, and closing the output.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* For qsort(), largest first. */
static inline int descending(uint64_t one, uint64_t other)
{
	return (one < other) - (one > other);
}

#define EXIT_USAGE 2

/* For options that have no letter. */
#define NO_LETTER(n) (256 + (n))

/* An option of a command. */
struct option_row {
	int letter;
	const char *name;
	const char *argument;	/* what the help calls it, or NULL */
	const char *help;
	void (*take)(void *to, const char *argument);
	size_t at;		/* offset of the setting that take() sets */
};

/* Each command has its own struct settings. */
#define AT(member) offsetof(struct settings, member)

/* Sets a bool. */
void take_flag(void *to, const char *argument);

/* Sets a const char *. */
void take_text(void *to, const char *argument);

/* Two options of a command that exclude each other. */
struct conflict {
	int letter, other;
	const char *why;
};

struct command {
	const char *name;
	const char *usage;	/* what follows the name of the program */
	const char *summary;	/* a sentence */
	void (*more_help)(void);	/* after the options, or NULL */
	const struct option_row *options;
	size_t n_options;
	const struct conflict *conflicts;
	size_t n_conflicts;
	int (*run)(int argc, char **argv);
};

/* All commands, in the order of the help; the first is the default. */
extern const struct command *const commands[];
extern const size_t n_commands;

/*
 * The command named in the arguments, at any place among its options; its name
 * is removed from them. NULL if none is named.
 */
const struct command *take_command(int *argc, char **argv);

void show_help(const struct command *command);

/*
 * Parse the options into the settings. Ends the program for --help and
 * --version, and for options and arguments that are unknown or exclude each
 * other.
 */
void parse_options(const struct command *command, int argc, char **argv,
		   void *settings);

/* Print a line on standard error, after the name of the program. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Redirect these lines; NULL: back to standard error. */
void say_into(FILE *stream);

/* Print what is wrong with the arguments and end the program. */
_Noreturn void bad_usage(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * Close standard output. It is a failure if any of the output could not be
 * written. Returns the exit status of the program.
 */
int finish_output(void);

#endif

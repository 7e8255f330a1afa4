/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of ipsecstat, and what they share: options, help, words for what
 * went wrong, and the end of the output.
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
	size_t at;		/* what of the settings take() gets */
};

/* In each command, the settings are its struct settings. */
#define AT(member) offsetof(struct settings, member)

/* Sets a bool. */
void take_flag(void *to, const char *argument);

/* Sets a const char *. */
void take_text(void *to, const char *argument);

/* Two options of a command that cannot be had together. */
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

/* All there are, in the order of the help; the first is that of no name. */
extern const struct command *const commands[];
extern const size_t n_commands;

/*
 * The command that the arguments name, among its options wherever; its name is taken
 * out of them. NULL if they name none.
 */
const struct command *take_command(int *argc, char **argv);

void show_help(const struct command *command);

/*
 * Has the take() of each option's row set its part of the settings. Ends the
 * program for --help and --version, and where an option or argument is none of the
 * command's or does not go with another.
 */
void parse_options(const struct command *command, int argc, char **argv,
		   void *settings);

/* A line on standard error, with the name of the program before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lets such lines go elsewhere from now on; NULL: to standard error again. */
void say_into(FILE *stream);

/* Says what is wrong with the arguments and ends the program. */
_Noreturn void bad_usage(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * Closes standard output. Output that could not be written is a failure, even if
 * only its last byte. Returns the exit status of the program.
 */
int finish_output(void);

#endif

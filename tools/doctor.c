// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "doctor.h"
#include "json.h"
#include "line.h"
#include "netns.h"
#include "peers.h"
#include "ticker.h"
#include "watch.h"

/* Rises when a key goes or changes its meaning, not when one is added. */
#define SCHEMA_VERSION 1

#define EXIT_PROBLEMS 3

struct settings {
	bool json;
	double seconds;
	const char *netns;
	bool all_netns;
	bool rules;
};

static void take_seconds(void *to, const char *argument)
{
	if (strcmp(argument, "0") != 0)
		take_interval(to, argument);
	else
		*(double *)to = 0;
}

static const struct option_row options[] = {
	{ 'j', "json", NULL, "output JSON", take_flag, AT(json) },
	{ 's', "seconds", "SECONDS",
	  "watch this long (default 5); 0: since counting began",
	  take_seconds, AT(seconds) },
	{ 'n', "netns", "NETNS", "read network namespace NETNS",
	  take_netns, AT(netns) },
	{ 'a', "all-netns", NULL, "read all that have a name, and this one",
	  take_flag, AT(all_netns) },
	{ 'r', "rules", NULL, "print all rules, and read nothing",
	  take_flag, AT(rules) },
};

static const struct conflict conflicts[] = {
	{ 'n', 'a', "all of them or one" },
	{ 'r', 'j', "rules are text" },
};

/* A network namespace, at the first and at the second look. */
struct patient {
	char *netns;
	struct look before, now;
	bool has_now;
};

struct visit {
	const struct settings *settings;
	struct patient *patients;
	size_t n_patients;
	double begun;	/* seconds of CLOCK_BOOTTIME */
	struct json_object *named;	/* of all, by name */
	size_t n_problems;
	bool printed;
};

static int out_of_memory(void)
{
	say("out of memory");
	return -1;
}

static struct patient *patient_of(struct visit *visit, const char *netns)
{
	for (size_t i = 0; i < visit->n_patients; i++)
		if (!strcmp(visit->patients[i].netns, netns))
			return &visit->patients[i];
	return NULL;
}

static struct patient *add_patient(struct visit *visit, const char *netns)
{
	struct patient *more = reallocarray(visit->patients,
					    visit->n_patients + 1,
					    sizeof(*more));

	if (!more)
		return NULL;
	visit->patients = more;
	more += visit->n_patients;
	*more = (struct patient){ .netns = strdup(netns) };
	if (!more->netns)
		return NULL;
	visit->n_patients++;
	return more;
}

static int look_first(void *context, const char *netns)
{
	struct patient *patient = add_patient(context, netns);

	if (!patient)
		return out_of_memory();
	if (look(&patient->before))
		return -1;
	peers_sort(patient->before.peers);
	return 0;
}

/* A namespace that was added meanwhile is left out. */
static int look_again(void *context, const char *netns)
{
	struct visit *visit = context;
	struct patient *patient = patient_of(visit, netns);

	if (!visit->settings->seconds && !patient) {
		patient = add_patient(visit, netns);
		if (!patient)
			return out_of_memory();
	}
	if (!patient || look(&patient->now))
		return patient ? -1 : 0;
	patient->has_now = true;
	return 0;
}

/* Wait, or until a signal ends it. 0, or -1 after printing why. */
static int wait_for(double seconds)
{
	struct ticker ticker;
	enum ticker_event event;

	if (ticker_open(&ticker, seconds, false)) {
		say("cannot wait: %s", strerror(errno));
		return -1;
	}
	do
		event = ticker_wait(&ticker);
	while (event != TICKER_TICK && event != TICKER_END);
	ticker_close(&ticker);
	return 0;
}

/* Returns how many network namespaces could not be looked at. */
static int look_twice(struct visit *visit)
{
	const struct settings *settings = visit->settings;
	int failures = 0;

	visit->begun = clock_seconds(CLOCK_BOOTTIME);
	if (settings->seconds) {
		failures = netns_visit_chosen(settings->netns,
					      settings->all_netns, look_first,
					      visit);
		/* A failure of the first look would only repeat. */
		if (failures && !settings->all_netns)
			return failures;
		if (wait_for(settings->seconds))
			return failures + 1;
	}
	failures += netns_visit_chosen(settings->netns, settings->all_netns,
				       look_again, visit);
	return failures;
}

static int show_text(struct visit *visit, const struct patient *patient,
		     const struct diagnosis *diagnosis)
{
	if (visit->settings->all_netns) {
		if (visit->printed)
			putchar('\n');
		netns_heading(stdout, patient->netns);
	}
	visit->printed = true;
	doctor_text(stdout, diagnosis);
	return 0;
}

static int show_json(struct visit *visit, const struct patient *patient,
		     const struct diagnosis *diagnosis)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return -1;
	if (doctor_object(object, diagnosis)) {
		json_object_put(object);
		return -1;
	}
	return json_add(visit->named, patient->netns, object);
}

static int show(struct visit *visit, const struct patient *patient)
{
	const struct looks looks = {
		&patient->before, &patient->now,
		visit->settings->seconds ?
			clock_seconds(CLOCK_BOOTTIME) - visit->begun : 0,
	};
	struct diagnosis diagnosis;
	int err;

	if (diagnose(&looks, &diagnosis))
		return out_of_memory();
	visit->n_problems += diagnosis.n_problems;
	err = visit->named ? show_json(visit, patient, &diagnosis) :
			     show_text(visit, patient, &diagnosis);
	free(diagnosis.findings);
	return err ? out_of_memory() : 0;
}

static int show_all(struct visit *visit)
{
	int failures = 0;

	for (size_t i = 0; i < visit->n_patients; i++)
		if (visit->patients[i].has_now)
			failures -= show(visit, &visit->patients[i]);
	return failures;
}

static int show_all_json(struct visit *visit)
{
	struct json_object *root = json_object_new_object();
	int failures;

	visit->named = json_object_new_object();
	if (json_add(root, "version", json_object_new_int(SCHEMA_VERSION)) ||
	    json_add(root, "netns", json_object_get(visit->named))) {
		json_object_put(root);
		return -out_of_memory();
	}
	failures = show_all(visit);
	if (json_write(stdout, root, false))
		failures -= out_of_memory();
	return failures;
}

static int run_visit(const struct settings *settings)
{
	struct visit visit = { .settings = settings };
	int failures = look_twice(&visit);

	failures += settings->json ? show_all_json(&visit) : show_all(&visit);
	for (size_t i = 0; i < visit.n_patients; i++) {
		look_free(&visit.patients[i].before);
		look_free(&visit.patients[i].now);
		free(visit.patients[i].netns);
	}
	free(visit.patients);
	json_object_put(visit.named);
	if (failures)
		return EXIT_FAILURE;
	return visit.n_problems ? EXIT_PROBLEMS : EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	struct settings settings = { .seconds = 5 };
	int status = EXIT_SUCCESS, written;

	parse_options(&doctor_command, argc, argv, &settings);
	if (settings.rules)
		doctor_rules(stdout);
	else
		status = run_visit(&settings);
	written = finish_output();
	return written ? written : status;
}

static void more_help(void)
{
	puts("\nExits with 3 if it found a problem.");
}

const struct command doctor_command = {
	.name = "doctor",
	.usage = "doctor [OPTION]...",
	.summary = "Find problems: packets or peers concerned, and the remedy.",
	.more_help = more_help,
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.conflicts = conflicts,
	.n_conflicts = ARRAY_SIZE(conflicts),
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print findings as text and JSON, and the rules for the page.
 */
#include <inttypes.h>
#include <string.h>

#include "doctor.h"
#include "json.h"

#define COLUMNS 80

/*
 * Print a text, wrapped to the width of the screen. Lines are indented; the
 * first one continues what is printed already.
 */
static void put_words(FILE *out, const char *text, size_t used, size_t indent)
{
	while (*text) {
		size_t length = strcspn(text, " ");

		if (used > indent && used + 1 + length > COLUMNS) {
			fputc('\n', out);
			used = 0;
		}
		if (used <= indent)
			fprintf(out, "%*s", (int)(indent - used), "");
		else
			fputc(' ', out);
		used = (used <= indent ? indent : used + 1) + length;
		fprintf(out, "%.*s", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void put_paragraph(FILE *out, size_t indent, const char *text)
{
	put_words(out, text, 0, indent);
}

#define ADVICE_SIZE 512

/* Print a remedy: its case before it, and if wanted the command after it. */
static const char *advice_text(const struct advice *advice, bool command,
			       char text[ADVICE_SIZE])
{
	command = command && advice->command;
	snprintf(text, ADVICE_SIZE, "%s%s%s%s%s%s",
		 advice->when ? advice->when : "", advice->when ? ": " : "",
		 advice->what, command ? " `" : "",
		 command ? advice->command : "", command ? "`" : "");
	return text;
}

static void put_advice(FILE *out, const struct advice *advice)
{
	char text[ADVICE_SIZE];

	fputs("  -", out);
	put_words(out, advice_text(advice, false, text), 3, 4);
	if (advice->command)
		fprintf(out, "        %s\n", advice->command);
}

static void put_finding(FILE *out, const struct finding *finding)
{
	const struct rule *rule = finding->rule;

	fprintf(out, "\n%s %s", rule->note ? "?" : "!", rule->name);
	if (finding->packets)
		fprintf(out, ", %" PRIu64 " %s%s", finding->packets,
			rule->look_ups ? "look-up" : "packet",
			finding->packets == 1 ? "" : "s");
	fputc('\n', out);
	put_paragraph(out, 2, rule->title);
	for (size_t i = 0; i < finding->n_who && i < MOST_WHO; i++)
		put_words(out, finding->who[i], 0, 4);
	if (finding->n_who > MOST_WHO)
		fprintf(out, "    and %zu more\n", finding->n_who - MOST_WHO);
	put_paragraph(out, 2, rule->meaning);
	for (size_t i = 0; i < MOST_ADVICE && rule->advice[i].what; i++)
		put_advice(out, &rule->advice[i]);
}

static uint64_t packets_in(const struct figures *figures)
{
	return figures->statistics.inboundTrafficStatistics
		.totalSuccessfulPackets;
}

static uint64_t packets_out(const struct figures *figures)
{
	return figures->statistics.outboundTrafficStatistics
		.totalSuccessfulPackets;
}

static void put_head(FILE *out, const struct diagnosis *diagnosis)
{
	const struct looks *looks = &diagnosis->looks;
	const struct figures *now = &looks->now->figures;
	const struct figures *before = &looks->before->figures;
	uint32_t sas = now->statistics.aggregateSaStatistics.activeSas;
	uint32_t peers = looks->now->peers->numPeers;
	size_t notes = diagnosis->n_findings - diagnosis->n_problems;

	if (looks->seconds > 0)
		fprintf(out, "In %.0f s", looks->seconds);
	else
		fprintf(out, "Since counting began");
	fprintf(out, ": packets through SAs in %" PRIu64 ", out %" PRIu64
		"; %u SA%s, %u peer%s\n",
		packets_in(now) - packets_in(before),
		packets_out(now) - packets_out(before),
		sas, sas == 1 ? "" : "s", peers, peers == 1 ? "" : "s");
	if (!diagnosis->n_findings)
		fprintf(out, "Nothing is wrong.\n");
	else
		fprintf(out, "%zu problem%s (!), %zu note%s (?)\n",
			diagnosis->n_problems,
			diagnosis->n_problems == 1 ? "" : "s", notes,
			notes == 1 ? "" : "s");
}

void doctor_text(FILE *out, const struct diagnosis *diagnosis)
{
	put_head(out, diagnosis);
	for (size_t i = 0; i < diagnosis->n_findings; i++)
		put_finding(out, &diagnosis->findings[i]);
}

/* --- JSON ----------------------------------------------------------------- */

/* NULL if out of memory. */
static struct json_object *advice_object(const struct advice *advice)
{
	const struct {
		const char *key, *text;
	} parts[] = {
		{ "when", advice->when },
		{ "what", advice->what },
		{ "command", advice->command },
	};
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; object && i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].text ||
		    !json_add(object, parts[i].key,
			      json_object_new_string(parts[i].text)))
			continue;
		json_object_put(object);
		object = NULL;
	}
	return object;
}

static struct json_object *advice_array(const struct rule *rule)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < MOST_ADVICE && rule->advice[i].what; i++) {
		if (!json_append(array, advice_object(&rule->advice[i])))
			continue;
		json_object_put(array);
		array = NULL;
	}
	return array;
}

static struct json_object *who_array(const struct finding *finding)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < finding->n_who && i < MOST_WHO; i++) {
		if (!json_append(array, json_object_new_string(finding->who[i])))
			continue;
		json_object_put(array);
		array = NULL;
	}
	return array;
}

static struct json_object *finding_object(const struct finding *finding)
{
	const struct rule *rule = finding->rule;
	struct json_member members[] = {
		{ "rule", json_object_new_string(rule->name) },
		{ "severity",
		  json_object_new_string(rule->note ? "note" : "problem") },
		{ "title", json_object_new_string(rule->title) },
		{ "packets", json_object_new_uint64(finding->packets) },
		{ "who", who_array(finding) },
		{ "whoElse", json_object_new_int64(finding->n_who > MOST_WHO ?
					(int64_t)(finding->n_who - MOST_WHO) : 0) },
		{ "meaning", json_object_new_string(rule->meaning) },
		{ "advice", advice_array(rule) },
	};

	return json_object_of(members, ARRAY_SIZE(members));
}

int doctor_object(struct json_object *object, const struct diagnosis *diagnosis)
{
	struct json_object *array = json_object_new_array();

	if (json_add(object, "seconds",
		     json_object_new_double(diagnosis->looks.seconds)) ||
	    json_add(object, "findings", array))
		return -1;
	for (size_t i = 0; i < diagnosis->n_findings; i++)
		if (json_append(array, finding_object(&diagnosis->findings[i])))
			return -1;
	return 0;
}

/* --- the page ------------------------------------------------------------- */

static void put_rule(FILE *out, const struct rule *rule)
{
	char text[ADVICE_SIZE];

	fprintf(out, "### %s: %s\n", rule->name, rule->title);
	put_paragraph(out, 0, rule->figures);
	fputc('\n', out);
	put_paragraph(out, 0, rule->meaning);
	for (size_t i = 0; i < MOST_ADVICE && rule->advice[i].what; i++) {
		fputc('-', out);
		put_words(out, advice_text(&rule->advice[i], true, text), 1, 2);
	}
}

void doctor_rules(FILE *out)
{
	for (size_t i = 0; i < n_rules; i++) {
		if (i)
			fputc('\n', out);
		put_rule(out, &rules[i]);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "sample.h"

static void read_boot(char *boot, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file)
		return;
	if (!fgets(boot, (int)size, file))
		boot[0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	fclose(file);
}

void reading_begin(struct reading *reading)
{
	*reading = (struct reading) { .time = clock_seconds(CLOCK_REALTIME) };
	read_boot(reading->boot, sizeof(reading->boot));
}

void reading_free(struct reading *reading)
{
	free(reading->samples);
	*reading = (struct reading) { 0 };
}

struct sample *reading_add(struct reading *reading, const char *netns, int cpu)
{
	struct sample *sample;

	sample = reallocarray(reading->samples, reading->n_samples + 1,
			      sizeof(*sample));
	if (!sample)
		return NULL;
	reading->samples = sample;
	sample += reading->n_samples++;
	*sample = (struct sample) {
		.cpu = cpu, .clock = clock_seconds(CLOCK_BOOTTIME),
	};
	snprintf(sample->netns, sizeof(sample->netns), "%s", netns);
	return sample;
}

int reading_copy(struct reading *copy, const struct reading *reading)
{
	*copy = *reading;
	copy->samples = calloc(reading->n_samples + 1, sizeof(*copy->samples));
	if (!copy->samples) {
		copy->n_samples = 0;
		return -1;
	}
	for (size_t i = 0; i < reading->n_samples; i++)
		copy->samples[i] = reading->samples[i];
	return 0;
}

static const struct sample *counterpart(const struct reading *reading,
					const struct sample *sample)
{
	for (size_t i = 0; i < reading->n_samples; i++) {
		const struct sample *other = &reading->samples[i];

		if (other->cpu == sample->cpu &&
		    !strcmp(other->netns, sample->netns))
			return other;
	}
	return NULL;
}

void reading_compare(struct reading *now, const struct reading *before)
{
	for (size_t i = 0; i < now->n_samples; i++) {
		struct sample *sample = &now->samples[i];
		const struct sample *other = counterpart(before, sample);

		if (other && other->since == sample->since &&
		    !figures_rise(&sample->figures, &other->figures,
				     &sample->rise))
			sample->seconds = sample->clock - other->clock;
	}
}

static bool cannot_compare(const struct sample *sample, const char *why)
{
	char cpu[32] = "";

	if (sample->cpu != ALL_CPUS)
		snprintf(cpu, sizeof(cpu), "CPU %d: ", sample->cpu);
	say("%s%s%scannot compare with the baseline: %s", sample->netns,
	    *sample->netns ? ": " : "", cpu, why);
	return false;
}

static bool subtract(struct sample *sample, const struct sample *other)
{
	const struct field *fell;
	struct figures rise;
	char why[128];

	if (!other)
		return cannot_compare(sample, "not in the baseline");
	if (other->since != sample->since)
		return cannot_compare(sample, "counting restarted after the baseline was saved");
	fell = figures_rise(&sample->figures, &other->figures, &rise);
	if (fell) {
		snprintf(why, sizeof(why), "%s is lower than in the baseline",
			 fell->meaning->name);
		return cannot_compare(sample, why);
	}
	sample->figures = rise;
	return true;
}

size_t reading_subtract(struct reading *now, const struct reading *then)
{
	size_t kept = 0, before = now->n_samples;

	for (size_t i = 0; i < before; i++) {
		struct sample *sample = &now->samples[i];

		if (subtract(sample, counterpart(then, sample)))
			now->samples[kept++] = *sample;
	}
	now->n_samples = kept;
	return before - kept;
}

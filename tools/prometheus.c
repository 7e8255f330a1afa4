// SPDX-License-Identifier: GPL-2.0-only
#include "prometheus.h"

void prometheus_head(FILE *out, const char *name, bool counter,
		     const char *help)
{
	fprintf(out, "# HELP %s %s\n", name, help);
	fprintf(out, "# TYPE %s %s\n", name, counter ? "counter" : "gauge");
}

/* Escape the bytes that would end a value. */
void prometheus_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else if (*value == '\n')
			fputs("\\n", out);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

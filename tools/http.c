// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>

#include "command.h"
#include "http.h"

/* A line of a request, and all of it; clients send a few hundred bytes. */
#define LINE_SIZE	2048
#define MOST_LINES	64

static const struct {
	int status;
	const char *text;
} answers[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 503, "Service Unavailable" },
};

/* Without its end. Returns whether there is one, and all of it fits. */
static bool read_line(FILE *in, char line[LINE_SIZE])
{
	size_t length;

	if (!fgets(line, LINE_SIZE, in))
		return false;
	length = strlen(line);
	if (!length || line[length - 1] != '\n')
		return false;
	line[--length] = '\0';
	if (length && line[length - 1] == '\r')
		line[length - 1] = '\0';
	return true;
}

static int judge(char *request)
{
	char *rest = NULL;
	const char *method = strtok_r(request, " ", &rest);
	const char *path = strtok_r(NULL, " ?", &rest);

	if (!method || !path || !strstr(rest, "HTTP/1."))
		return 400;
	if (strcmp(method, "GET") != 0)
		return 405;
	return strcmp(path, "/metrics") != 0 ? 404 : 200;
}

/* To the end of its head, or the client would not hear the answer. */
int http_receive(FILE *in)
{
	char request[LINE_SIZE], line[LINE_SIZE];

	if (!read_line(in, request))
		return 400;
	for (int i = 0; i < MOST_LINES; i++) {
		if (!read_line(in, line))
			return 400;
		if (!*line)
			return judge(request);
	}
	return 400;
}

void http_answer(FILE *out, int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (answers[i].status == status)
			fprintf(out, "HTTP/1.1 %d %s\r\n", status,
				answers[i].text);
	fputs("Connection: close\r\n", out);
	if (status == 200)
		fputs("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n\r\n",
		      out);
	else
		fputs("Content-Length: 0\r\n\r\n", out);
}

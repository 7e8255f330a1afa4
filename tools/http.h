/* SPDX-License-Identifier: GPL-2.0-only */
/* So much of HTTP as it takes to answer one request for metrics, from a socket unit. */
#ifndef HTTP_H
#define HTTP_H

#include <stdio.h>

/* Reads a request. Returns the status to answer with: 200, or what is wrong with it. */
int http_receive(FILE *in);

/* What stands before the figures; with another status than 200, the whole answer. */
void http_answer(FILE *out, int status);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The version of Windows that a program is written for.
 *
 * A program may define NTDDI_VERSION or _WIN32_WINNT before its first include;
 * the other one follows. Without either, Windows 10 is assumed. Below Windows 7
 * the version 1 structures and functions are hidden, and the names without a
 * version (fwpvi.h) mean version 0.
 */
#ifndef FWPUCLNT_SDKDDKVER_H
#define FWPUCLNT_SDKDDKVER_H

#define _WIN32_WINNT_VISTA	0x0600
#define _WIN32_WINNT_WIN6	0x0600
#define _WIN32_WINNT_WS08	0x0600
#define _WIN32_WINNT_LONGHORN	0x0600
#define _WIN32_WINNT_WIN7	0x0601
#define _WIN32_WINNT_WIN8	0x0602
#define _WIN32_WINNT_WINBLUE	0x0603
#define _WIN32_WINNT_WIN10	0x0A00

#define NTDDI_WIN6		0x06000000
#define NTDDI_VISTA		0x06000000
#define NTDDI_LONGHORN		0x06000000
#define NTDDI_VISTASP1		0x06000100
#define NTDDI_WS08		0x06000100
#define NTDDI_WIN7		0x06010000
#define NTDDI_WIN8		0x06020000
#define NTDDI_WINBLUE		0x06030000
#define NTDDI_WIN10		0x0A000000

#if !defined(_WIN32_WINNT) && defined(NTDDI_VERSION)
#define _WIN32_WINNT	((NTDDI_VERSION) >> 16)
#elif !defined(_WIN32_WINNT)
#define _WIN32_WINNT	0x0A00
#endif

#ifndef NTDDI_VERSION
#define NTDDI_VERSION	((_WIN32_WINNT) << 16)
#endif

#ifndef WINVER
#define WINVER		_WIN32_WINNT
#endif

#endif /* FWPUCLNT_SDKDDKVER_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of windows.h that callers of IPsecGetStatistics0 use.
 *
 * Functions that libfwpuclnt does not implement are not declared, so the
 * compiler reports programs that need them.
 */
#ifndef FWPUCLNT_WINDOWS_H
#define FWPUCLNT_WINDOWS_H

#include <poll.h>
#include <string.h>
#include <wchar.h>

#include "windef.h"
#include "winerror.h"
#include "guiddef.h"
#include "rpcdce.h"

/*
 * #pragma comment(lib, "Fwpuclnt.lib") and the like are ignored without a
 * warning.
 */
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

#define RtlZeroMemory(dst, len)		memset((dst), 0, (len))
#define RtlFillMemory(dst, len, fill)	memset((dst), (fill), (len))
#define RtlCopyMemory(dst, src, len)	memcpy((dst), (src), (len))
#define RtlMoveMemory(dst, src, len)	memmove((dst), (src), (len))
#define ZeroMemory			RtlZeroMemory
#define FillMemory			RtlFillMemory
#define CopyMemory			RtlCopyMemory
#define MoveMemory			RtlMoveMemory

#ifndef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(p)	((void)(p))
#endif

#ifndef ARRAYSIZE
#define ARRAYSIZE(a)			(sizeof(a) / sizeof((a)[0]))
#endif
#ifndef _countof
#define _countof			ARRAYSIZE
#endif

/* Combine values of an enumeration as flags, which C allows anyway. */
#ifdef __cplusplus
#define DEFINE_ENUM_FLAG_OPERATORS(type)				\
	inline constexpr type operator|(type a, type b)			\
	{ return static_cast<type>(static_cast<int>(a) | static_cast<int>(b)); } \
	inline constexpr type operator&(type a, type b)			\
	{ return static_cast<type>(static_cast<int>(a) & static_cast<int>(b)); } \
	inline constexpr type operator^(type a, type b)			\
	{ return static_cast<type>(static_cast<int>(a) ^ static_cast<int>(b)); } \
	inline constexpr type operator~(type a)				\
	{ return static_cast<type>(~static_cast<int>(a)); }		\
	inline type &operator|=(type &a, type b) { return a = a | b; }	\
	inline type &operator&=(type &a, type b) { return a = a & b; }	\
	inline type &operator^=(type &a, type b) { return a = a ^ b; }
#else
#define DEFINE_ENUM_FLAG_OPERATORS(type)
#endif

/*
 * Sleep - wait for @milliseconds; INFINITE waits for ever.
 *
 * A signal handler ends the wait early. A Sleep macro of the program is kept.
 */
#ifndef Sleep
static inline void Sleep(DWORD milliseconds)
{
	const DWORD most = 0x7FFFFFFF;

	for (; milliseconds != INFINITE && milliseconds > most;
	     milliseconds -= most)
		poll(NULL, 0, (int)most);
	poll(NULL, 0, (int)milliseconds);
}
#endif

#endif /* FWPUCLNT_WINDOWS_H */

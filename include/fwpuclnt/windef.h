/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Basic types of Windows, with the widths of Windows: DWORD, LONG and BOOL have
 * 32 bits whatever the width of long; UINT64 is aligned to 8 bytes even on
 * i386. Only wchar_t keeps the 4 bytes of Linux, so that L"" literals work with
 * the C library.
 */
#ifndef FWPUCLNT_WINDEF_H
#define FWPUCLNT_WINDEF_H

#include <stddef.h>

#include "sal.h"
#include "sdkddkver.h"

/* Calling conventions are those of the platform. */
#ifndef WINAPI
#define WINAPI
#endif
#ifndef APIENTRY
#define APIENTRY	WINAPI
#endif
#ifndef CALLBACK
#define CALLBACK
#endif
#ifndef __cdecl
#define __cdecl
#endif
#ifndef __stdcall
#define __stdcall
#endif
#ifndef __int64
#define __int64		long long
#endif

#ifdef __cplusplus
#define EXTERN_C	extern "C"
#else
#define EXTERN_C	extern
#endif

#ifndef CONST
#define CONST		const
#endif
#ifndef VOID
#define VOID		void
#endif
/* Annotations of parameters in old code; sal.h has the later ones. */
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef FALSE
#define FALSE		0
#endif
#ifndef TRUE
#define TRUE		1
#endif

/* Without the attribute where it would only cause warnings. */
#ifdef __LP64__
#define FWPUCLNT_ALIGN8
#else
#define FWPUCLNT_ALIGN8	__attribute__((__aligned__(8)))
#endif

typedef signed char	INT8;
typedef short		INT16;
typedef int		INT32;
typedef unsigned char	UINT8;
typedef unsigned short	UINT16;
typedef unsigned int	UINT32;

__extension__ typedef long long INT64 FWPUCLNT_ALIGN8;
__extension__ typedef unsigned long long UINT64 FWPUCLNT_ALIGN8;

typedef char		CHAR;
typedef unsigned char	UCHAR;
typedef short		SHORT;
typedef unsigned short	USHORT;
typedef int		INT;
typedef unsigned int	UINT;
typedef int		LONG;
typedef unsigned int	ULONG;
typedef INT64		LONGLONG;
typedef UINT64		ULONGLONG;
typedef INT64		LONG64;
typedef UINT64		ULONG64;
typedef UINT64		DWORD64;
typedef unsigned char	BYTE;
typedef unsigned short	WORD;
typedef unsigned int	DWORD;
typedef int		BOOL;
typedef unsigned char	BOOLEAN;
typedef wchar_t		WCHAR;
typedef LONG		HRESULT;

/* As wide as a pointer. */
typedef __INTPTR_TYPE__	INT_PTR;
typedef __INTPTR_TYPE__	LONG_PTR;
typedef __UINTPTR_TYPE__ UINT_PTR;
typedef __UINTPTR_TYPE__ ULONG_PTR;
typedef __UINTPTR_TYPE__ DWORD_PTR;
typedef __SIZE_TYPE__	SIZE_T;

typedef void		*PVOID;
typedef void		*LPVOID;
typedef const void	*LPCVOID;
typedef char		*PSTR;
typedef char		*LPSTR;
typedef const char	*PCSTR;
typedef const char	*LPCSTR;
typedef WCHAR		*PWSTR;
typedef WCHAR		*LPWSTR;
typedef const WCHAR	*PCWSTR;
typedef const WCHAR	*LPCWSTR;
typedef BYTE		*PBYTE;
typedef DWORD		*PDWORD;
typedef DWORD		*LPDWORD;
typedef UINT32		*PUINT32;
typedef UINT64		*PUINT64;
typedef BOOL		*PBOOL;

/* Opaque; not a pointer to memory. */
typedef void		*HANDLE;
typedef HANDLE		*PHANDLE;

#define INVALID_HANDLE_VALUE	((HANDLE)(LONG_PTR)-1)
#define INFINITE		0xFFFFFFFF

/* Security identifiers are not interpreted here. */
typedef struct _SID	SID;
typedef void		*PSID;

#endif /* FWPUCLNT_WINDEF_H */

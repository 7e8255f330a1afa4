/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GUID. DEFINE_GUID declares a constant, or defines it once INITGUID is set;
 * that part is read again on each include, as initguid.h needs it.
 */
#ifndef FWPUCLNT_GUIDDEF_H
#define FWPUCLNT_GUIDDEF_H

#include <string.h>

#include "windef.h"

typedef struct _GUID {
	UINT32 Data1;
	UINT16 Data2;
	UINT16 Data3;
	UINT8 Data4[8];
} GUID;

typedef GUID *LPGUID;
typedef const GUID *LPCGUID;

#ifdef __cplusplus
#define REFGUID		const GUID &

inline bool IsEqualGUID(REFGUID a, REFGUID b)
{
	return !memcmp(&a, &b, sizeof(GUID));
}

inline bool operator==(REFGUID a, REFGUID b)
{
	return IsEqualGUID(a, b);
}

inline bool operator!=(REFGUID a, REFGUID b)
{
	return !IsEqualGUID(a, b);
}
#else
#define REFGUID		const GUID *
#define IsEqualGUID(a, b)	(!memcmp((a), (b), sizeof(GUID)))
#endif

#endif /* FWPUCLNT_GUIDDEF_H */

#undef DEFINE_GUID
#ifdef INITGUID
/* Weak, so that several files of a program may define the same one. */
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)	\
	EXTERN_C const GUID name __attribute__((__weak__));		\
	const GUID name = { l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)	\
	EXTERN_C const GUID name
#endif

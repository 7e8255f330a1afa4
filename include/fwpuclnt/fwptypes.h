/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types that all of the Windows Filtering Platform shares. */
#ifndef FWPUCLNT_FWPTYPES_H
#define FWPUCLNT_FWPTYPES_H

#include "windows.h"

/**
 * struct FWPM_DISPLAY_DATA0 - name and description of an object
 * @name: its name, or NULL
 * @description: its description, or NULL
 *
 * Ignored on Linux.
 */
typedef struct FWPM_DISPLAY_DATA0_ {
	wchar_t *name;
	wchar_t *description;
} FWPM_DISPLAY_DATA0;

/* Which member of a FWP_VALUE0 is in use. */
typedef enum FWP_DATA_TYPE_ {
	FWP_EMPTY = 0,
	FWP_UINT8 = 1,
	FWP_UINT16 = 2,
	FWP_UINT32 = 3,
	FWP_UINT64 = 4,
	FWP_INT8 = 5,
	FWP_INT16 = 6,
	FWP_INT32 = 7,
	FWP_INT64 = 8,
	FWP_FLOAT = 9,
	FWP_DOUBLE = 10,
	FWP_BYTE_ARRAY16_TYPE = 11,
	FWP_BYTE_BLOB_TYPE = 12,
	FWP_SID = 13,
	FWP_SECURITY_DESCRIPTOR_TYPE = 14,
	FWP_TOKEN_INFORMATION_TYPE = 15,
	FWP_TOKEN_ACCESS_INFORMATION_TYPE = 16,
	FWP_UNICODE_STRING_TYPE = 17,
	FWP_BYTE_ARRAY6_TYPE = 18,
	FWP_SINGLE_DATA_TYPE_MAX = 0xff,
	FWP_V4_ADDR_MASK = 0x100,
	FWP_V6_ADDR_MASK = 0x101,
	FWP_RANGE_TYPE = 0x102,
	FWP_DATA_TYPE_MAX = 0x103
} FWP_DATA_TYPE;

/**
 * struct FWP_BYTE_ARRAY6 - six bytes, an Ethernet address for example
 * @byteArray6: the bytes
 */
typedef struct FWP_BYTE_ARRAY6_ {
	UINT8 byteArray6[6];
} FWP_BYTE_ARRAY6;

/**
 * struct FWP_BYTE_ARRAY16 - sixteen bytes, an IPv6 address for example
 * @byteArray16: the bytes
 */
typedef struct FWP_BYTE_ARRAY16_ {
	UINT8 byteArray16[16];
} FWP_BYTE_ARRAY16;

/**
 * struct FWP_BYTE_BLOB - any number of bytes
 * @size: how many
 * @data: the bytes
 */
typedef struct FWP_BYTE_BLOB_ {
	UINT32 size;
	UINT8 *data;
} FWP_BYTE_BLOB;

/* Access tokens of Windows; an incomplete type. */
typedef struct FWP_TOKEN_INFORMATION_ FWP_TOKEN_INFORMATION;

/**
 * struct FWP_VALUE0 - a value and its type
 * @type: the member in use
 * @uint8: FWP_UINT8
 * @uint16: FWP_UINT16
 * @uint32: FWP_UINT32
 * @uint64: FWP_UINT64
 * @int8: FWP_INT8
 * @int16: FWP_INT16
 * @int32: FWP_INT32
 * @int64: FWP_INT64
 * @float32: FWP_FLOAT
 * @double64: FWP_DOUBLE
 * @byteArray16: FWP_BYTE_ARRAY16_TYPE
 * @byteBlob: FWP_BYTE_BLOB_TYPE
 * @sid: FWP_SID
 * @sd: FWP_SECURITY_DESCRIPTOR_TYPE
 * @tokenInformation: FWP_TOKEN_INFORMATION_TYPE
 * @tokenAccessInformation: FWP_TOKEN_ACCESS_INFORMATION_TYPE
 * @unicodeString: FWP_UNICODE_STRING_TYPE
 * @byteArray6: FWP_BYTE_ARRAY6_TYPE
 *
 * This library returns FWP_UINT32 only.
 */
typedef struct FWP_VALUE0_ {
	FWP_DATA_TYPE type;
	__extension__ union {
		UINT8 uint8;
		UINT16 uint16;
		UINT32 uint32;
		UINT64 *uint64;
		INT8 int8;
		INT16 int16;
		INT32 int32;
		INT64 *int64;
		float float32;
		double *double64;
		FWP_BYTE_ARRAY16 *byteArray16;
		FWP_BYTE_BLOB *byteBlob;
		SID *sid;
		FWP_BYTE_BLOB *sd;
		FWP_TOKEN_INFORMATION *tokenInformation;
		FWP_BYTE_BLOB *tokenAccessInformation;
		LPWSTR unicodeString;
		FWP_BYTE_ARRAY6 *byteArray6;
	};
} FWP_VALUE0;

#endif /* FWPUCLNT_FWPTYPES_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of RPC that FwpmEngineOpen0 takes. */
#ifndef FWPUCLNT_RPCDCE_H
#define FWPUCLNT_RPCDCE_H

#include "windef.h"

typedef LONG RPC_STATUS;

/*
 * The two services that FwpmEngineOpen0 accepts. On Linux both mean the calling
 * process.
 */
#define RPC_C_AUTHN_WINNT	10
#define RPC_C_AUTHN_DEFAULT	0xFFFFFFFF

#define SEC_WINNT_AUTH_IDENTITY_ANSI	0x1
#define SEC_WINNT_AUTH_IDENTITY_UNICODE	0x2

/*
 * Credentials other than those of the caller. Declared only for the prototype:
 * FwpmEngineOpen0 returns RPC_S_CANNOT_SUPPORT for anything but NULL.
 */
typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
	unsigned short *User;
	UINT32 UserLength;
	unsigned short *Domain;
	UINT32 DomainLength;
	unsigned short *Password;
	UINT32 PasswordLength;
	UINT32 Flags;
} SEC_WINNT_AUTH_IDENTITY_W, *PSEC_WINNT_AUTH_IDENTITY_W;

#endif /* FWPUCLNT_RPCDCE_H */

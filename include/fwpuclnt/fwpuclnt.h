/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libfwpuclnt offers beyond Windows' own names. A program that is to
 * compile for Windows too does without this header.
 */
#ifndef FWPUCLNT_FWPUCLNT_H
#define FWPUCLNT_FWPUCLNT_H

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * FwpuclntErrorName - the name of a code in winerror.h
 * @code: what a function of the library returned
 *
 * Return: "FWP_E_TIMEOUT" and the like, "unknown code" where there is no name.
 * Never NULL, never to be freed, in ASCII.
 */
const char *FwpuclntErrorName(DWORD code);

/**
 * FwpuclntErrorText - what a code means, and what to do about it
 * @code: what a function of the library returned
 *
 * Return: one English phrase in ASCII without a full stop at the end. For a
 * code that this library never returns, the same as FwpuclntErrorName().
 */
const char *FwpuclntErrorText(DWORD code);

#ifdef __cplusplus
}
#endif

#endif /* FWPUCLNT_FWPUCLNT_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source annotations of Windows. All are empty, as no compiler on Linux reads
 * them.
 *
 * The older lower-case annotations are for C only: the C++ library uses some of
 * these names.
 */
#ifndef FWPUCLNT_SAL_H
#define FWPUCLNT_SAL_H

#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_reads_(n)
#define _In_reads_opt_(n)
#define _In_reads_bytes_(n)
#define _In_reads_bytes_opt_(n)
#define _Inout_
#define _Inout_opt_
#define _Out_
#define _Out_opt_
#define _Out_writes_(n)
#define _Out_writes_opt_(n)
#define _Out_writes_bytes_(n)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Deref_out_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Check_return_
#define _Must_inspect_result_
#define _Success_(expr)
#define _Use_decl_annotations_
#define _Reserved_

#ifndef __cplusplus
#define __in
#define __in_opt
#define __in_ecount(n)
#define __in_ecount_opt(n)
#define __in_bcount(n)
#define __in_bcount_opt(n)
#define __out
#define __out_opt
#define __out_ecount(n)
#define __out_ecount_opt(n)
#define __out_bcount(n)
#define __inout
#define __inout_opt
#define __deref_out
#define __deref_out_opt
#define __deref_out_ecount(n)
/* The C library of arm64 has a member of that name, in <signal.h>. */
#ifndef __aarch64__
#define __reserved
#endif
#define __checkReturn
#endif

#endif /* FWPUCLNT_SAL_H */

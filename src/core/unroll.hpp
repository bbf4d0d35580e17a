#pragma once

/// Before a loop with a constant trip count whose body indexes an array of vectors: only when fully
/// unrolled does such an array live in registers.
#if defined(__clang__)
#define QHN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define QHN_UNROLL _Pragma("GCC unroll 16")
#endif

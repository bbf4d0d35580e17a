#pragma once

/// Place before a loop with a constant iteration count whose body indexes an array of vectors: the
/// compiler keeps such an array in registers only if the loop is fully unrolled.
#if defined(__clang__)
#define QHN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define QHN_UNROLL _Pragma("GCC unroll 16")
#endif

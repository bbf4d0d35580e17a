#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

#include "core/types.hpp"

namespace qhn {

// How an exchange between ranks divides a part of 2^local_qubits amplitudes with planes of type T:
// in chunks that are sent and received one after the other.

inline constexpr std::size_t exchange_chunks_in_flight = 2;
/// Upper limit: two chunks of both ranks fit a cache.
inline constexpr std::size_t exchange_chunk_bytes = std::size_t{1} << 18;

/// Elements of one chunk.
template <class T>
Index exchange_chunk(int local_qubits) {
  const Index state = 2 * dimension(local_qubits);
  return std::clamp<Index>(state / (16 * 2 * exchange_chunks_in_flight), 1,
                           exchange_chunk_bytes / sizeof(T));
}

/// Number of slots that may lie within a chunk while `swapped` slots are swapped.
template <class T>
int exchange_chunk_bits(int local_qubits, int swapped) {
  return std::min(std::countr_zero(exchange_chunk<T>(local_qubits)), local_qubits - swapped);
}

/// Bytes of the buffers of one rank: chunks sent and chunks received.
template <class T>
std::size_t exchange_buffer_bytes(int local_qubits) {
  return 2 * exchange_chunks_in_flight * exchange_chunk<T>(local_qubits) * sizeof(T);
}

}  // namespace qhn

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/types.hpp"
#include "problem/data.hpp"
#include "problem/network.hpp"
#include "problem/sample_memory.hpp"

namespace qhn {

/// The bits of one hidden unit: its W1 column (input 0 the most significant), then b1, then w2.
/// There are 2^(inputs + 2) patterns. The hidden units of a network are interchangeable.
using UnitPattern = Index;

/// Networks of `active` units each whose losses are computed together.
struct UnitChunk {
  const UnitPattern* patterns;  ///< the distinct ones in ascending order
  std::size_t pattern_count;
  const std::uint32_t* units;  ///< [network][unit]: position in `patterns`
  std::size_t networks;
};

/// Sums of squared errors over a data set, for networks given by the patterns of their units.
class UnitLosses {
 public:
  virtual ~UnitLosses() = default;
  /// Recommended number of networks per chunk: more networks share more patterns.
  virtual std::size_t chunk_networks() const = 0;
  /// Bytes of scratch memory (64-byte aligned) for a chunk.
  virtual std::size_t workspace() const = 0;
  /// Writes out[network][b2 bit] for the whole chunk. A loss depends on its network alone, not on
  /// the chunk.
  virtual void losses(const UnitChunk& chunk, std::byte* workspace, double* out) const = 0;
};

/// Any activation: tables of unit outputs per sample.
std::unique_ptr<UnitLosses> make_smooth_units(const FixedNetwork& network, const DataSet& data,
                                              SampleMemory& memory);

/// Sign activation: counts bits packed over samples. For 1 to max_sign_units units.
inline constexpr int max_sign_units = 8;
std::unique_ptr<UnitLosses> make_sign_units(const FixedNetwork& network, const DataSet& data,
                                            SampleMemory& memory);

}  // namespace qhn

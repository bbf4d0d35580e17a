#pragma once

#include <Random123/philox.h>

#include <cstdint>

namespace qhn {

/// Purposes of random numbers; no two purposes share a stream.
enum class Stream : std::uint32_t {
  restart_angles = 1,
  training_data = 2,
  test_data = 3,
  shots = 4,
  baseline = 5,
  synthetic = 6,
  tuning = 7,
  training_shots = 8,
  bootstrap = 9,
  split = 10
};

/// Counter-based generator (Philox 4x32-10). (seed, purpose, index) selects the stream; its k-th
/// number is the same on every machine, rank and thread.
class CounterRng {
 public:
  /// 64 random bits per call; a UniformRandomBitGenerator.
  using result_type = std::uint64_t;

  CounterRng(std::uint64_t seed, Stream purpose, std::uint64_t index)
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
        counter_{{0, static_cast<std::uint32_t>(purpose), static_cast<std::uint32_t>(index),
                  static_cast<std::uint32_t>(index >> 32)}} {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }

  result_type operator()() {
    if (left_ == 0) {
      block_ = philox_(counter_, key_);
      ++counter_[0];
      left_ = 2;
    }
    --left_;
    const int k = 2 * left_;
    return (std::uint64_t{block_[k + 1]} << 32) | block_[k];
  }

  /// The same stream from its k-th number on. Requires k < 2^33, the period of a stream.
  CounterRng from(std::uint64_t k) const {
    CounterRng rng = *this;
    rng.counter_[0] = static_cast<std::uint32_t>(k / 2);
    rng.left_ = 0;
    if (k % 2 == 1) rng();
    return rng;
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

 private:
  using Philox = r123::Philox4x32;
  Philox philox_;
  Philox::key_type key_;
  Philox::ctr_type counter_;
  Philox::ctr_type block_{};
  int left_ = 0;
};

}  // namespace qhn

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qhn {

/// The numbers 0 … size − 1 in a random order drawn by `seed` (Stream::split): the same on every
/// machine, and random however the file was sorted.
std::vector<std::size_t> shuffled(std::size_t size, std::uint64_t seed);

/// Chooses `count` of the samples in `order`, with the label shares of `order` (largest
/// remainders): of each label the first in `order`. Ascending.
std::vector<std::size_t> stratified(std::span<const std::uint8_t> labels,
                                    std::span<const std::size_t> order, std::size_t count);

}  // namespace qhn

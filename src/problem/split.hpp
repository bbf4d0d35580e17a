#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qhn {

/// The numbers 0 … size − 1 in an order that `seed` names (Stream::split): the same on every
/// machine, and what is true of it does not depend on how the file was sorted.
std::vector<std::size_t> shuffled(std::size_t size, std::uint64_t seed);

/// `count` of the samples in `order`, with the shares of the two labels that `order` has (largest
/// remainders), of each label the first in `order`. Ascending.
std::vector<std::size_t> stratified(std::span<const std::uint8_t> labels,
                                    std::span<const std::size_t> order, std::size_t count);

}  // namespace qhn

#include "comm/distributed_wht.hpp"

#include <bit>
#include <string>

#include "comm/exchange.hpp"
#include "core/error.hpp"
#include "core/wht.hpp"

namespace qhn {

void walsh_hadamard(const Ranks& ranks, std::span<double> part) {
  if (ranks.size() == 1) return walsh_hadamard(part);
  const int bits = std::countr_zero(static_cast<unsigned>(ranks.size()));
  const int local = std::countr_zero(part.size());
  if (!std::has_single_bit(part.size()) || local < bits)
    throw InputError("a transform over " + std::to_string(ranks.size()) +
                     " ranks needs parts of 2^k entries, at least as many as ranks, not " +
                     std::to_string(part.size()));
  // Swap the rank bits with the highest local bits and transform those. Their butterflies act on
  // contiguous blocks; those of the lowest bits would be strided.
  RankExchange swap;
  for (int i = 0; i < bits; ++i) swap.slots.push_back(local - bits + i);
  swap.kept = static_cast<Index>(ranks.rank());
  for (int d = 0; d < ranks.size(); ++d) swap.peer.push_back(ranks.rank() ^ d);
  Exchanger<double> exchanger(ranks, local, 1);

  walsh_hadamard(part);
  exchanger.run(swap, {part.data()});
  for (int slot = local - bits; slot < local; ++slot) {
    const Index half = dimension(slot);
    for (Index base = 0; base < part.size(); base += 2 * half)
      for (Index x = base; x < base + half; ++x) {
        const double a = part[x], b = part[x + half];
        part[x] = a + b;
        part[x + half] = a - b;
      }
  }
  exchanger.run(swap, {part.data()});
}

}  // namespace qhn

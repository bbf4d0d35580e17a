#include "problem/split.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/random.hpp"

namespace qhn {

std::vector<std::size_t> shuffled(std::size_t size, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::size_t>> keys(size);
  for (std::size_t i = 0; i < size; ++i) keys[i] = {CounterRng(seed, Stream::split, i)(), i};
  std::sort(keys.begin(), keys.end());
  std::vector<std::size_t> order(size);
  std::transform(keys.begin(), keys.end(), order.begin(),
                 [](const auto& key) { return key.second; });
  return order;
}

std::vector<std::size_t> stratified(std::span<const std::uint8_t> labels,
                                    std::span<const std::size_t> order, std::size_t count) {
  std::size_t of_class[2] = {};
  for (const std::size_t i : order) ++of_class[labels[i]];
  // Shares of `count` rounded down; a missing sample goes to the larger remainder.
  std::size_t take[2], rest[2];
  for (int label : {0, 1}) {
    take[label] = of_class[label] * count / order.size();
    rest[label] = of_class[label] * count % order.size();
  }
  if (take[0] + take[1] < count) ++take[rest[1] > rest[0]];
  std::vector<std::size_t> chosen;
  chosen.reserve(count);
  for (const std::size_t i : order)
    if (take[labels[i]] > 0) {
      --take[labels[i]];
      chosen.push_back(i);
    }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace qhn

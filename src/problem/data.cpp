#include "problem/data.hpp"

#include <algorithm>
#include <vector>

#include "core/sha256.hpp"

namespace qhn {

std::string sha256(const DataSet& data) {
  Sha256 hash;
  hash.add(data.features);
  std::vector<double> part;  // in parts, to bound the memory
  for (std::size_t first = 0; first < data.size(); first += part.size()) {
    const auto begin = data.labels.begin() + static_cast<std::ptrdiff_t>(first);
    part.assign(begin, begin + static_cast<std::ptrdiff_t>(
                                   std::min<std::size_t>(data.size() - first, 1 << 16)));
    hash.add(part);
  }
  return hash.hex();
}

}  // namespace qhn

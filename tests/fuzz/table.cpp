// A cost table: text, .npy or HDF5, as its first bytes say.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "input_file.hpp"
#include "problem/table_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static qhn::InputFile file;
  static const std::string& path = file.path();
  file.write(data, size);
  qhn::run_input([&] {
    const qhn::TableFile table(path);
    std::vector<double> costs(std::min<qhn::Index>(table.size(), 1 << 12));
    table.read(0, costs);
    for (const double cost : costs)
      if (!std::isfinite(cost)) std::abort();
    table.read(table.size() - 1, std::span(costs).first(1));
  });
  return 0;
}
